"""A formula in symbols: the numbers put for them, and what is kept of it for all numbers."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import attrs
import numpy as np
import numpy.typing as npt
import sympy

from thermozoo.interfaces.plugin import Plugin
from thermozoo.interfaces.tree import folded
from thermozoo.parameters import parameters_of
from thermozoo.symbolic.codegen import array_function

__all__ = ["Bound", "Formula", "cached_by_formula", "formula_key"]

Given = TypeVar("Given", bound=Plugin)
Derived = TypeVar("Derived")


@attrs.frozen
class Formula:
    """What a plugin's formula is written in; each kind names its other symbols beside these.

    Parameters
    ----------
    parameters : dict of str to Symbol
        Symbols of the plugin's own parameters, by their (dotted) names.
    """

    parameters: dict[str, sympy.Symbol]

    def bind(self, values: Mapping[str, Any], **constants: Any) -> Bound:
        """Put numbers for symbols.

        Parameters
        ----------
        values : dict of str to float or ndarray
            Of the plugin's parameters, by dotted name: a number, or one value per unit.
        **constants
            Of other symbols, by the name that the formula has for them: ``dt=0.01``.
        """
        numbers = {getattr(self, name): value for name, value in constants.items()}
        return Bound(numbers | {symbol: values[name] for name, symbol in self.parameters.items()})


@attrs.frozen(eq=False)
class Bound:
    """Symbols with their numbers.

    Parameters
    ----------
    numbers : dict of Symbol to float or ndarray
        The numbers; arrays broadcast.
    """

    numbers: dict[sympy.Symbol, Any]

    def function(
        self,
        name: str,
        arguments: Sequence[sympy.Symbol],
        *expressions: sympy.Expr,
        variable: sympy.Symbol | None = None,
    ) -> Callable[..., tuple[npt.NDArray[np.floating[Any]], ...]]:
        """Return expressions as a NumPy function of the symbols that have no number.

        See `thermozoo.symbolic.codegen.array_function`: it returns one array for each expression, of the data type of
        the first argument.
        """
        code = array_function(name, [*arguments, *self.numbers], expressions, variable)
        numbers = tuple(self.numbers.values())
        return lambda *given: code(*given, *numbers)


def formula_key(plugin: Plugin) -> tuple[Any, ...]:
    """Return what fixes a plugin's formula: its class and its settings, but no parameter value."""
    key: tuple[Any, ...] = folded(plugin, _key, _written_out)
    return key


def _key(plugin: Plugin, fields: list[tuple[Any, Any]]) -> tuple[Any, ...]:
    names = {p.name for p in parameters_of(plugin)}
    return (type(plugin), *((field.name, value) for field, value in fields if field.name not in names))


def _written_out(value: Any) -> str:
    """Return a setting as text; arrays in it with every entry and every digit."""
    with np.printoptions(threshold=sys.maxsize, floatmode="unique", precision=None):
        return repr(value)


class _Keyed:
    """A plugin that compares by its formula."""

    def __init__(self, plugin: Any) -> None:
        self.plugin = plugin
        self.key = formula_key(plugin)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def cached_by_formula(most: int) -> Callable[[Callable[[Given], Derived]], Callable[[Given], Derived]]:
    """Keep the latest results of a function of a plugin that does not depend on the plugin's parameter values."""

    def decorate(derive: Callable[[Given], Derived]) -> Callable[[Given], Derived]:
        @functools.lru_cache(maxsize=most)
        def cached(keyed: _Keyed) -> Derived:
            return derive(keyed.plugin)

        return functools.wraps(derive)(lambda plugin: cached(_Keyed(plugin)))

    return decorate
