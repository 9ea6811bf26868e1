r"""From an energy of projections to its forces, in a form that does not overflow.

.. math:: V_p = G(S_1, S_2, \ldots), \qquad S_a = \sum_k w_k f_a(m_k \cdot x), \qquad
          \partial V_p = \sum_k m_k \sum_a \frac{\partial G}{\partial S_a}\, w_k f_a'(m_k \cdot x)

Where f_a is an exponential, exp(g), the sum is held by its logarithm L = ln S, and G is written in L: then
dV_p = sum_k m_k (dG/dL) p_k g'(m_k.x) with p the softmax of ln w_k + g, and no exponential of a large number is taken
unless the energy itself is as large.
"""

from __future__ import annotations

import attrs
import numpy as np
import sympy

from thermozoo.errors import FormulaError, ParameterError
from thermozoo.interfaces import Projection
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.calculus import derivative
from thermozoo.symbolic.called import called
from thermozoo.symbolic.formula import Formula, cached_by_formula
from thermozoo.symbolic.functions import refuse_unknown
from thermozoo.symbolic.guard import where_written

__all__ = ["PatternSum", "ProjectionFormulas", "projection_formulas"]


@attrs.frozen
class PatternSum:
    """A sum over patterns.

    Parameters
    ----------
    symbol : Symbol
        S, as the energy names it.
    expression : Expr
        f(z), what is summed up with the weights.
    exponent : Expr or None
        g(z) where f = exp(g).
    held : Symbol
        What is computed: S, or its logarithm where there is an exponent.
    slope : Expr
        f'(z), or g'(z) where there is an exponent.
    """

    symbol: sympy.Symbol
    expression: sympy.Expr
    exponent: sympy.Expr | None
    held: sympy.Symbol
    slope: sympy.Expr


@attrs.frozen
class ProjectionFormulas(Formula):
    """Everything that follows from the energy of projections.

    Parameters
    ----------
    z : Symbol
        Projection of the states on a pattern.
    energy : Expr
        G of the sums.
    sums : tuple of PatternSum
        The sums over patterns.
    outer : Expr
        G of what is held of each sum.
    outer_slopes : tuple of Expr
        Its derivatives by what is held of each sum.
    """

    z: sympy.Symbol
    energy: sympy.Expr
    sums: tuple[PatternSum, ...]
    outer: sympy.Expr
    outer_slopes: tuple[sympy.Expr, ...]

    @property
    def force(self) -> sympy.Expr:
        """The weight of a pattern of weight one in the force: -dV_p = sum_k w_k m_k force(m_k.x)."""
        return sympy.Add(
            *(-sympy.diff(self.energy, one.symbol) * sympy.diff(one.expression, self.z) for one in self.sums)
        )


def projection_formulas(projection: Projection) -> ProjectionFormulas:
    """Derive forces from the energy of projections.

    Raises
    ------
    FormulaError
        When the formula is not symbolic, has no sum over patterns, uses a projection outside of a sum, or sympy cannot
        differentiate it.
    ParameterError
        When a parameter has one value per unit.
    """
    formulas = _projection_formulas(projection)
    several = [name for name, value in values_of(projection).items() if np.ndim(value)]
    if several:
        raise ParameterError(
            f"the projection {projection.name!r} has one value of {several[0]} for each unit: expected a number; what "
            "differs from pattern to pattern is its weight"
        )
    return formulas


@cached_by_formula(64)
def _projection_formulas(projection: Projection) -> ProjectionFormulas:
    traced = called(projection)
    owner, place = type(projection).__name__, where_written(projection.energy)
    z, energy, asked = traced.symbols["z"], traced.expression, traced.requests["sum"]
    symbols = {symbol for symbol, _ in asked}
    if not energy.free_symbols & symbols:
        raise FormulaError(f"{owner}: the energy {energy} has no sum over patterns ({place}): write s.sum(f(s.z))")
    if energy.has(z):
        raise FormulaError(
            f"{owner}: the energy {energy} uses z outside of a sum ({place}): which pattern's projection it is, is not "
            "said; put it into s.sum(...)"
        )
    for symbol, at in asked:
        if at.free_symbols & symbols:
            raise FormulaError(f"{owner}: {symbol} is a sum of a sum, {at} ({place}): sums stand side by side")
    sums = tuple(_sum(symbol, at, z) for symbol, at in asked if energy.has(symbol))
    held = {one.symbol: sympy.exp(one.held) for one in sums if one.exponent is not None}
    outer = sympy.expand_log(sympy.powsimp(energy.xreplace(held))) if held else energy
    slopes = tuple(derivative(outer, one.held, one.held) for one in sums)
    for expression in (outer, *slopes, *(one.slope for one in sums)):
        if expression.has(sympy.Derivative, sympy.Subs):
            raise FormulaError(
                f"{owner}: sympy cannot differentiate the energy ({expression}; {place}). Write it with differentiable "
                "functions."
            )
        refuse_unknown(expression, f"{owner}.energy", place, "derivative")
    return ProjectionFormulas(traced.parameters, z, energy, sums, outer, slopes)


def _sum(symbol: sympy.Symbol, at: sympy.Expr, z: sympy.Symbol) -> PatternSum:
    exponent = _exponent(at, z)
    if exponent is None:
        return PatternSum(symbol, at, None, symbol, derivative(at, z, z))
    logarithm = sympy.Symbol(f"log_{symbol}", real=True)
    return PatternSum(symbol, at, exponent, logarithm, derivative(exponent, z, z))


def _exponent(expression: sympy.Expr, z: sympy.Symbol) -> sympy.Expr | None:
    """Return g where an expression is exp(g) with a g that depends on z, else None."""
    total = sympy.Integer(0)
    for factor in sympy.Mul.make_args(sympy.powsimp(expression)):
        if isinstance(factor, sympy.exp):
            total += factor.args[0]
            continue
        base, power = factor.as_base_exp()
        if base.has(z) or not base.is_positive:
            return None
        total += power * sympy.log(base)
    return total if total.has(z) else None
