"""From a connectivity and an interaction to the couplings of a computer."""

from __future__ import annotations

import numpy as np

from thermozoo.computer.connect import connect
from thermozoo.computer.couplings import BilinearCouplings, Couplings, EdgeCouplings
from thermozoo.computer.terms.separable import SeparableCouplings
from thermozoo.computer.terms.tuples import TupleCouplings
from thermozoo.errors import ShapeError
from thermozoo.interfaces import Connectivity, Interaction, UnitLayout
from thermozoo.symbolic.interaction import interaction_formulas

__all__ = ["couple", "pairwise"]


def couple(connectivity: Connectivity, layout: UnitLayout, interaction: Interaction | None = None) -> Couplings:
    """Return couplings of strength zero.

    Parameters
    ----------
    connectivity : Connectivity
        Which tuples of units are coupled.
    layout : UnitLayout
        Groups of units.
    interaction : Interaction, optional
        The energy of a coupled tuple; none: the product of two states. An energy that is that product has the same
        couplings, whatever plugin it comes from.

    Raises
    ------
    ShapeError
        When the connectivity refuses the groups, its tuples are wrong, or have another order than the interaction.
    """
    if interaction is None:
        return connect(connectivity, layout)
    formulas = interaction_formulas(interaction)
    if interaction.order != 2:
        raise ShapeError(
            f"connectivity {connectivity.name!r} couples pairs of units, the interaction {interaction.name!r} tuples "
            f"of {interaction.order}"
        )
    pairs = connect(connectivity, layout)
    if formulas.bilinear:
        return pairs
    if formulas.products is not None:
        return SeparableCouplings(pairs, interaction)
    return TupleCouplings(pairs.n, np.asarray(pairs.edges), pairs.vector, interaction)


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
