"""How the force of an energy of projections is worked out, pattern by pattern.

As in `thermozoo.symbolic.kernel_plan`, whatever depends on no state is a named constant, so that no number is part of
what is compiled.
"""

from __future__ import annotations

import attrs
import sympy

from thermozoo.symbolic.codegen import horner_form
from thermozoo.symbolic.kernel_plan import Constants
from thermozoo.symbolic.projection import ProjectionFormulas

__all__ = ["ProjectionPlan", "SumPlan", "projection_plan"]


@attrs.frozen
class SumPlan:
    """A sum over patterns, and what a pattern adds to its derivative, in terms of ``z`` and constants.

    Parameters
    ----------
    exponential : bool
        Whether exponentials are summed up: the sum is held by its logarithm.
    value : Expr
        What is summed up with the weights, or its exponent.
    slope : Expr
        The derivative of `value`.
    held : Symbol
        The sum, or its logarithm.
    outer : Expr
        The derivative of the energy by what is held, in terms of what is held of all sums, and constants.
    """

    exponential: bool
    value: sympy.Expr
    slope: sympy.Expr
    held: sympy.Symbol
    outer: sympy.Expr


@attrs.frozen
class ProjectionPlan:
    """The derivative of an energy of projections by the projection on a pattern.

    Parameters
    ----------
    sums : tuple of SumPlan
        The sums over patterns.
    constants : dict
        Constants by their expressions.
    """

    sums: tuple[SumPlan, ...]
    constants: dict[sympy.Expr, sympy.Symbol]

    def holds(self, one: SumPlan) -> bool:
        """Return whether the force depends on a sum, or on its logarithm, itself: that of a sum by itself does not."""
        return any(one.held in other.outer.free_symbols for other in self.sums)


def projection_plan(formulas: ProjectionFormulas) -> ProjectionPlan:
    """Return how an energy of projections acts on a pattern; constants are named ``c0``, ``c1``, ..."""
    z = sympy.Symbol("z", real=True)
    held = {one.held: sympy.Symbol(f"held_{a}", real=True) for a, one in enumerate(formulas.sums)}
    constants = Constants("c", frozenset([z, *held.values()]))
    sums = []
    for one, outer in zip(formulas.sums, formulas.outer_slopes, strict=True):
        value = one.expression if one.exponent is None else one.exponent
        value, slope = (horner_form(part.xreplace({formulas.z: z}), z) for part in (value, one.slope))
        sums.append(
            SumPlan(
                exponential=one.exponent is not None,
                value=constants.take_out(value),
                slope=constants.take_out(slope),
                held=held[one.held],
                outer=constants.take_out(outer.xreplace(held)),
            )
        )
    return ProjectionPlan(tuple(sums), constants.expressions)
