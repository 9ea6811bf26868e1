"""Second moments between units that share a neighbor."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from thermozoo.computer.couplings import Couplings
from thermozoo.training.least_squares.pair_base import NO_UNITS, PairSums, Respond

__all__ = ["SparsePairs"]

Array = npt.NDArray[np.float64]

#: Products that a batch of rows may hold.
_BATCH = 20_000_000


class SparsePairs(PairSums):
    """Pairs of units that share a neighbor.

    Each coupling is two half-edges, owned by either end; the half-edges of one owner make a small dense block.
    """

    def __init__(self, couplings: Couplings, noiseless: npt.NDArray[np.int64] = NO_UNITS) -> None:
        super().__init__(couplings, noiseless)
        i, j = couplings.edges.T
        edge = np.tile(np.arange(len(i)), 2)
        owner, other = np.concatenate([i, j]), np.concatenate([j, i])
        order = np.argsort(owner, kind="stable")
        self._owner, self._other, self._edge = owner[order], other[order], edge[order]
        degree = np.bincount(self._owner, minlength=self.n)
        start = np.cumsum(degree) - degree
        # Row e of the matrix of blocks: all half-edges of the owner of e.
        width = degree[self._owner]
        self._pointer = np.concatenate([[0], np.cumsum(width)])
        offset = np.arange(self._pointer[-1]) - np.repeat(self._pointer[:-1], width)
        self._column = np.repeat(start[self._owner], width) + offset
        self._row = np.repeat(np.arange(len(self._owner)), width)
        self._sums = np.zeros(len(self._column))
        self._cross: Array | None = None
        self._ready: Any = None

    @staticmethod
    def entries(couplings: Couplings) -> int:
        """Return how many sums the connectivity needs."""
        degree = np.bincount(couplings.edges.ravel(), minlength=couplings.n)
        return int(np.sum(degree.astype(np.int64) ** 2))

    def _add(self, states: Array, ones: Array, local: Array) -> None:
        if self._cross is None:
            self._cross = np.zeros((1 + len(local), len(self._owner)))
        self._ready = None
        batch = max(1, _BATCH // max(1, len(self._column)))
        for first in range(0, len(states), batch):
            x = states[first : first + batch][:, self._other]
            self._sums += np.einsum("re,re->e", x[:, self._row], x[:, self._column])
            self._cross[0] += ones[first : first + batch] @ x
            for total, one in zip(self._cross[1:], local[:, first : first + batch], strict=True):
                total += np.einsum("re,re->e", one[:, self._owner], x)

    def _absorb(self, other: Self) -> None:
        self._ready = None
        self._sums += other._sums
        if self._cross is None or other._cross is None:
            self._cross = other._cross if self._cross is None else self._cross
        else:
            self._cross += other._cross

    def _checkpoint(self) -> Any:
        return self._sums.copy(), None if self._cross is None else self._cross.copy()

    def _restore(self, value: Any) -> None:
        self._ready = None
        self._sums, self._cross = value

    def _matrix(self) -> Any:
        """Return the sums as a sparse matrix over half-edges."""
        if self._ready is None:
            from scipy import sparse

            shape = (len(self._owner), len(self._owner))
            self._ready = sparse.csr_array((self._sums, self._column, self._pointer), shape=shape)
        return self._ready

    def row_squares(self) -> Array:
        """Return the sum of squares of each unit's rows, shape (n,)."""
        same = self._row == self._column
        moments = np.zeros(self.n)
        moments[self._other[self._row[same]]] = self._sums[same]
        return moments

    def product(self, vector: Array, respond: Respond, weight: Array) -> tuple[Array, Array]:
        """Return the gradient by couplings at the local coefficients that respond to them."""
        assert self._cross is not None
        half = vector[self._edge]
        gradient = self._matrix() @ half
        local = respond(np.stack([np.bincount(self._owner, half * cross, minlength=self.n) for cross in self._cross]))
        for coefficient, cross in zip(local, self._cross, strict=True):
            gradient += coefficient[self._owner] * cross
        by_edge = vector * self._own(weight)
        np.add.at(by_edge, self._edge, weight[self._owner] * gradient)
        return by_edge, local
