"""Oracles in many digits: a potential's own method called with 90-digit numbers, and expressions by mpmath."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from thermozoo.testing.strategies import with_values

__all__ = ["DIGITS", "Exact", "away_from_jumps", "breakpoints", "evaluate", "limit"]

#: Decimal digits of exact numerics; differences of step 1e-25 keep 40 correct digits of a first derivative.
DIGITS = 90


@attrs.frozen(eq=False)
class Exact:
    """A potential with fixed parameters, evaluated to `DIGITS` digits by its author's own method.

    Parameters
    ----------
    potential : Potential
        The plugin.
    values : mapping
        Parameter values by dotted name.
    """

    potential: Any
    values: Mapping[str, float]

    def energy(self, x: Any, values: Mapping[str, Any] | None = None) -> Any:
        """Return U(x) as an mpmath number, or a complex or non-finite one where it is none and has no limit."""
        import sympy

        def value(at: Any, digits: int) -> Any:
            numbers = {k: _number(v, digits) for k, v in (values or self.values).items()}
            result = sympy.sympify(with_values(self.potential, numbers).energy(_number(at, digits)))
            return _to_mpmath(result.evalf(digits))

        return limit(value, x)

    def first(self, x: float, width: float) -> tuple[Any, Any, Any]:
        """Return dU/dx as a central, a left and a right difference."""
        mp, h = _step(width)
        center = mp.mpf(x)
        f = self.energy
        here, left, right = f(center), f(center - h), f(center + h)
        return (right - left) / (2 * h), (here - left) / h, (right - here) / h

    def second(self, x: float, width: float) -> tuple[Any, Any, Any]:
        """Return d2U/dx2 as a central, a left and a right difference."""
        mp, h = _step(width)
        center = mp.mpf(x)
        f = self.energy
        here = f(center)
        l1, l2, r1, r2 = (f(center + k * h) for k in (-1, -2, 1, 2))
        return (r1 - 2 * here + l1) / h**2, (here - 2 * l1 + l2) / h**2, (r2 - 2 * r1 + here) / h**2

    def by_parameter(self, x: float, name: str, width: float) -> tuple[Any, Any]:
        """Return dU/dp and d2U/dxdp as central differences."""
        mp, h = _step(width)
        k = mp.mpf(10) ** -25 * max(abs(self.values[name]), 1e-3)
        center, value = mp.mpf(x), mp.mpf(self.values[name])
        at = {
            (i, j): self.energy(center + i * h, {**self.values, name: value + j * k})
            for i in (-1, 0, 1)
            for j in (-1, 1)
        }
        first = (at[0, 1] - at[0, -1]) / (2 * k)
        mixed = (at[1, 1] - at[1, -1] - at[-1, 1] + at[-1, -1]) / (4 * h * k)
        return first, mixed


def _step(width: float) -> tuple[Any, Any]:
    import mpmath

    mpmath.mp.dps = DIGITS
    return mpmath.mp, mpmath.mpf(10) ** -25 * width


def _number(value: Any, digits: int) -> Any:
    import sympy

    return sympy.Float(value, digits)


def _to_mpmath(value: Any) -> Any:
    import mpmath

    try:
        return mpmath.mpmathify(value)
    except (TypeError, ValueError):
        return mpmath.mpf("nan")


def evaluate(expression: Any, point: Mapping[Any, float]) -> Any:
    """Return the value of an expression at a point of symbols, the state first, to `DIGITS` digits, by mpmath."""
    import mpmath
    import sympy

    mpmath.mp.dps = DIGITS
    state, *others = point
    function = _mpmath_function(tuple(point), sympy.sympify(expression))
    return limit(lambda x, digits: mpmath.mpmathify(function(x, *(mpmath.mpf(point[s]) for s in others))), point[state])


def limit(function: Callable[[Any, int], Any], x: Any) -> Any:
    """Return a function of an mpmath number and of digits at a state; where it is 0 / 0, its limit from both sides."""
    import mpmath

    def value(at: Any) -> Any:
        try:
            return function(at, mpmath.mp.dps)
        except ZeroDivisionError:
            return mpmath.mpf("nan")

    mpmath.mp.dps = DIGITS
    here = value(mpmath.mpf(x))
    if not mpmath.isnan(here):
        return here
    # differences of step 1e-25 are taken of what comes out, and terms cancel that are as large as step^-4
    with mpmath.workdps(4 * DIGITS):
        step = max(mpmath.mpf(1), abs(mpmath.mpf(x))) * mpmath.mpf(10) ** -60
        left, right = value(mpmath.mpf(x) - step), value(mpmath.mpf(x) + step)
        return (left + right) / 2 if abs(left - right) <= 1e-30 * (1 + abs(left)) else here


@functools.lru_cache(maxsize=256)
def _mpmath_function(symbols: tuple[Any, ...], expression: Any) -> Callable[..., Any]:
    import sympy

    function: Callable[..., Any] = sympy.lambdify(symbols, expression, modules="mpmath")
    return function


def away_from_jumps(derivative: Any) -> Any:
    """Return a derivative without what it is at the single states where the differentiated expression jumps."""
    import sympy

    stairs, saws = (sympy.floor, sympy.ceiling), (sympy.frac, sympy.Mod)

    def beside(e: Any) -> Any:
        inner = e.expr if isinstance(e, sympy.Subs) else e
        if not isinstance(inner, sympy.Derivative) or not isinstance(inner.expr, (*stairs, *saws)):
            return e
        rises = isinstance(inner.expr, saws) and inner.derivative_count == 1
        return sympy.Integer(1 if rises else 0)

    smooth = derivative.replace(lambda e: isinstance(e, sympy.Subs | sympy.Derivative), beside)
    return smooth.replace(sympy.DiracDelta, lambda *arguments: sympy.Integer(0))


def breakpoints(expression: Any, x: Any, values: Mapping[Any, float]) -> list[float]:
    """Return the states at which an expression changes its branch: of Piecewise, Max, Min, Abs, sign, Heaviside."""
    import sympy

    numeric = expression.subs(values)
    arguments: list[Any] = []
    for node in numeric.atoms(sympy.Piecewise):
        for _, condition in node.args:
            arguments += [r.lhs - r.rhs for r in sympy.sympify(condition).atoms(sympy.core.relational.Relational)]
    for node in numeric.atoms(sympy.Max, sympy.Min):
        arguments += [node.args[0] - other for other in node.args[1:]]
    for node in numeric.atoms(sympy.Abs, sympy.sign, sympy.Heaviside):
        arguments.append(node.args[0])
    found: set[float] = set()
    for argument in arguments:
        if not argument.has(x):
            continue
        try:
            roots = sympy.solve(argument, x)
        except NotImplementedError:
            continue
        found |= {float(r) for r in roots if r.is_number and r.is_real}
    return sorted(found)
