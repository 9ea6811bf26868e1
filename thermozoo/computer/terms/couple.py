"""From a connectivity and an interaction to the couplings of a computer."""

from __future__ import annotations

import numpy as np

from thermozoo.computer.connect import connect, strengths_of, tuples_of
from thermozoo.computer.couplings import BilinearCouplings, Couplings, EdgeCouplings
from thermozoo.computer.terms.separable import SeparableCouplings
from thermozoo.computer.terms.tuples import TupleCouplings
from thermozoo.errors import ShapeError
from thermozoo.interfaces import Connectivity, Interaction, UnitLayout
from thermozoo.symbolic.interaction import checked_formulas

__all__ = ["couple", "pairwise"]


def couple(connectivity: Connectivity, layout: UnitLayout, interaction: Interaction | None = None) -> Couplings:
    """Return couplings, with the strengths that the connectivity states, else of strength zero.

    Parameters
    ----------
    connectivity : Connectivity
        Which tuples of units are coupled.
    layout : UnitLayout
        Groups of units.
    interaction : Interaction, optional
        The energy of a coupled tuple; none: the product of two states. An energy that is that product has the same
        couplings, whatever plugin it comes from. Where units of a tuple may not be exchanged, they keep the order in
        which the connectivity names them.

    Raises
    ------
    ShapeError
        When the connectivity refuses the groups, its tuples are wrong, or have another order than the interaction.
    FormulaError
        When the energy of a tuple is no number somewhere, jumps, or has no derivative.
    """
    if interaction is None:
        return connect(connectivity, layout)
    formulas = checked_formulas(interaction)
    if formulas.bilinear:
        return connect(connectivity, layout, interaction.name)
    if formulas.products is not None:
        return SeparableCouplings(connect(connectivity, layout, interaction.name), interaction)
    tuples = tuples_of(connectivity, layout, interaction.order, interaction.name)
    if formulas.symmetric:  # then one order of the units of a tuple is as good as another
        tuples = np.sort(tuples, axis=1)
    return TupleCouplings(layout.n, tuples, strengths_of(connectivity, layout, len(tuples)), interaction)


def pairwise(couplings: Couplings) -> BilinearCouplings:
    """Return the strengths of couplings of pairs, by whatever interaction, as those of products of two states.

    Raises
    ------
    ShapeError
        When tuples have more than two units.
    """
    if isinstance(couplings, BilinearCouplings):
        return couplings
    if isinstance(couplings, SeparableCouplings):
        return couplings.pairs
    if couplings.order != 2:
        raise ShapeError(f"the interaction couples {couplings.order} units: there is no matrix of pairs")
    return EdgeCouplings(couplings.n, couplings.edges, couplings.vector)
