"""How the force of a coupling term is worked out: products with J where its energy separates, else tuple by tuple.

As in `thermozoo.symbolic.kernel_plan`, whatever depends on no state is a named constant, so that no number is part of
what is compiled.
"""

from __future__ import annotations

import attrs
import sympy

from thermozoo.symbolic.codegen import horner_form
from thermozoo.symbolic.interaction import InteractionFormulas
from thermozoo.symbolic.kernel_plan import Constants

__all__ = ["AT", "OTHERS", "ProductPlan", "TuplePlan", "factor_symbol", "product_plan", "product_symbol", "tuple_plan"]

#: The state of the unit on which a force acts, and those of the other units of a tuple.
AT = sympy.Symbol("at", real=True)
OTHERS = tuple(sympy.Symbol(f"other_{k}", real=True) for k in range(1, 6))


def product_symbol(k: int) -> sympy.Symbol:
    """Return the symbol of (J g_k(x))_i."""
    return sympy.Symbol(f"product_{k}", real=True)


def factor_symbol(k: int) -> sympy.Symbol:
    """Return the symbol of g_k(x_i)."""
    return sympy.Symbol(f"factor_{k}", real=True)


@attrs.frozen
class ProductPlan:
    """The derivative of a separated pair energy by the state of a unit, sum_k f'_k(x_i) (J g_k(x))_i.

    Parameters
    ----------
    factors : tuple of Expr
        Every different g_k that depends on the state `AT`; the state itself needs no evaluation.
    rows : bool
        Whether the sum over a row of J is used: the product of a g_k that is a number.
    slope : Expr
        The derivative, in terms of `AT`, products and factors by number, and constants; ``product_k`` of k = the number
        of factors is the row's sum.
    constants : dict
        Constants by their expressions.
    """

    factors: tuple[sympy.Expr, ...]
    rows: bool
    slope: sympy.Expr
    constants: dict[sympy.Expr, sympy.Symbol]

    @property
    def written(self) -> tuple[int, ...]:
        """Which factors have to be worked out before the product: those that are not the state itself."""
        return tuple(k for k, factor in enumerate(self.factors) if factor != AT)


@attrs.frozen
class TuplePlan:
    """The derivative of the energy of one tuple by the state of one of its units.

    Parameters
    ----------
    place : int
        The place of that unit in the tuple; of a symmetric interaction, 0 stands for all.
    slope : Expr
        The derivative, in terms of `AT`, `OTHERS` (the other units in their order) and constants.
    constants : dict
        Constants by their expressions.
    """

    place: int
    slope: sympy.Expr
    constants: dict[sympy.Expr, sympy.Symbol]


def product_plan(formulas: InteractionFormulas, prefix: str) -> ProductPlan:
    """Return how a pair energy that separates acts on a unit; constants are named by the prefix and a number.

    A derivative f'_k in which some g_j(x_i) occurs reads the number that was worked out for the product with J.
    """
    x, y = formulas.states
    second = [one.second.xreplace({y: AT}) for one in formulas.slopes]
    moving = [g for g in second if g.has(AT)]
    products = [product_symbol(k) for k in range(len(moving) + 1)]
    constants = Constants(prefix, frozenset([AT, *products, *map(factor_symbol, range(len(moving)))]))
    known = {g: factor_symbol(k) for k, g in enumerate(moving) if g != AT}
    slope = sympy.Integer(0)
    for one, g in zip(formulas.slopes, second, strict=True):
        first = one.first.xreplace({x: AT}).xreplace(known)
        slope += horner_form(first, AT) * (products[moving.index(g)] if g.has(AT) else g * products[-1])
    factors = tuple(constants.take_out(horner_form(g, AT)) for g in moving)
    return ProductPlan(factors, len(moving) < len(second), constants.take_out(slope), constants.expressions)


def tuple_plan(formulas: InteractionFormulas, place: int, prefix: str) -> TuplePlan:
    """Return how a tuple acts on the unit at one of its places."""
    own = formulas.states[place]
    others = [state for state in formulas.states if state != own]
    names = {own: AT, **dict(zip(others, OTHERS, strict=False))}
    constants = Constants(prefix, frozenset(names.values()))
    slope = constants.take_out(formulas.gradients[place].xreplace(names))
    return TuplePlan(place, slope, constants.expressions)
