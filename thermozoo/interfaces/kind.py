"""What the rest of thermozoo knows of a kind of plugin: its interface declares it, once, in its class statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import attrs

__all__ = ["DT", "KT", "MOBILITY", "Declaration", "Quantity", "Request"]


@attrs.frozen
class Quantity:
    """A quantity whose symbol the formulas of a kind are called with.

    Parameters
    ----------
    name : str
        What formulas and generated code call it.
    doc : str
        What it is, in a few words.
    sign : str
        What is known of its value: ``"real"``, ``"nonnegative"`` or ``"positive"``.
    latex : str
        How it is written in equations; the name unless given.
    """

    name: str
    doc: str
    sign: Literal["real", "nonnegative", "positive"] = "real"
    latex: str = ""


@attrs.frozen
class Request:
    """A method of the symbols: each call returns a new one, ``force_0``, ``force_1`` and so on.

    Parameters
    ----------
    name : str
        What formulas call it.
    doc : str
        What a call returns, in a few words.
    latex : str
        How what it returns is written, without its number.
    at : bool
        Whether it is called with an expression: where the number is wanted.
    """

    name: str
    doc: str
    latex: str
    at: bool = False


#: What the formulas of several kinds are called with.
DT = Quantity("dt", "time step", "positive", r"\Delta t")
MOBILITY = Quantity("mobility", "mobility", "positive", r"\mu")
KT = Quantity("kT", "temperature times Boltzmann's constant", "positive", "k_BT")


def _names(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


def _from_others(value: Callable[[Any], Any]) -> Any:
    return attrs.Factory(value, takes_self=True)


@attrs.frozen(kw_only=True)
class Declaration:
    """The declaration of a kind of plugin.

    Parameters
    ----------
    name : str
        The kind, as commands and messages call it.
    formula : str or tuple of str
        The method that an author writes; of several, any.
    symbols : tuple of Quantity
        What that method is called with, where it returns an expression; none: it is no formula of symbols.
    requests : tuple of Request
        What it may ask for beside them.
    together : bool
        Whether it is called with all of them in one object; else with one argument each.
    written : str
        The left side of its equation where nothing else is derived from it; the method's name unless given.
    plural : str
        Its hook is ``thermozoo_`` and this word.
    title : str
        Heading of a list of them.
    table : str
        Path of the table of a config that names one, at the top or inside ``computer``; empty: no config names one.
    key : str
        The key that names it there.
    equation : bool
        Whether the docstring of a plugin states an equation.
    claims : mapping of str to str
        Attributes with which an author claims what the verification suite checks, and what they say.
    checks : tuple of str
        Modules of ``thermozoo.testing.checks`` in the order in which they run; one of the kind's name unless given.
    """

    name: str
    formula: tuple[str, ...] = attrs.field(converter=_names)
    symbols: tuple[Quantity, ...] = ()
    requests: tuple[Request, ...] = ()
    together: bool = False
    written: str = _from_others(lambda kind: kind.formula[0])
    plural: str = _from_others(lambda kind: f"{kind.name}s")
    title: str = _from_others(lambda kind: kind.plural.capitalize())
    table: str = ""
    key: str = "plugin"
    equation: bool = True
    claims: Mapping[str, str] = MappingProxyType({})
    checks: tuple[str, ...] = _from_others(lambda kind: (kind.name,))

    @property
    def hook(self) -> str:
        """Name of the hook that registers plugins of this kind."""
        return f"thermozoo_{self.plural}"
