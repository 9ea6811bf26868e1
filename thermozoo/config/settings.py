"""The declaration of one key of a config."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["LARGEST", "SMALLEST", "Setting", "positive", "setting", "settings_of"]

#: Between these lie all numbers above zero, and below the larger one the modulus of all others: products of two, as a
#: step or a figure of a report forms them, neither overflow nor vanish, and each alone fits single precision.
SMALLEST, LARGEST = 1e-30, 1e30

_KEY = "thermozoo.setting"


@attrs.frozen
class Setting:
    """The declaration of one key.

    Parameters
    ----------
    name : str
        Key.
    type : Any
        Python type that a value is structured to.
    default : Any
        Default value; None means that the key may be absent.
    doc : str
        One sentence.
    above, at_least : float or None
        Lower bounds.
    below, at_most : float or None
        Upper bounds.
    choices : tuple of str
        Valid values, if they can be listed.
    methods : tuple of str
        The methods of training that use it, if not all do.
    """

    name: str
    type: Any
    default: Any
    doc: str
    above: float | None = None
    at_least: float | None = None
    below: float | None = None
    at_most: float | None = None
    choices: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


def setting(type: Any, default: Any, doc: str, **declared: Any) -> Any:
    """Declare one key of a table; see `Setting` for its bounds, choices and methods."""
    raw = {"type": type, "doc": doc, **declared}
    factory = attrs.Factory(default) if callable(default) else default
    return attrs.field(default=factory, metadata={_KEY: raw})


def positive(default: float | None, doc: str, **declared: Any) -> Any:
    """Declare a key that is a number above zero of a size that can be reckoned with."""
    return setting(float, default, doc, above=0, at_least=SMALLEST, at_most=LARGEST, **declared)


def settings_of(table: type[Any]) -> dict[str, Setting]:
    """Return the declared keys of a table class, in order."""
    found = {}
    for field in attrs.fields(table):
        if _KEY in field.metadata:
            default = field.default.factory() if isinstance(field.default, attrs.Factory) else field.default  # type: ignore[arg-type]
            found[field.name] = Setting(name=field.name, default=default, **field.metadata[_KEY])
    return found
