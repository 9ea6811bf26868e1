r"""Couplings of tuples of units, one by one, by any interaction.

.. math:: V = \sum_e J_e\, \phi(x_{e_1}, \ldots, x_{e_k})
"""

from __future__ import annotations

import functools
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import real_array
from thermozoo.computer.couplings import Couplings
from thermozoo.computer.states import floating
from thermozoo.errors import ShapeError
from thermozoo.interfaces import Interaction
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.interaction import InteractionFormulas, interaction_formulas

__all__ = ["TupleCouplings"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]

#: Numbers, of tuples times trajectories, that are held at a time.
_AT_A_TIME = 2**22


@attrs.frozen(eq=False, slots=False)
class TupleCouplings(Couplings):
    """Couplings given tuple by tuple.

    Parameters
    ----------
    n : int
        Number of units.
    tuples : ndarray of int, shape (E, order)
        Coupled units, each tuple once, in the order in which the interaction takes them.
    vector : ndarray, shape (E,)
        Strengths [energy].
    interaction : Interaction
        The energy of a tuple.
    """

    n: int
    tuples: Indices
    vector: Array
    interaction: Interaction

    def __attrs_post_init__(self) -> None:
        if self.tuples.ndim != 2 or self.tuples.shape[1] != self.interaction.order:
            raise ShapeError(
                f"the interaction {self.interaction.name!r} couples {self.interaction.order} units: expected tuples of "
                f"shape (E, {self.interaction.order}), got {self.tuples.shape}"
            )
        real_array("couplings", self.vector, (len(self.tuples),), "one strength a tuple")

    @property
    def edges(self) -> Indices:
        """Coupled tuples, each once, in the order of `vector`, shape (E, order)."""
        return self.tuples

    @property
    def blocks(self) -> None:
        """Return None: there are no dense blocks."""
        return

    @functools.cached_property
    def formulas(self) -> InteractionFormulas:
        """What is derived from the interaction."""
        return interaction_formulas(self.interaction)

    def with_vector(self, vector: npt.ArrayLike) -> TupleCouplings:
        """Return the same structure with other strengths, shape (E,) [energy]."""
        given = np.array(real_array("couplings", vector, (self.size,)), dtype=np.float64)
        return attrs.evolve(self, vector=given)

    @functools.cached_property
    def _functions(self) -> tuple[Any, Any]:
        f = self.formulas
        bound = f.bind(values_of(self.interaction))
        return bound.function("energy", f.states, f.energy), bound.function("gradients", f.states, *f.gradients)

    @functools.cached_property
    def _scatter(self) -> list[Any]:
        """For each place of a tuple, the sparse matrix (n, E) that adds what tuples hold to their units."""
        from scipy import sparse

        ones, which = np.ones(self.size), np.arange(self.size)
        shape = (self.n, self.size)
        return [sparse.csr_array((ones, (units, which)), shape=shape) for units in self.tuples.T]

    def _chunks(self, x: Array) -> list[slice]:
        rows = max(1, _AT_A_TIME // max(1, self.size))
        return [slice(k, k + rows) for k in range(0, len(x), rows)]

    def _states(self, x: Array) -> list[Array]:
        return [x[:, units] for units in self.tuples.T]

    def energy(self, x: Array) -> Array:
        """Return the coupling energy; see `Term.energy`."""
        x = floating(x, self.n)
        flat = x.reshape(-1, self.n)
        total = np.zeros(len(flat), dtype=x.dtype)
        for rows in self._chunks(flat) if self.size else ():
            total[rows] = self._functions[0](*self._states(flat[rows]))[0] @ self.vector.astype(x.dtype)
        return total.reshape(x.shape[:-1])

    def gradient(self, x: Array) -> Array:
        """Return the derivative by the states; see `Term.gradient`."""
        x = floating(x, self.n)
        flat = x.reshape(-1, self.n)
        total = np.zeros_like(flat)
        strengths = self.vector.astype(x.dtype)
        for rows in self._chunks(flat) if self.size else ():
            for slopes, scatter in zip(self._functions[1](*self._states(flat[rows])), self._scatter, strict=True):
                total[rows] += (scatter.astype(x.dtype) @ (slopes * strengths).T).T
        return total.reshape(x.shape)

    def contract(self, r: Array, x: Array) -> Array:
        """Return the sum of r d phi/dx over the units of every tuple; see `Term.contract`."""
        r, x = r.reshape(-1, self.n), x.reshape(-1, self.n)
        total = np.zeros(self.size)
        for rows in self._chunks(x) if self.size else ():
            slopes = self._functions[1](*self._states(x[rows]))
            for residual, slope in zip(self._states(r[rows]), slopes, strict=True):
                total += np.einsum("bi,bi->i", residual, slope)
        return total
