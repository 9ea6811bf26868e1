r"""Second moments between units, as far as the couplings of a computer need them.

The gradient of a quadratic loss is linear in the couplings: with states x, regressors :math:`\phi_p` of single units
(one of them the constant that multiplies a bias) and their coefficients :math:`\lambda_p`,

.. math:: G_{ij} = \sum_k J_{ik} \langle x_k x_j \rangle + \sum_p \lambda_{p,i} \langle \phi_{p,i} x_j \rangle,
    \qquad G_{p,i} = \sum_k J_{ik} \langle \phi_{p,i} x_k \rangle + \dots

Only the pairs (k, j) that share a neighbor i are needed. `thermozoo.training.least_squares.pair_dense` keeps all
pairs, as long as possible as the few rows that they are products of; `thermozoo.training.least_squares.pair_sparse`
keeps those of a sparse connectivity.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from thermozoo.computer.couplings import Couplings, DenseCouplings

__all__ = ["NO_UNITS", "PairSums", "Respond"]

Array = npt.NDArray[np.float64]
Respond = Callable[[Array], Array]

#: No noiseless units.
NO_UNITS = np.zeros(0, dtype=np.int64)


class PairSums(abc.ABC):
    """Sums of products of rows: add rows, then multiply.

    Parameters
    ----------
    couplings : Couplings
        The structure; its strengths do not matter.
    noiseless : ndarray of int, shape (C,)
        Units whose states have no noise: clamped ones.

    Attributes
    ----------
    by_noiseless : ndarray, shape (1 + C, 1 + C)
        Sums of products of the constant and of noiseless states with each other.
    by_state : ndarray, shape (1 + C, n)
        The same with all states.
    by_local : ndarray, shape (P - 1, 1 + C, n)
        The same with the other regressors.
    """

    def __init__(self, couplings: Couplings, noiseless: npt.NDArray[np.int64] = NO_UNITS) -> None:
        self.couplings = couplings
        self.n = couplings.n
        self.squares = np.zeros(self.n)
        self.noiseless = noiseless
        self.by_noiseless = np.zeros((1 + noiseless.size, 1 + noiseless.size))
        self.by_state = np.zeros((1 + noiseless.size, self.n))
        self.by_local = np.zeros((0, 1 + noiseless.size, self.n))
        self._held: tuple[Array, Array] | None = None

    def add(self, states: Array, ones: Array, local: Array) -> None:
        """Add the products of rows of states with each other and with regressors.

        Parameters
        ----------
        states : ndarray, shape (R, n)
            Rows.
        ones : ndarray, shape (R,)
            The constant regressor in each row: one, or what is left of it in a projection.
        local : ndarray, shape (P - 1, R, n)
            The other regressors.
        """
        if self.noiseless.size:
            rows = np.concatenate([ones[:, None], states[:, self.noiseless]], axis=1).astype(np.float64)
            self.by_noiseless += rows.T @ rows
            self.by_state += rows.T @ states
            if not len(self.by_local):
                self.by_local = np.zeros((len(local), *self.by_state.shape))
            for total, one in zip(self.by_local, local, strict=True):
                total += rows.T @ one
        self._add(states, ones, local)

    @abc.abstractmethod
    def _add(self, states: Array, ones: Array, local: Array) -> None:
        """Add the products of rows, but those with noiseless states."""

    def add_squares(self, values: Array) -> None:
        """Add to the second moment of each unit with itself, shape (n,): a variance that the rows do not hold."""
        self.squares += values
        self._held = None

    def absorb(self, other: Self) -> None:
        """Add the sums of another one, which is of no use afterwards."""
        self._held = None
        self.squares += other.squares
        self.by_noiseless += other.by_noiseless
        self.by_state += other.by_state
        self.by_local = self.by_local + other.by_local if len(self.by_local) else other.by_local
        self._absorb(other)

    @abc.abstractmethod
    def _absorb(self, other: Self) -> None:
        """Add the sums of another one, but those with noiseless states."""

    def checkpoint(self) -> Any:
        """Return the sums so far, as a value."""
        ends = (self.by_noiseless.copy(), self.by_state.copy(), self.by_local.copy())
        return self.squares.copy(), *ends, self._checkpoint()

    @abc.abstractmethod
    def _checkpoint(self) -> Any:
        """Return the sums so far, but those with noiseless states."""

    def restore(self, value: Any) -> None:
        """Put back what `checkpoint` returned of one that was made alike."""
        self._held = None
        self.squares, self.by_noiseless, self.by_state, self.by_local, own = value
        self._restore(own)

    @abc.abstractmethod
    def _restore(self, value: Any) -> None:
        """Put back what `_checkpoint` returned."""

    @abc.abstractmethod
    def product(self, vector: Array, respond: Respond, weight: Array) -> tuple[Array, Array]:
        """Return the gradient by every coupling, and the local coefficients that it was taken at.

        Parameters
        ----------
        vector : ndarray, shape (E,)
            Couplings.
        respond : callable
            Receives what couplings contribute to the gradient by the local coefficients, sum over k of
            ``J_ik <phi_pi x_k>``, shape (P, n), and returns the local coefficients, shape (P, n).
        weight : ndarray, shape (n,)
            Weight of each unit's loss (zero for clamped units).

        Returns
        -------
        ndarray of shape (E,), ndarray of shape (P, n)
            ``w_i G_ij + w_j G_ji``, and what `respond` returned.
        """

    @abc.abstractmethod
    def row_squares(self) -> Array:
        """Return the sum of squares of each unit's rows, shape (n,)."""

    def spread(self) -> Array:
        """Return about what of each unit's second moment no other unit predicts, shape (n,), for preconditioning.

        It is the variance that was added; where none was, the whole second moment, unless a subclass knows better.
        """
        return self.squares if np.any(self.squares) else self.row_squares()

    def scale(self, weight: Array) -> Array:
        """Return the preconditioner of couplings, w_i d_j + w_j d_i with d the spread, shape (E,)."""
        return self._sums_over_ends(weight, self.spread())

    def curvature(self, weight: Array) -> Array:
        """Return the second derivative of the loss by each coupling, w_i <x_j^2> + w_j <x_i^2>, shape (E,)."""
        return self._sums_over_ends(weight, self.row_squares() + self.squares)

    def _sums_over_ends(self, weight: Array, values: Array) -> Array:
        if not isinstance(self.couplings, DenseCouplings):
            i, j = self.couplings.edges.T
            total: Array = weight[i] * values[j] + weight[j] * values[i]
            return total
        sums: list[Array] = [np.zeros(0)]
        for part in self.couplings.parts:
            both = np.multiply.outer(weight[part.rows], values[part.columns])
            both += np.multiply.outer(values[part.rows], weight[part.columns])
            sums.append(np.asarray(part.couplings(both), dtype=np.float64))
        return np.concatenate(sums)

    def _own(self, weight: Array) -> Array:
        """Return what the squares of units add to the second derivative by each coupling, shape (E,)."""
        if self._held is None or self._held[0] is not weight:
            self._held = (weight, self._sums_over_ends(weight, self.squares))
        return self._held[1]
