r"""Couplings by a pair energy that is a sum of products of functions of one state each.

.. math:: V = \sum_{i<j} J_{ij} \sum_k f_k(x_i)\, g_k(x_j), \qquad
          \partial_i V = \sum_k f_k'(x_i)\, (J g_k(x))_i

One product with J for each different g_k; J is held, and multiplied, as that of bilinear couplings.
"""

from __future__ import annotations

import functools
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.blocks import Block
from thermozoo.computer.couplings import BilinearCouplings, Couplings
from thermozoo.computer.states import floating
from thermozoo.errors import ShapeError
from thermozoo.interfaces import Interaction
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.interaction import InteractionFormulas, interaction_formulas

__all__ = ["SeparableCouplings"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]


@attrs.frozen(eq=False, slots=False)
class SeparableCouplings(Couplings):
    """Couplings of pairs by a symmetric interaction that separates.

    Parameters
    ----------
    pairs : BilinearCouplings
        Which pairs, and the strengths J, as those of bilinear couplings.
    interaction : Interaction
        The energy of a pair.
    """

    pairs: BilinearCouplings
    interaction: Interaction

    def __attrs_post_init__(self) -> None:
        if self.formulas.products is None:
            raise ShapeError(
                f"the energy of the interaction {self.interaction.name!r} is no sum of products of functions of one "
                "state of a pair: couple its tuples one by one"
            )

    @property
    def n(self) -> int:  # type: ignore[override]
        """Number of units."""
        return self.pairs.n

    @property
    def vector(self) -> Array:  # type: ignore[override]
        """Strength of each coupled pair, shape (E,) [energy]."""
        return self.pairs.vector

    @property
    def edges(self) -> Indices:
        """Coupled pairs in the order of `vector`, shape (E, 2)."""
        return self.pairs.edges

    @property
    def blocks(self) -> tuple[Block, ...] | None:
        """Dense blocks that make up J, None where J is sparse."""
        return self.pairs.blocks

    @functools.cached_property
    def formulas(self) -> InteractionFormulas:
        """What is derived from the interaction."""
        return interaction_formulas(self.interaction)

    def with_vector(self, vector: npt.ArrayLike) -> SeparableCouplings:
        """Return the same structure with other strengths, shape (E,) [energy]."""
        return attrs.evolve(self, pairs=self.pairs.with_vector(vector))

    @functools.cached_property
    def _functions(self) -> tuple[Any, Any]:
        """Return functions of a state: every f'_k and g_k that exert a force, and every f_k and g_k."""
        f = self.formulas
        x, y = f.states
        bound = f.bind(values_of(self.interaction))
        slopes = [e for one in f.slopes for e in (one.first, one.second.xreplace({y: x}))]
        whole = [e for one in f.products or () for e in (one.first, one.second.xreplace({y: x}))]
        return bound.function("slopes", [x], *slopes), bound.function("products", [x], *whole)

    def _pairs_of(self, values: Any) -> list[tuple[Array, Array]]:
        return list(zip(values[::2], values[1::2], strict=True))

    def gradient(self, x: Array) -> Array:
        """Return the derivative by the states; see `Term.gradient`."""
        x = floating(x, self.n)
        total = np.zeros_like(x)
        for slope, factor in self._pairs_of(self._functions[0](x)):
            total += slope * self.pairs.product(factor)
        return total

    def energy(self, x: Array) -> Array:
        """Return the coupling energy; see `Term.energy`."""
        x = floating(x, self.n)
        total = np.zeros(x.shape[:-1], dtype=x.dtype)
        for first, second in self._pairs_of(self._functions[1](x)):
            both: Array = np.einsum("...i,...i->...", first, self.pairs.product(second))
            total += 0.5 * both
        return total

    def contract(self, r: Array, x: Array) -> Array:
        """Return r_i d phi/dx_i + r_j d phi/dx_j summed; see `Term.contract`."""
        r, x = r.reshape(-1, self.n), x.reshape(-1, self.n)
        total = np.zeros(self.size)
        for slope, factor in self._pairs_of(self._functions[0](x)):
            total += self.pairs.contract(r * slope, factor)
        return total
