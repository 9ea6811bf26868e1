"""What all kinds of plugins share: a kind, a name, and the rule that a class is abstract or final."""

from __future__ import annotations

import abc
import inspect
from typing import Any, ClassVar

from thermozoo.errors import SpeciesError

__all__ = ["Plugin"]


class Plugin(abc.ABC):
    """Base of the plugin interfaces. Authors inherit from one of the interfaces, never from this class.

    Attributes
    ----------
    kind : str
        The kind of the interface (``"potential"``, ...).
    name : str
        The name that users type: lower-case letters, digits and hyphens.
    """

    __slots__ = ()

    kind: ClassVar[str]
    name: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a subclass of a species: to vary one, hold it as a field and wrap it."""
        super().__init_subclass__(**kwargs)
        for base in cls.__bases__:
            if issubclass(base, Plugin) and "kind" not in vars(base) and not inspect.isabstract(base):
                if base is Plugin:
                    continue
                raise SpeciesError(
                    f"{cls.__qualname__} subclasses the species {base.__qualname__}: a plugin class is abstract or "
                    f"final. Inherit from the interface ({base.kind.capitalize()}) and hold a {base.__qualname__} "
                    "as a field instead."
                )
