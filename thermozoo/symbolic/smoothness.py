"""Where an expression is not smooth, whatever it is written with, and what jumps there.

A formula can only fail to be smooth where one of a few expressions of its variable vanishes: the argument of a modulus,
a sign or a step, the difference of the arguments of a maximum, the two sides of a comparison, what it divides by. These
are its switches. Where the formula is smooth all the same, a step of zero height, is seen from its values in many
digits on both sides.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import attrs
import numpy as np
import sympy
from sympy.core.relational import Equality, Relational, Unequality

from thermozoo.symbolic.calculus import derivative
from thermozoo.symbolic.codegen import array_function

__all__ = [
    "DIGITS",
    "Break",
    "breaks",
    "dividers",
    "exact_value",
    "switches",
    "undefined",
    "without_points",
    "zeros",
]

#: Digits of values beside a switch; how far beside it they are taken, in units of max(1, |x|), near and nearer.
DIGITS, _NEAR, _NEARER = 100, "1e-18", "1e-24"

#: A jump is more than this part of the values on both sides and of the smallest value that counts.
_RELATIVE, _SMALLEST = 1e-6, 1e-3

#: Switches that are no polynomials are looked for at these states: what vanishes twice between two is missed.
_PROBES = np.unique(np.concatenate([np.linspace(-10.0, 10.0, 4001), *(s * np.logspace(-6, 9, 1501) for s in (-1, 1))]))

#: Of the steps of a staircase, the nearest to zero are looked at; of zeros without a change of sign, fewer.
_MOST, _MOST_TOUCHING = 64, 16

#: Halvings of a cell about a zero: the state is then known to far less than the distances beside it.
_HALVINGS = 140


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
    if isinstance(part, sympy.tan):
        return [sympy.cos(part.args[0])]
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
    numeric = expression.xreplace({s: sympy.Rational(float(v)) for s, v in values.items()})
    return list(_zeros(numeric, x)) if numeric.free_symbols == {x} else []


@functools.lru_cache(maxsize=512)
def _zeros(numeric: sympy.Expr, x: sympy.Symbol) -> tuple[Any, ...]:
    import mpmath

    with mpmath.workdps(DIGITS):
        if numeric.is_polynomial(x):
            polynomial = sympy.Poly(numeric, x)
            if polynomial.degree() < 1:
                return ()
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
                return tuple(mpmath.re(r) for r in roots if abs(mpmath.im(r)) < mpmath.mpf("1e-30") * (1 + abs(r)))
        return _bracketed(numeric, x)


def _bracketed(numeric: sympy.Expr, x: sympy.Symbol) -> tuple[Any, ...]:
    """Return the zeros that an expression has at the probes, changes its sign at or only touches between."""
    import mpmath

    probes = _PROBES
    if isinstance(numeric, sympy.sin) and (turns := numeric.args[0] / sympy.pi).is_polynomial(x):
        slope = sympy.diff(turns, x)
        if slope.is_number:  # the steps of a regular staircase
            offset = turns.subs(x, 0)
            center = int(sympy.floor(offset))
            steps = range(center - _MOST // 2, center + _MOST // 2 + 1)
            return tuple(mpmath.mpmathify(((n - offset) / slope).evalf(DIGITS)) for n in steps)
    values = array_function("switch", [x], [numeric])(probes)[0]
    sign = np.sign(values)
    exact = _in_many_digits(numeric, x)
    # in doubles whole intervals may be zero: by underflow, or because the expression is
    zero = sign == 0
    ends = zero & ~(np.append(zero[1:], False) & np.append(False, zero[:-1])) | zero & (probes == 0.0)
    candidates = [mpmath.mpf(float(v)) for v in probes[ends]]
    found = [v for v in candidates if _is_single_zero(exact, v)]
    cells = np.flatnonzero(sign[:-1] * sign[1:] < 0)
    found += [_change(exact, *probes[cell : cell + 2]) for cell in _nearest(cells, _MOST)]
    size = np.abs(values)
    with np.errstate(all="ignore"):
        bend = size[:-2] - 2 * size[1:-1] + size[2:]
    # a parabola that touches zero between probes is there less than its second difference
    low = (size[1:-1] <= np.minimum(size[:-2], size[2:])) & (size[1:-1] < bend)
    touching = 1 + np.flatnonzero(low & (sign[:-2] * sign[2:] > 0) & (sign[1:-1] != 0))
    if touching.size:
        slope = _in_many_digits(derivative(numeric, x, x), x)
        for k in _nearest(touching, _MOST_TOUCHING):
            place = _change(slope, probes[k - 1], probes[k + 1])
            if abs(exact(place)) < mpmath.mpf("1e-50") * float(size[k - 1]):
                found.append(place)
    return tuple(found)


def _in_many_digits(expression: sympy.Expr, x: sympy.Symbol) -> Callable[[Any], Any]:
    """Return a function that is not-a-number where an expression has no real value."""
    import mpmath

    function = sympy.lambdify(x, expression, modules="mpmath")

    def evaluated(at: Any) -> Any:
        try:
            value = mpmath.mpmathify(function(at))
        except (ZeroDivisionError, ValueError, OverflowError):
            return mpmath.nan
        return value if isinstance(value, mpmath.mpf) else mpmath.nan

    return evaluated


def _is_single_zero(function: Any, at: Any) -> bool:
    """Whether a function is far less at a state than beside it."""
    import mpmath

    step = max(mpmath.mpf(1), abs(at)) * mpmath.mpf(_NEAR)
    return bool(abs(function(at)) < mpmath.mpf("1e-9") * max(abs(function(at + s * step)) for s in (-1, 1)))


def _nearest(cells: Any, most: int) -> Any:
    """Return the probes that are nearest to zero."""
    return cells[np.argsort(np.abs(_PROBES[cells]), kind="stable")][:most]


def _change(function: Any, low: float, high: float) -> Any:
    """Return where a function changes its sign between two states, by halving."""
    import mpmath

    left, right = mpmath.mpf(float(low)), mpmath.mpf(float(high))
    sign = mpmath.sign(function(left))
    for _ in range(_HALVINGS):
        middle = (left + right) / 2
        if mpmath.sign(function(middle)) == sign:
            left = middle
        else:
            right = middle
    return right


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


def undefined(
    expression: sympy.Expr, x: sympy.Symbol, values: Mapping[sympy.Symbol, float]
) -> tuple[float, str] | None:
    """Return a state at which an expression is no finite number, the nearest to zero, and what it is there.

    Parameters
    ----------
    expression : Expr
        Of the state and the parameters.
    x : Symbol
        The state.
    values : mapping of Symbol to float
        Value of each parameter.

    Examples
    --------
    >>> x = sympy.Symbol("x", real=True)
    >>> undefined(1 / (x - 1) ** 2, x, {})
    (1.0, 'infinite at')
    >>> undefined(sympy.sqrt(x + 2), x, {})
    (-2.0, 'no real number below')
    """
    import mpmath

    found = []
    with mpmath.workdps(DIGITS):
        for switch in switches(expression):
            for place in zeros(switch, x, values):
                what = _undefined_at(expression, x, place, values)
                if what is not None:
                    found.append((float(place) + 0.0, what))
    return min(found, key=lambda one: abs(one[0]), default=None)


def _undefined_at(
    expression: sympy.Expr, x: sympy.Symbol, place: Any, values: Mapping[sympy.Symbol, float]
) -> str | None:
    """Return what an expression is beside a state, where it does not stay a finite number on both sides."""
    import mpmath

    step = max(mpmath.mpf(1), abs(place))
    sides = {
        beside: [exact_value(expression, x, place + side * step * mpmath.mpf(h), values) for h in (_NEAR, _NEARER)]
        for side, beside in ((-1, "below"), (1, "above"))
    }
    for beside, found in sides.items():
        if None in found:
            return f"no real number {beside}"
    here = exact_value(expression, x, place, values)
    for near, nearer in sides.values():
        growth = abs(nearer - near)
        # a pole or a logarithm goes on growing, a cusp ends at its value
        if growth > _RELATIVE * (1 + abs(near)) and (here is None or abs(here - nearer) > growth):
            return "infinite at"
    return None


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
