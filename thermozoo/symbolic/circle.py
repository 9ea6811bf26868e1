"""States on a circle: whether force and energy of a potential are the same after one turn."""

from __future__ import annotations

import math
from fractions import Fraction

import sympy

from thermozoo.errors import FormulaError
from thermozoo.interfaces import Potential
from thermozoo.symbolic.guard import where_written
from thermozoo.symbolic.identity import vanishes

__all__ = ["circumference", "climb_of_a_turn"]

#: Circumferences that are such fractions of pi, or a number, are taken for them.
_LARGEST_DENOMINATOR = 1000

#: Any state will do to read a constant off: of a phase's formulas, few have a gap at this one.
_AT = sympy.Rational(1, 3)


def circumference(period: float) -> sympy.Expr:
    """Return the circumference of a circle as an exact number: a fraction of pi where it is one to rounding.

    Examples
    --------
    >>> circumference(2 * math.pi), circumference(0.5)
    (2*pi, 1/2)
    """
    ratio = Fraction(period / math.pi).limit_denominator(_LARGEST_DENOMINATOR)
    exact = sympy.pi * sympy.Rational(ratio)
    return exact if abs(float(exact) - period) <= 2 * math.ulp(period) else sympy.Rational(period)


def climb_of_a_turn(
    potential: Potential, energy: sympy.Expr, gradient: sympy.Expr, x: sympy.Symbol
) -> sympy.Expr | None:
    """Return U(x + period) - U(x), a constant where the force has the period; None for a state on a line.

    Parameters
    ----------
    potential : Potential
        The plugin.
    energy, gradient : Expr
        U and dU/dx.
    x : Symbol
        The state.

    Raises
    ------
    FormulaError
        When the force is not the same after one turn, for any values of the parameters.
    """
    if potential.period is None:
        return None
    turn = circumference(potential.period)
    after = gradient.subs(x, x + turn)
    if not vanishes(after - gradient, gradient):
        raise FormulaError(
            f"{type(potential).__name__}: its states live on a circle, period = {potential.period:g}, but the force is "
            f"not the same after one turn: {sympy.simplify(-gradient)} ({where_written(potential.energy)}). Write an "
            "energy whose derivative has that period (with sympy.pi, not math.pi), or leave period out."
        )
    return sympy.simplify(energy.subs(x, _AT + turn) - energy.subs(x, _AT))
