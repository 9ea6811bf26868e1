"""One relation of parameters: its text, its truth for numbers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import sympy
from sympy.core.relational import Relational
from sympy.printing.str import StrPrinter

__all__ = ["Constraint"]

Array = npt.NDArray[np.float64]

#: Relative difference of two sides that are equal up to the rounding of a few operations.
_ROUNDING = 8 * float(np.finfo(np.float64).eps)


@attrs.frozen
class Constraint:
    """One relation that parameters must satisfy.

    Parameters
    ----------
    owner : str
        Name of the plugin that states it.
    relation : Boolean
        The relation in symbols, without negations.
    symbols : dict of str to Symbol
        Symbol of each parameter that takes part, by its (dotted) name.
    """

    owner: str
    relation: Any
    symbols: dict[str, Any] = attrs.field(hash=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Dotted names of the parameters that take part, in the order of their declaration."""
        return tuple(self.symbols)

    @property
    def text(self) -> str:
        """The relation with the names of its parameters, as ``|f| < k*w``."""
        return str(_Text({symbol: name for name, symbol in self.symbols.items()}).doprint(self.relation))

    def with_numbers(self, values: Mapping[str, float]) -> str:
        """Return the relation with numbers in the place of parameters, as ``|3| < 1*1``."""
        numbers = {symbol: _short(values[name]) for name, symbol in self.symbols.items()}
        return str(_Text(numbers).doprint(self.relation))

    def holds(self, values: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
        """Return whether it holds, one value a unit where a parameter has one; never where a side is no number.

        Sides that differ by rounding only are equal.

        Parameters
        ----------
        values : mapping
            Number, or array of one value per unit, of every parameter by dotted name.
        """
        with np.errstate(all="ignore"):
            return np.asarray(
                _truth(self.relation, dict(zip(_atoms(self.relation), self._compared(values), strict=True)))
            )

    def differences(self, values: Mapping[str, Any]) -> list[Array]:
        """Return left side minus right side of each comparison in it; where it is zero the truth may change."""
        with np.errstate(all="ignore"):
            return [np.asarray(left - right) for left, right in self._compared(values)]

    def _compared(self, values: Mapping[str, Any]) -> list[tuple[Array, Array]]:
        # NumPy's scalars divide by zero without an exception
        given = [np.asarray(values[name], dtype=np.float64)[()] for name in self.symbols]
        numbers = [
            np.asarray(side, dtype=np.float64) for side in _sides(self.relation, (*self.symbols.values(),))(*given)
        ]
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    def message(self, values: Mapping[str, Any]) -> str:
        """Say which values break it: those of the first unit that does."""
        held = self.holds(values)
        unit = int(np.argmin(held)) if held.ndim else 0
        here = {name: float(np.asarray(values[name]).flat[unit if np.ndim(values[name]) else 0]) for name in self.names}
        given = ", ".join(f"{name} = {_short(value)}" for name, value in here.items())
        where = f" at unit {unit}, counted from 0 ({int((~held).sum())} of {held.size} units do)" if held.ndim else ""
        verb = "breaks" if len(here) == 1 else "break"
        return (
            f"{given} {verb} the constraint {self.text} of {self.owner!r}{where}: {self.with_numbers(here)} does not "
            "hold"
        )


class _Text(StrPrinter):  # type: ignore[misc]
    """Prints a relation as an author would say it, each symbol as given."""

    def __init__(self, words: Mapping[Any, str]) -> None:
        super().__init__()
        self._words = words

    def _bare(self, expression: Any) -> str:
        return self._words[expression] if expression in self._words else str(self._print(expression))

    def _print_Symbol(self, expr: Any) -> str:
        word = self._words[expr]
        return f"({word})" if word.startswith("-") else word

    def _print_Abs(self, expr: Any) -> str:
        return f"|{self._bare(expr.args[0])}|"

    def _print_Relational(self, expr: Any) -> str:
        return f"{self._bare(expr.lhs)} {expr.rel_op} {self._bare(expr.rhs)}"

    def _print_And(self, expr: Any) -> str:
        return " and ".join(f"({self._print(a)})" if isinstance(a, sympy.Or) else self._print(a) for a in expr.args)

    def _print_Or(self, expr: Any) -> str:
        return " or ".join(f"({self._print(a)})" if isinstance(a, sympy.And) else self._print(a) for a in expr.args)


def _short(value: float) -> str:
    """Return a number with all of its digits and no more."""
    return repr(float(value)).removesuffix(".0")


@functools.lru_cache(maxsize=256)
def _atoms(relation: Any) -> list[Any]:
    return sorted(relation.atoms(Relational), key=sympy.default_sort_key)


@functools.lru_cache(maxsize=256)
def _sides(relation: Any, symbols: tuple[Any, ...]) -> Callable[..., Any]:
    """Return a function of the parameters that gives left and right side of each comparison."""
    # sympy's code for Max and Min stacks its arguments, which a number and one value per unit do not do
    expressions = [
        side.replace(lambda e: isinstance(e, (sympy.Max, sympy.Min)), lambda e: e.rewrite(sympy.Piecewise))
        for one in _atoms(relation)
        for side in (one.lhs, one.rhs)
    ]
    # plain arithmetic needs no library: importing all of SciPy, and of NumPy, would take longer than what a plugin's
    # import does else
    modules: list[Any] = [{}] if all(map(_is_arithmetic, expressions)) else ["numpy", "scipy"]
    function: Callable[..., Any] = sympy.lambdify(symbols, expressions, modules=modules)
    return function


def _is_arithmetic(side: Any) -> bool:
    """Return whether an expression has sums, products and whole powers of symbols and rational numbers only."""
    named = side.has(sympy.Function, sympy.NumberSymbol)
    return not named and all(power.exp.is_Integer for power in side.atoms(sympy.Pow))


def _truth(relation: Any, sides: Mapping[Any, tuple[Array, Array]]) -> Any:
    if isinstance(relation, sympy.And):
        return functools.reduce(np.logical_and, (_truth(a, sides) for a in relation.args))
    if isinstance(relation, sympy.Or):
        return functools.reduce(np.logical_or, (_truth(a, sides) for a in relation.args))
    left, right = sides[relation]
    known = ~(np.isnan(left) | np.isnan(right))  # not-a-number differs from everything
    # 0.02 is not below 0.1 * 0.2, and 0.1 + 0.2 is at most 0.3, though rounding says otherwise
    size = np.maximum(np.abs(left), np.abs(right))
    equal = (left == right) | (np.isfinite(size) & (np.abs(left - right) <= _ROUNDING * size))
    if relation.rel_op == "!=":
        return known & ~equal
    beyond = left < right if relation.rel_op.startswith("<") else left > right
    return known & ((beyond | equal) if relation.rel_op.endswith("=") else (beyond & ~equal))
