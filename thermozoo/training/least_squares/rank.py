r"""How many couplings and biases a sum of squares determines.

Couplings and biases for which J x + b vanishes at free units in all rows x are not determined. Of the couplings
:math:`B_i` of a free unit to clamped ones and its bias, these are the null space of the second moments of the constant
and of the clamped states. With them eliminated, couplings among free units are not determined where

.. math:: \sum_k M^{(i)}_{jk} J_{ik} = 0 \text{ for all } i, j, \qquad
    M^{(i)} = S_{ff} - S_{fc} S_{cc}^{+} S_{cf}

with f the free units that unit i is coupled to, and c the constant and its clamped ones.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["Rank", "rank_of"]

Array = npt.NDArray[np.float64]

#: Eigenvalues below this fraction of the largest, of moments scaled to a diagonal of one, count as zero.
_VANISHING = 1e-11

#: Couplings among free units above which their rank is not found: it takes their third power.
_MOST = 4096


@attrs.frozen
class Rank:
    """How much is determined.

    Parameters
    ----------
    unknowns : int
        Couplings, and biases of free units.
    undetermined_by_clamped : int
        Directions of couplings to clamped units, and of biases, that change nothing.
    undetermined_among_free : int or None
        Further directions, in which couplings among free units change; None where these are too many to tell.
    """

    unknowns: int
    undetermined_by_clamped: int
    undetermined_among_free: int | None

    @property
    def rank(self) -> int:
        """Directions that are determined, all of those among free units where this is not known."""
        return self.unknowns - self.undetermined_by_clamped - (self.undetermined_among_free or 0)


def rank_of(moments: Array, edges: npt.NDArray[np.int64], free: npt.NDArray[np.bool_]) -> Rank:
    """Return how many couplings and biases are determined.

    Parameters
    ----------
    moments : ndarray, shape (1 + n, 1 + n)
        Second moments of the constant and of all states.
    edges : ndarray of int, shape (E, 2)
        Pairs of units that are coupled.
    free : ndarray of bool, shape (n,)
        Units with a loss, whose biases are unknown.
    """
    diagonal = np.diag(moments)
    scale = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    unit = moments / np.multiply.outer(scale, scale)
    moving = edges[free[edges].all(axis=1)]
    held = edges[free[edges].sum(axis=1) == 1]
    idle = len(edges) - len(moving) - len(held)  # between clamped units: no loss depends on them
    number = np.full((len(free), len(free)), -1)
    number[moving[:, 0], moving[:, 1]] = number[moving[:, 1], moving[:, 0]] = np.arange(len(moving))
    second = np.zeros((len(moving), len(moving))) if len(moving) <= _MOST else None
    clamped: dict[int, list[int]] = {int(i): [] for i in np.flatnonzero(free)}
    for a, b in held:
        clamped[int(a if free[a] else b)].append(int(b if free[a] else a))
    known: dict[tuple[int, ...], tuple[int, Array]] = {}
    missing = idle
    for i, ones in clamped.items():
        place = (0, *(1 + c for c in sorted(ones)))
        if place not in known:
            known[place] = _inverse_root(unit[np.ix_(np.array(place), np.array(place))])
        null, root = known[place]
        missing += null
        neighbors = np.flatnonzero(number[i] >= 0)
        if second is None or not neighbors.size:
            continue
        across = root.T @ unit[np.ix_(np.array(place), 1 + neighbors)]
        left = unit[np.ix_(1 + neighbors, 1 + neighbors)] - across.T @ across
        mine = number[i, neighbors]
        second[np.ix_(mine, mine)] += left
    unknowns = len(edges) + int(free.sum())
    return Rank(unknowns, missing, None if second is None else _null(second))


def _inverse_root(moments: Array) -> tuple[int, Array]:
    """Return the dimension of the null space, and R with R R^T the pseudoinverse."""
    values, vectors = np.linalg.eigh(moments)
    large = values > _VANISHING * values[-1]
    return int((~large).sum()), np.asarray(vectors[:, large] / np.sqrt(values[large]))


def _null(matrix: Array) -> int:
    """Return the dimension of the null space of a sum of scaled moments."""
    if not len(matrix):
        return 0
    values: Any = np.linalg.eigvalsh(matrix)
    return int((values <= _VANISHING * max(1.0, values[-1])).sum())
