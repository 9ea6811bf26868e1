"""From the energy of one coupled tuple to its derivatives, and to products of functions of one state each."""

from __future__ import annotations

import itertools

import attrs
import numpy as np
import sympy

from thermozoo.errors import FormulaError, ParameterError
from thermozoo.interfaces import Interaction
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.calculus import derivative
from thermozoo.symbolic.called import called
from thermozoo.symbolic.formula import Formula, cached_by_formula
from thermozoo.symbolic.functions import refuse_unknown
from thermozoo.symbolic.guard import where_written
from thermozoo.symbolic.lines import undefined_somewhere
from thermozoo.symbolic.separable import Product, separate

__all__ = ["InteractionFormulas", "checked_formulas", "interaction_formulas"]


@attrs.frozen
class InteractionFormulas(Formula):
    """Everything that follows from the energy of one tuple.

    Parameters
    ----------
    states : tuple of Symbol
        The states of its units.
    energy : Expr
        phi.
    gradients : tuple of Expr
        d phi / d state, one for each unit of the tuple; where it jumps, what it is on either side.
    curvatures : tuple of tuple of Expr
        d2 phi / d state d state, likewise.
    symmetric : bool
        Whether units may be exchanged, found symbolically.
    products : tuple of Product or None
        The energy of a symmetric pair as a sum of products f(x) g(y), where it is one.
    """

    states: tuple[sympy.Symbol, ...]
    energy: sympy.Expr
    gradients: tuple[sympy.Expr, ...]
    curvatures: tuple[tuple[sympy.Expr, ...], ...]
    symmetric: bool
    products: tuple[Product, ...] | None

    @property
    def bilinear(self) -> bool:
        """Whether it is the product of two states: what dense kernels are written for."""
        return len(self.states) == 2 and sympy.expand(self.energy - self.states[0] * self.states[1]) == 0

    @property
    def slopes(self) -> tuple[Product, ...]:
        """Of a separated pair energy, f'(x) and g(y) of every product that exerts a force on the first unit."""
        x = self.states[0]
        both = ((sympy.diff(one.first, x), one.second) for one in self.products or ())
        return tuple(Product(slope, second) for slope, second in both if slope != 0)


def checked_formulas(interaction: Interaction) -> InteractionFormulas:
    """Derive forces and products of an interaction that units are to be coupled by, at its own parameters.

    Raises
    ------
    FormulaError
        As `interaction_formulas`, and when the energy jumps or is no number somewhere.
    ParameterError
        When a parameter has several values.
    """
    formulas = interaction_formulas(interaction)
    values = values_of(interaction)
    several = [name for name, value in values.items() if np.ndim(value)]
    if several:
        raise ParameterError(
            f"the interaction {interaction.name!r} has several values of {several[0]}: expected a number; what differs "
            "from tuple to tuple is its strength"
        )
    where = undefined_somewhere(
        formulas.energy, formulas.states, {formulas.parameters[n]: v for n, v in values.items()}
    )
    if where is not None:
        raise FormulaError(f"{type(interaction).__name__}: {where} ({where_written(interaction.energy)})")
    return formulas


@cached_by_formula(64)
def interaction_formulas(interaction: Interaction) -> InteractionFormulas:
    """Derive forces and products from the energy of a tuple.

    Raises
    ------
    FormulaError
        When the formula is not symbolic, sympy cannot differentiate it, or there is no code for a function.
    """
    traced = called(interaction)
    states = tuple(traced.symbols.values())
    energy = traced.expression
    gradients = tuple(derivative(energy, state, state) for state in states)
    curvatures = tuple(tuple(derivative(gradient, state, state) for state in states) for gradient in gradients)
    owner, place = type(interaction).__name__, where_written(interaction.energy)
    for state, gradient in zip(states, gradients, strict=True):
        if gradient.has(sympy.Derivative, sympy.Subs):
            raise FormulaError(
                f"{owner}: sympy cannot differentiate the energy (its derivative by {state} is {gradient}; {place}). "
                "Write it with differentiable functions."
            )
        refuse_unknown(gradient, f"{owner}.energy", place, f"derivative by {state}")
    symmetric = all(_same_exchanged(energy, one, other) for one, other in itertools.pairwise(states))
    products = separate(energy, *states) if len(states) == 2 and symmetric else None
    return InteractionFormulas(traced.parameters, states, energy, gradients, curvatures, symmetric, products)


def _same_exchanged(energy: sympy.Expr, one: sympy.Symbol, other: sympy.Symbol) -> bool:
    exchanged = energy.xreplace({one: other, other: one})
    return bool(sympy.simplify(exchanged - energy) == 0)
