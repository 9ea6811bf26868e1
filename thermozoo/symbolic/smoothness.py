"""Where an expression is not smooth, whatever it is written with, and what jumps there.

A formula can only fail to be smooth where one of a few expressions of its variable vanishes: the argument of a modulus,
a sign or a step, the difference of the arguments of a maximum, the two sides of a comparison, what it divides by. These
are its switches. Where the formula is smooth all the same, a step of zero height, is seen from its values in many
digits on both sides.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import attrs
import numpy as np
import sympy
from sympy.core.relational import Equality, Relational, Unequality

from thermozoo.symbolic.codegen import array_function

__all__ = ["DIGITS", "Break", "breaks", "dividers", "exact_value", "switches", "without_points", "zeros"]

#: Digits of values beside a switch; how far beside it they are taken, in units of max(1, |x|), near and nearer.
DIGITS, _NEAR, _NEARER = 100, "1e-18", "1e-24"

#: A jump is more than this part of the values on both sides and of the smallest value that counts.
_RELATIVE, _SMALLEST = 1e-6, 1e-3

#: Switches that are no polynomials are looked for at these states: what vanishes twice between two is missed.
_PROBES = np.unique(np.concatenate([np.linspace(-10.0, 10.0, 4001), *(s * np.logspace(-6, 3, 901) for s in (-1, 1))]))

#: Of the steps of a staircase, the nearest to zero are looked at.
_MOST = 64


def switches(expression: Any) -> tuple[sympy.Expr, ...]:
    """Return the expressions whose zeros are the only places where an expression may not be smooth.

    Parameters
    ----------
    expression : Expr
        Of any variables.

    Examples
    --------
    >>> from sympy.abc import x, a
    >>> switches(sympy.Max(0, x - a) + sympy.Piecewise((0, x < 1), (1, True)))
    (a - x, x - 1)
    """
    found: dict[sympy.Expr, None] = {}
    for part in sympy.preorder_traversal(expression):
        found |= dict.fromkeys(_switches_of(part))
    return tuple(s for s in found if s.free_symbols)


def _switches_of(part: Any) -> list[Any]:
    if isinstance(part, sympy.Max | sympy.Min):
        return [first - other for first, other in combinations(part.args, 2)]
    if isinstance(part, sympy.Abs | sympy.sign | sympy.Heaviside | sympy.log | sympy.DiracDelta):
        return [part.args[0]]
    if isinstance(part, sympy.floor | sympy.ceiling):
        return [sympy.sin(sympy.pi * part.args[0])]
    if isinstance(part, sympy.asin | sympy.acos | sympy.atanh):
        return [1 - part.args[0] ** 2]
    if isinstance(part, sympy.acosh):
        return [part.args[0] - 1]
    if isinstance(part, sympy.atan2):
        return list(part.args)
    if isinstance(part, Relational):
        return [part.lhs - part.rhs]
    if isinstance(part, sympy.Pow) and not (part.exp.is_integer and part.exp.is_nonnegative):
        return [part.base]
    return []


def dividers(expression: Any) -> tuple[sympy.Expr, ...]:
    """Return the expressions that an expression divides by."""
    powers = sorted(expression.atoms(sympy.Pow), key=sympy.default_sort_key)
    return tuple(dict.fromkeys(p.base for p in powers if p.exp.is_extended_negative))


def without_points(expression: Any, x: sympy.Symbol) -> Any:
    """Return an expression without the branches that hold at single states: the values that fill a removable gap."""
    if not isinstance(expression, sympy.Basic) or not expression.has(Equality, Unequality):
        return expression
    points = {e: sympy.false for e in expression.atoms(Equality) if e.has(x)}
    points |= {e: sympy.true for e in expression.atoms(Unequality) if e.has(x)}
    return expression.subs(points) if points else expression


def zeros(expression: sympy.Expr, x: sympy.Symbol, values: Mapping[sympy.Symbol, float]) -> list[Any]:
    """Return the states at which an expression vanishes, in many digits, where it vanishes at single states only.

    Parameters
    ----------
    expression : Expr
        Of the state and the parameters.
    x : Symbol
        The state.
    values : mapping of Symbol to float
        Value of each parameter.
    """
    import mpmath

    numeric = expression.xreplace({s: sympy.Rational(float(v)) for s, v in values.items()})
    if numeric.free_symbols != {x}:
        return []
    with mpmath.workdps(DIGITS):
        if numeric.is_polynomial(x):
            polynomial = sympy.Poly(numeric, x)
            if polynomial.degree() < 1:
                return []
            if not polynomial.domain.is_Exact or polynomial.domain.is_Composite:
                polynomial = sympy.Poly(numeric.evalf(DIGITS), x)
            else:
                polynomial = polynomial.sqf_part()
            numbers = [mpmath.mpmathify(c.evalf(DIGITS)) for c in polynomial.all_coeffs()]
            try:
                roots = mpmath.polyroots(numbers, maxsteps=200, extraprec=200)
            except mpmath.libmp.libhyper.NoConvergence:
                roots = []
            if roots or len(numbers) < 2:
                return [mpmath.re(r) for r in roots if abs(mpmath.im(r)) < mpmath.mpf("1e-30") * (1 + abs(r))]
        return _bracketed(numeric, x)


def _bracketed(numeric: sympy.Expr, x: sympy.Symbol) -> list[Any]:
    """Return the zeros that an expression has at the probes or changes its sign between."""
    import mpmath

    probes = _PROBES
    if isinstance(numeric, sympy.sin) and (turns := numeric.args[0] / sympy.pi).is_polynomial(x):
        slope = sympy.diff(turns, x)
        if slope.is_number:  # the steps of a regular staircase
            offset = turns.subs(x, 0)
            center = int(sympy.floor(offset))
            steps = range(center - _MOST // 2, center + _MOST // 2 + 1)
            return [mpmath.mpmathify(((n - offset) / slope).evalf(DIGITS)) for n in steps]
    sign = np.sign(array_function("switch", [x], [numeric])(probes)[0])
    exact = sympy.lambdify(x, numeric, modules="mpmath")
    found = [mpmath.mpf(float(v)) for v in probes[sign == 0]]
    cells = np.flatnonzero(sign[:-1] * sign[1:] < 0)
    for cell in cells[np.argsort(np.abs(probes[cells]), kind="stable")][:_MOST]:
        low, high = mpmath.mpf(float(probes[cell])), mpmath.mpf(float(probes[cell + 1]))
        for _ in range(200):
            middle = (low + high) / 2
            if mpmath.sign(exact(middle)) == sign[cell]:
                low = middle
            else:
                high = middle
        found.append(high)
    return found if len(found) < len(probes) // 2 else []


@functools.lru_cache(maxsize=512)
def _exact_function(symbols: tuple[sympy.Symbol, ...], expression: sympy.Expr) -> Any:
    return sympy.lambdify(symbols, expression, modules="mpmath")


def exact_value(expression: sympy.Expr, x: sympy.Symbol, at: Any, values: Mapping[sympy.Symbol, float]) -> Any:
    """Return the value of an expression at a state in many digits, None where it is no real number."""
    import mpmath

    function = _exact_function((x, *values), expression)
    with mpmath.workdps(DIGITS):
        try:
            value = mpmath.mpmathify(function(mpmath.mpf(at), *(mpmath.mpf(float(v)) for v in values.values())))
        except (ZeroDivisionError, ValueError, TypeError, OverflowError):
            return None
        return value if isinstance(value, mpmath.mpf) and mpmath.isfinite(value) else None


@attrs.frozen
class Break:
    """A state at which something jumps.

    Parameters
    ----------
    x : float
        The state.
    jumps : tuple of float
        By how much each of the expressions jumps, 0 where it does not.
    """

    x: float
    jumps: tuple[float, ...]


def breaks(
    expressions: Sequence[sympy.Expr], x: sympy.Symbol, values: Mapping[sympy.Symbol, float], points: bool = False
) -> list[Break]:
    """Return the states at which one of several expressions jumps, in increasing order.

    Parameters
    ----------
    expressions : sequence of Expr
        Of the state and the parameters; those after the first are its derivatives, and have its switches.
    x : Symbol
        The state.
    values : mapping of Symbol to float
        Value of each parameter.
    points : bool
        Whether the value at the state itself counts, too.

    Examples
    --------
    >>> x, k = sympy.symbols("x k", real=True)
    >>> breaks([k * sympy.Abs(x - 1), k * sympy.sign(x - 1)], x, {k: 2.0})
    [Break(x=1.0, jumps=(0.0, 4.0))]
    """
    import mpmath

    found = {}
    with mpmath.workdps(DIGITS):
        for switch in switches(expressions[0]):
            for place in zeros(switch, x, values):
                at = float(place)
                if at in found:
                    continue
                heights = tuple(_height(e, x, place, values, points) for e in expressions)
                if any(heights):
                    found[at] = Break(at + 0.0, heights)
    return [found[at] for at in sorted(found)]


def _height(
    expression: sympy.Expr, x: sympy.Symbol, place: Any, values: Mapping[sympy.Symbol, float], point: bool
) -> float:
    """Return by how much an expression jumps at a state, 0 where it does not; inf where it is at a pole."""
    import mpmath

    size = max(mpmath.mpf(1), abs(place))
    sides = []
    for distance in (_NEAR, _NEARER):
        step = size * mpmath.mpf(distance)
        below, above = (exact_value(expression, x, place + s * step, values) for s in (-1, 1))
        if below is None or above is None:
            return 0.0
        sides.append((below, above))
    differences = [[above - below for below, above in sides]]
    if point and (here := exact_value(expression, x, place, values)) is not None:
        differences.append([here - below for below, _ in sides])
    below, above = sides[-1]
    least = _RELATIVE * (abs(below) + abs(above) + _SMALLEST)
    for near, nearer in differences:
        # the difference across a steep slope or a cusp shrinks with the distance, that across a jump does not
        if abs(nearer) > least and abs(nearer) > 0.9 * abs(near):
            return float(nearer) if abs(nearer) < 1.1 * abs(near) else float(mpmath.sign(nearer)) * float("inf")
    return 0.0
