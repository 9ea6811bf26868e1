r"""Regressors without noise: the states of clamped units, which the least squares of each free unit take in exactly.

A clamped unit holds a value z that depends on the image only, so couplings :math:`B_{ic}` to clamped units act like
biases that depend on the image. The loss of unit i is quadratic in its own B and bias with one matrix, whatever the
couplings J among free units are: they are eliminated like the bias is. With orthonormal combinations :math:`u_k` of the
constant and of the z that a unit is coupled to,

.. math:: \langle x x^T \rangle \to \langle x x^T \rangle - \sum_k \langle u_k x \rangle \langle u_k x \rangle^T ,

the second moments about what the regressors explain. Combinations that vanish (one-hot values and a bias) are left out,
which gives the solution of least norm. Conjugate gradients over B as well would find them last: what they add to the
second derivative is no noise, but the rest of an almost perfect prediction.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.training.least_squares.pair_base import PairSums

__all__ = ["Noiseless", "noiseless_of"]

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

#: Combinations of regressors whose second moment is below this fraction of the largest count as vanishing.
_VANISHING = 1e-12


@attrs.frozen(eq=False)
class Noiseless:
    """The regressors of units that are coupled to the same clamped units.

    Parameters
    ----------
    units : ndarray of bool, shape (n,)
        Which units.
    rows : ndarray of int, shape (C,)
        The regressors: zero for the constant, 1 + c for the c-th clamped unit.
    mix : ndarray, shape (C, r)
        Their orthonormal combinations u_k.
    states : ndarray, shape (r, n)
        Second moments of u_k with all states.
    local : ndarray, shape (P - 1, r, n)
        Second moments of u_k with the local regressors of these units, zero elsewhere.
    edges, ends, places : ndarray of int, shape (B,)
        Couplings of these units to clamped ones, their free ends, and which of `rows` their clamped ends are.
    """

    units: npt.NDArray[np.bool_]
    rows: Indices
    mix: Array
    states: Array
    local: Array
    edges: Indices
    ends: Indices
    places: Indices

    def gradient(self, by_couplings: Array, by_bias: Array) -> Array:
        """Return the gradient by the amounts of u_k, shape (r, n), of gradients by couplings and by biases."""
        by_regressor = np.zeros((len(self.rows), len(by_bias)))
        by_regressor[self.places, self.ends] = by_couplings[self.edges]
        if self.rows[0] == 0:
            by_regressor[0] = np.where(self.units, by_bias, 0.0)
        return np.asarray(self.mix.T @ by_regressor)

    def fill(self, amounts: Array, couplings: Array, local: Array) -> None:
        """Write amounts of u_k, shape (r, n), as couplings to clamped units and as biases."""
        by_regressor = self.mix @ amounts
        couplings[self.edges] = by_regressor[self.places, self.ends]
        if self.rows[0] == 0:
            local[0, self.units] = by_regressor[0, self.units]


def noiseless_of(pairs: PairSums, moments: Array, weight: Array, free: npt.NDArray[np.bool_]) -> tuple[Noiseless, ...]:
    """Return the regressors without noise of all units that have some, by the clamped units that they are coupled to.

    Parameters
    ----------
    pairs, moments, weight, free
        See `thermozoo.training.least_squares.normal_equations.NormalEquations`.
    """
    if pairs.noiseless.size == 0 or not np.any(np.diag(pairs.by_noiseless)[1:]):
        return ()
    n = pairs.n
    place = np.zeros(n, dtype=np.int64)
    place[pairs.noiseless] = 1 + np.arange(pairs.noiseless.size)
    both = pairs.couplings.edges
    number = np.arange(len(both))
    edges = np.concatenate([number, number])
    ends, others = np.concatenate([both[:, 0], both[:, 1]]), np.concatenate([both[:, 1], both[:, 0]])
    kept = (place[others] > 0) & (weight[ends] > 0)
    edges, ends, which = edges[kept], ends[kept], place[others[kept]]
    coupled = np.zeros((n, 1 + pairs.noiseless.size), dtype=bool)
    coupled[ends, which] = True
    some = coupled.any(axis=1)
    coupled[:, 0] = free[0]
    found = []
    for pattern in np.unique(coupled[some], axis=0):
        units = some & np.all(coupled == pattern, axis=1)
        rows = np.flatnonzero(pattern)
        values, vectors = np.linalg.eigh(pairs.by_noiseless[np.ix_(rows, rows)])
        large = values > _VANISHING * values[-1]
        mix = vectors[:, large] / np.sqrt(values[large])
        with_local = pairs.by_local[:, rows] * units
        if pattern[0]:
            with_local[:, 0] = moments[0, 1:] * units
        mine = units[ends]
        found.append(
            Noiseless(
                units=units,
                rows=rows,
                mix=mix,
                states=mix.T @ pairs.by_state[rows],
                local=np.einsum("ck,pci->pki", mix, with_local),
                edges=edges[mine],
                ends=ends[mine],
                places=np.searchsorted(rows, which[mine]),
            )
        )
    return tuple(found)
