"""What all kinds of plugins share: a kind, a name, and the rule that a class is abstract or final."""

from __future__ import annotations

import abc
import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from thermozoo.errors import PluginClassError
from thermozoo.interfaces.kind import Declaration, Quantity
from thermozoo.interfaces.plain_constraints import hold_plainly

__all__ = ["INTERFACES", "Plugin"]


class Plugin(abc.ABC):
    """Base of the plugin interfaces. Authors inherit from one of the interfaces, never from this class.

    Attributes
    ----------
    kind : str
        The kind of the interface (``"potential"``, ...).
    declared : Declaration
        What the interface declares of its kind in its class statement.
    name : str
        The name that users type: lower-case letters, digits and hyphens.
    """

    __slots__ = ()

    kind: ClassVar[str]
    declared: ClassVar[Declaration]
    name: ClassVar[str]

    def __init_subclass__(cls, kind: str = "", **declared: Any) -> None:
        """Register an interface, which states its kind; refuse a subclass of a plugin class: a field may hold it."""
        super().__init_subclass__()
        if kind:
            cls.kind, cls.declared = kind, Declaration(name=kind, **declared)
            for other in INTERFACES.values():
                for what in ("name", "hook", "table"):
                    mine = getattr(cls.declared, what)
                    if mine and mine == getattr(other.declared, what):
                        raise PluginClassError(
                            f"{cls.__qualname__} declares the {what} {mine!r} of {other.__qualname__}: choose another"
                        )
            INTERFACES[kind] = cls
        for base in cls.__bases__:
            if issubclass(base, Plugin) and "kind" not in vars(base) and not inspect.isabstract(base):
                if base is Plugin:
                    continue
                raise PluginClassError(
                    f"{cls.__qualname__} subclasses the plugin class {base.__qualname__}: a class is abstract or "
                    f"final. Inherit from the interface ({INTERFACES[base.kind].__name__}) and hold a "
                    f"{base.__qualname__} as a field instead."
                )
        # attrs calls one method after it has made an instance, and an author may need it as well
        own = vars(cls).get("__attrs_post_init__")
        if own is not None and not hasattr(own, "__wrapped__"):
            cls.__attrs_post_init__ = _and_constraints(own)  # type: ignore[assignment,method-assign]

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        """Refuse a class whose constraints cannot be read, or whose defaults break them."""
        if cls.constraints is Plugin.constraints or inspect.isabstract(cls) or hold_plainly(cls):
            return
        from thermozoo.constraints import check_class

        check_class(cls)

    def __attrs_post_init__(self) -> None:
        """Refuse parameters that break the constraints."""
        if type(self).constraints is not Plugin.constraints:
            from thermozoo.constraints import check_constraints

            check_constraints(self)

    @classmethod
    def quantities(cls) -> tuple[Quantity, ...]:
        """Return the quantities whose symbols the formula is called with: those that the kind declares."""
        return cls.declared.symbols

    @classmethod
    def formula_name(cls) -> str:
        """Return the method that is its formula: the one its kind declares, of several the one that it has."""
        return cls.declared.formula[0]

    @classmethod
    def check_modules(cls) -> tuple[str, ...]:
        """Return the modules of checks that are about it: all of its kind, unless its interface knows better."""
        return cls.declared.checks

    @classmethod
    def results(cls) -> tuple[str, ...]:
        """Return the names of what the formula returns, where it may return several expressions as a mapping."""
        return ()

    def constraints(self) -> Any:
        """Return the relations of its parameters that must hold, such as ``[abs(self.f) < self.k * self.w]``; optional.

        Called like a formula, with a sympy symbol for each parameter: comparisons with <, <=, > and >=, `sympy.Ne`,
        joined by ``&`` and ``|``. All of them must hold, for each unit where a parameter has one value per unit. A
        bound of one parameter belongs to its declaration.

        Raises
        ------
        ConstraintError
            Not by this method, but by the class when parameters are given that break a relation.
        """
        return ()


#: The interface of each kind, in the order in which kinds are listed everywhere: that of their class statements.
INTERFACES: dict[str, type[Plugin]] = {}


def _and_constraints(author: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return what an author does after an instance is made, followed by the check of the constraints."""

    @functools.wraps(author)
    def then_check(self: Any) -> None:
        author(self)
        Plugin.__attrs_post_init__(self)

    return then_check
