"""The author's formula as the suite's oracles read it: called once with symbols, then evaluated with numbers.

Nothing here goes through thermozoo's derivation or code generation, which is what the oracles judge.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import sympy
from sympy.printing.numpy import SciPyPrinter

from thermozoo.interfaces.symbolic_copy import symbolic_copy
from thermozoo.symbolic.formula import cached_by_formula
from thermozoo.symbolic.guard import call
from thermozoo.symbolic.smoothness import dividers

__all__ = [
    "Authored",
    "authored",
    "away_from_jumps",
    "evaluate",
    "exact_value",
    "is_number",
    "limit",
    "on_array",
    "one_sided",
    "slope",
]

#: Decimal digits of exact numerics; see `thermozoo.testing.exact`.
DIGITS = 90

#: The same beside a state at which an expression is 0/0: terms are larger than their sum by powers of the distance.
_BESIDE_DIGITS = 4 * DIGITS

#: Largest power of a symbol that arrays are multiplied for.
_PRODUCTS = 6

#: What `sympy.lambdify` tells its own printer.
_AS_LAMBDIFY = {"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True}


@attrs.frozen(eq=False, slots=False)
class Authored:
    """A potential's own formula in symbols.

    Parameters
    ----------
    x : Symbol
        State.
    parameters : dict of str to Symbol
        Symbol of each parameter, by its dotted name.
    energy : Expr
        What the author's method returns.
    """

    x: Any
    parameters: dict[str, Any]
    energy: Any

    @functools.cached_property
    def arrays(self) -> tuple[Callable[..., Any], ...]:
        """NumPy functions of state and parameters: U, U' and U'', made by sympy's own printer."""
        symbols = [self.x, *self.parameters.values()]
        modules, printer = ["numpy", "scipy"], _Products(_AS_LAMBDIFY)
        return tuple(sympy.lambdify(symbols, e, modules=modules, printer=printer) for e in self.expressions)

    @functools.cached_property
    def expressions(self) -> tuple[Any, Any, Any]:
        """U, U' and U'', away from jumps."""
        return self.energy, self.gradient, slope(self.gradient, self.x)

    @functools.cached_property
    def dividers(self) -> tuple[Any, ...]:
        """What the energy divides by that depends on the state."""
        return tuple(one for one in dividers(self.energy) if one.has(self.x))

    @functools.cached_property
    def gradient(self) -> Any:
        """Derivative of the energy by the state, away from jumps."""
        return slope(self.energy, self.x)


@cached_by_formula(64)
def authored(potential: Any) -> Authored:
    """Return a potential's formula in symbols; its method is called once for all parameter values.

    Raises
    ------
    FormulaError
        When the method raises.
    """
    copied, symbols = symbolic_copy(potential)
    x = sympy.Symbol("x", real=True)
    energy = sympy.sympify(call(copied.energy, type(potential).__name__, x))
    return Authored(x=x, parameters=symbols, energy=energy)


def slope(expression: Any, x: Any) -> Any:
    """Return the derivative of an expression away from jumps; floor and ceiling are constants there."""
    steps = expression.replace(sympy.Mod, lambda a, b: a - b * sympy.floor(a / b)).rewrite(sympy.frac, sympy.floor)
    constants = {node: sympy.Dummy(real=True) for node in steps.atoms(sympy.floor, sympy.ceiling)}
    derivative = away_from_jumps(sympy.diff(steps.xreplace(constants), x))
    return derivative.xreplace({dummy: node for node, dummy in constants.items()})


def away_from_jumps(derivative: Any) -> Any:
    """Return a derivative without what it is at the single states where the differentiated expression jumps."""
    return derivative.replace(sympy.DiracDelta, lambda *arguments: sympy.Integer(0))


def evaluate(expression: Any, point: Any, digits: int = DIGITS) -> Any:
    """Return the value of an expression at a point of symbols in so many digits, not-a-number at a pole."""
    import mpmath

    mpmath.mp.dps = digits
    symbols = tuple(point)
    return exact_value(symbols, sympy.sympify(expression), [mpmath.mpf(point[s]) for s in symbols])


def is_number(value: Any) -> bool:
    """Whether a value of mpmath is real and finite."""
    import mpmath

    return isinstance(value, mpmath.mpf) and bool(mpmath.isfinite(value))


def one_sided(expression: Any, point: Any, state: Any, unit: float = 1.0) -> list[Any]:
    """Return the limits of an expression from the left and right of a state at which it is 0/0; none if it is infinite.

    It is taken at two distances from the state; where it has a limit they differ by little.
    """
    import mpmath

    limits = []
    with mpmath.workdps(_BESIDE_DIGITS):
        x = mpmath.mpf(point[state])
        for side in (-1, 1):
            near, nearer = (
                evaluate(expression, {**point, state: x + side * mpmath.mpf(h) * max(abs(x), 1)}, _BESIDE_DIGITS)
                for h in ("1e-25", "1e-31")
            )
            if not (is_number(near) and is_number(nearer) and abs(near - nearer) <= 1e-6 * (abs(nearer) + unit)):
                return []
            limits.append(nearer)
    return limits


def limit(expression: Any, point: Any, state: Any) -> Any:
    """Return what an expression tends to from both sides of a state at which it is 0/0, else not-a-number."""
    import mpmath

    sides = one_sided(expression, point, state)
    if not sides or abs(sides[0] - sides[1]) > 1e-15 * (1 + abs(sides[0])):
        return mpmath.mpf("nan")
    return (sides[0] + sides[1]) / 2


def exact_value(symbols: tuple[Any, ...], expression: Any, numbers: list[Any]) -> Any:
    """Return the value of an expression of symbols at mpmath numbers, to the digits that mpmath works with."""
    import mpmath

    function = _mpmath_function(symbols, expression)
    try:
        return mpmath.mpmathify(function(*numbers))
    except (ZeroDivisionError, ValueError, OverflowError):  # mpmath raises at a pole
        return mpmath.mpf("nan")
    except (NameError, TypeError, AttributeError):  # a function that mpmath does not have under this name
        digits = mpmath.mp.dps
        numeric = expression.evalf(digits, subs={s: _float(v, digits) for s, v in zip(symbols, numbers, strict=True)})
        try:
            return mpmath.mpmathify(numeric)
        except (TypeError, ValueError):
            return mpmath.mpf("nan")


def _float(value: Any, digits: int) -> Any:
    return sympy.Float(value, digits)


@functools.lru_cache(maxsize=512)
def _mpmath_function(symbols: tuple[Any, ...], expression: Any) -> Callable[..., Any]:
    function: Callable[..., Any] = sympy.lambdify(symbols, away_from_jumps(expression), modules="mpmath")
    return function


class _Products(SciPyPrinter):  # type: ignore[misc]
    """Writes small powers of symbols as products, which NumPy does much faster, and everything else as sympy does."""

    def _print_Pow(self, expression: Any, rational: bool = False) -> str:
        base, exponent = expression.as_base_exp()
        if base.is_Symbol and exponent.is_Integer and 2 <= exponent <= _PRODUCTS:
            return f"({'*'.join([self._print(base)] * int(exponent))})"
        written: str = super()._print_Pow(expression, rational=rational)
        return written


def on_array(function: Callable[..., Any], x: Any, *parameters: Any) -> Any:
    """Return a generated function's values; those that are not finite are its callers' business, not NumPy's."""
    # of one shape all: what sympy writes for And and Or takes no numbers beside arrays
    x, ones = np.asarray(x), np.ones(np.shape(x))
    with np.errstate(all="ignore"):
        found = np.asarray(function(x, *(value * ones for value in parameters)), dtype=float)
    return found if found.shape == x.shape else np.broadcast_to(found, x.shape)
