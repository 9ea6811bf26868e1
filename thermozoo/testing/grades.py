"""How well generated code computes an expression: its grade at one state, and what a difference comes from.

The grade is log10 of the relative error over machine epsilon. Code may give any value that the expression takes within
some roundings of the state and of the parameters: beside an edge, that of either side and all between. States with an
energy that no unit ever has are held to half of the digits, and to an absolute error that grows with the energy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from thermozoo.testing.author import DIGITS, evaluate, exact_value, is_number, one_sided
from thermozoo.testing.measured import Measured, apart

__all__ = [
    "EPSILON",
    "FAR",
    "WORST_FAR_GRADE",
    "WORST_GRADE",
    "CodeError",
    "code_error",
    "grade",
    "graded",
    "surroundings",
]

EPSILON = float(np.finfo(np.float64).eps)

#: Grade above which generated code is refused: rounding alone gives 0 to 3, a wrong formula more than 10.
WORST_GRADE = 4.0

#: The same at states whose energy is more than `FAR` kT above the lowest: half of the digits.
WORST_FAR_GRADE = 8.0

#: Energy in units of kT beyond which no unit is ever found: its Boltzmann weight is exp(-FAR).
FAR = 300.0

#: Roundings of state and parameters within which the expression may be taken.
_ROUNDINGS = 16


def grade(error: float) -> float:
    """Return log10 of a relative error over machine epsilon, 0 for less."""
    return math.log10(max(error, EPSILON) / EPSILON)


@attrs.frozen
class CodeError:
    """The error of generated code at one state.

    Parameters
    ----------
    got : float
        What the code gives.
    low, high : mpf
        The smallest and largest value of the expression within some roundings.
    relative : float
        Distance of `got` from all between, relative to the value, its conditioning and a unit.
    excess : float
        Energy of the state above the lowest, in units of kT.
    expression, point : Expr, mapping
        What was evaluated.
    """

    got: float
    low: Any
    high: Any
    relative: float
    excess: float
    expression: Any
    point: Mapping[Any, float]

    @property
    def limit(self) -> float:
        """The worst grade that is allowed at this state."""
        return WORST_FAR_GRADE if self.excess > FAR else WORST_GRADE

    @property
    def measured(self) -> Measured:
        """The grade, with what is allowed."""
        found = grade(self.relative)
        near = "" if self.limit == WORST_GRADE else f"at an energy of {self.excess:.3g} kT"
        return Measured("grade", found, 0.0, self.limit, detail=near, grade=found)

    @property
    def differs(self) -> str:
        """Both numbers, with as many digits as tell them apart."""
        nearest = self.low if abs(self.got - self.low) <= abs(self.got - self.high) else self.high
        got, expected = apart(self.got, float(nearest), 6)
        return f"gives {got}, the expression {expected}"

    @property
    def cause(self) -> str:
        """Why they differ, as far as it can be measured."""
        if not math.isfinite(self.got) and not is_number(evaluate(self.expression, self.point)):
            return (
                "the expression is 0/0 at this state, though it has a limit there; write it so that it has a value, "
                "with sympy.Piecewise for the one state if need be"
            )
        if not math.isfinite(self.got):
            return (
                "an intermediate value overflows; rewrite the formula with functions that stay small: exp(-Abs(u)) for "
                "exp(u), tanh(u) for a quotient of exponentials (see 'Large states' in how-to/write-a-potential)"
            )
        if float(self.high - self.low) > 1e-6 * float(abs(self.low) + abs(self.high)):
            low, high = apart(float(self.low), float(self.high))
            return f"the expression jumps here, from {low} to {high}, and the code gives neither side nor any between"
        rounded, right = _in_double_digits(self.expression, self.point), self.low
        lost = abs(rounded - right)
        if lost > 0.01 * abs(self.got - right):
            digits = 16 if not lost else min(max(0, int(-math.log10(float(lost / (abs(right) + lost))))), 16)
            return (
                f"large terms cancel: evaluated term by term with 16 digits the expression has {digits} right ones; "
                "rewrite the formula so that its terms are as small as their sum"
            )
        return (
            f"evaluated term by term with 16 digits the expression is right, {float(rounded):.9g}: "
            "the generated code is not"
        )


def code_error(
    function: Any, expression: Any, point: Mapping[Any, float], state: Any, unit: float, excess: float, width: float
) -> CodeError | None:
    """Compare generated code with its expression at one point; None where the expression has no value in doubles.

    Parameters
    ----------
    function : callable
        Generated code of the symbols of `point`.
    expression : Expr
        What it was generated from.
    point : mapping of Symbol to float
        State and parameters.
    state : Symbol
        The state.
    unit : float
        A size below which only absolute errors matter: kT over width or parameter. Near a zero of the expression an
        error that is small beside all that a unit ever feels is no error.
    excess : float
        Energy of the state above the lowest, in units of kT.
    width : float
        Standard deviation of a unit's state at equilibrium: terms are rounded as if the state were as large.
    """
    import mpmath

    around = surroundings(expression, point, state, unit, width)
    if around is None:
        return None
    far_unit = unit * excess if excess > FAR else 0.0
    scale = around.size + around.conditioning + unit + far_unit
    if not scale < 1e300:  # beyond double precision
        return None
    got = float(function(*(np.array([point[s]]) for s in point))[0][0])
    distance = around.distance(got) if math.isfinite(got) else mpmath.inf
    return CodeError(got, around.low, around.high, float(distance / scale), excess, expression, point)


@attrs.frozen
class Surroundings:
    """What an expression is within some roundings of a point.

    Parameters
    ----------
    low, high : mpf
        Its smallest and largest value.
    size : mpf
        Of its value at the point itself.
    conditioning : mpf
        What it changes by, a rounding of the state divided by machine epsilon: away from edges |x f'(x)|.
    """

    low: Any
    high: Any
    size: Any
    conditioning: Any

    def distance(self, value: Any) -> Any:
        """Return the distance of a value from the lowest, the highest and all between."""
        return max(self.low - value, value - self.high, 0)


def surroundings(
    expression: Any, point: Mapping[Any, float], state: Any, unit: float, width: float
) -> Surroundings | None:
    """Return the values of an expression within some roundings of a point; None where it is infinite."""
    import mpmath

    mpmath.mp.dps = DIGITS
    exact = evaluate(expression, point)
    moved = [v for s in point for v in _moved(expression, point, s, width * (s == state), _ROUNDINGS, -_ROUNDINGS)]
    around = [exact, *moved]
    if not is_number(exact):
        around = one_sided(expression, point, state, unit)
        exact = next(iter(around), None)
    around = [v for v in around if is_number(v)]
    if not around:
        return None
    slopes = []
    for side in (1, -1):  # an edge lies on one side at most
        near, far = _moved(expression, point, state, width, side * _ROUNDINGS, side * 2 * _ROUNDINGS)
        slopes.append(abs(far - near) / (_ROUNDINGS * EPSILON) if is_number(far - near) else mpmath.mpf(0))
    return Surroundings(min(around), max(around), abs(exact), min(slopes))


def _moved(expression: Any, point: Mapping[Any, float], symbol: Any, size: float, *roundings: int) -> list[Any]:
    """Return the expression with one number moved by so many roundings, of itself or of a size that is larger."""
    import mpmath

    value = mpmath.mpf(point[symbol])
    one = max(abs(value), size) * mpmath.mpf(EPSILON)
    return [evaluate(expression, {**point, symbol: value + k * one}) for k in roundings]


def _in_double_digits(expression: Any, point: Mapping[Any, float]) -> Any:
    """Return the expression evaluated term by term with the digits of a double."""
    import mpmath

    with mpmath.workprec(53):
        return exact_value(tuple(point), expression, [mpmath.mpf(v) for v in point.values()])


def graded(found: list[Measured], detail: str = "") -> Measured:
    """Return the grade that comes closest to its limit."""
    if not found:
        return Measured("grade", 0.0, 0.0, WORST_GRADE, detail="nothing to grade: no code or no finite value")
    chosen = max(found, key=lambda one: one.share)
    return attrs.evolve(chosen, detail=", ".join(part for part in (chosen.detail, detail) if part))
