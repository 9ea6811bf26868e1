"""Running observables: what is kept of many observations takes as much memory as of a few.

All that they hold is by chain. So those of parts of the chains can be put together: `rows` are their arrays, with
chains along the first axis, and `put_rows` takes such arrays up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count
from thermozoo.errors import ParameterError, ShapeError

__all__ = ["RunningHistogram", "RunningMoments", "Trace"]

Array = npt.NDArray[np.float64]


class RunningMoments:
    """Mean and variance of each quantity in each chain, and the covariance of some, of all that was added.

    They are updated by differences from the means so far, so that nothing cancels.

    Parameters
    ----------
    covary : sequence of int
        Quantities whose covariances are kept as well.

    Attributes
    ----------
    count : int
        How many observations were added.
    mean : ndarray, shape (chains, quantities)
        Their mean.
    """

    def __init__(self, covary: npt.ArrayLike = ()) -> None:
        self.covary = np.asarray(covary, dtype=np.int64)
        self.count = 0
        self.mean: Array = np.zeros((0, 0))

    def add(self, values: npt.ArrayLike) -> None:
        """Add an observation of shape (chains, quantities)."""
        x = np.asarray(values, dtype=np.float64)
        if not self.count:
            if x.ndim != 2:
                raise ShapeError(f"expected an observation of shape (chains, quantities), got {x.shape}")
            several, chosen = x.shape[0], len(self.covary)
            self.mean, self._squares = np.zeros(x.shape), np.zeros(x.shape)
            self._products = np.zeros((several, chosen, chosen))
        self.count += 1
        before = x - self.mean
        self.mean += before / self.count
        after = x - self.mean
        self._squares += before * after
        if len(self.covary):
            self._products += before[:, self.covary, None] * after[:, None, self.covary]

    def rows(self) -> dict[str, npt.NDArray[Any]]:
        """Return all that it holds, one row for each chain."""
        _check_seen(self, self.count)
        counts = np.full(len(self.mean), self.count, dtype=np.int64)
        return {"count": counts, "mean": self.mean, "squares": self._squares, "products": self._products}

    def put_rows(self, rows: Mapping[str, npt.NDArray[Any]]) -> None:
        """Hold what `rows` of others, who have the same quantities, returned of all chains."""
        self.count = int(rows["count"][0])
        self.mean, self._squares, self._products = rows["mean"], rows["squares"], rows["products"]

    @property
    def variance(self) -> Array:
        """Variance about the mean of the chain, shape (chains, quantities)."""
        return self._squares / self.count

    @property
    def variance_about_all(self) -> Array:
        """Variance about the mean of all chains: by its spread over chains its mean has an error bar."""
        found: Array = self.variance + (self.mean - self.mean.mean(axis=0)) ** 2
        return found

    @property
    def covariance_about_all(self) -> Array:
        """Covariances of the chosen quantities about the mean of all chains, shape (chains, chosen, chosen)."""
        off = (self.mean - self.mean.mean(axis=0))[:, self.covary]
        symmetric = (self._products + self._products.swapaxes(1, 2)) / (2 * self.count)
        found: Array = symmetric + off[:, :, None] * off[:, None, :]
        return found


class RunningHistogram:
    """Counts of each quantity in bins, by chain; what lies beyond the ends is counted in the outermost bins.

    Parameters
    ----------
    edges : array_like, shape (quantities, bins + 1)
        The edges of the bins of each quantity, rising by equal steps.

    Attributes
    ----------
    counts : ndarray of int, shape (chains, quantities, bins)
        How often.
    """

    def __init__(self, edges: npt.ArrayLike) -> None:
        self.edges = np.asarray(edges, dtype=np.float64)
        if self.edges.ndim != 2 or self.edges.shape[1] < 2 or not (np.diff(self.edges) > 0).all():
            raise ParameterError(f"edges must rise, in shape (quantities, bins + 1), got {self.edges.shape}")
        self.counts: npt.NDArray[np.int64] = np.zeros((0, 0, 0), dtype=np.int64)

    def add(self, values: npt.ArrayLike) -> None:
        """Add an observation of shape (chains, quantities)."""
        x = np.asarray(values, dtype=np.float64)
        several, bins = self.edges.shape[0], self.edges.shape[1] - 1
        if not self.counts.size:
            self.counts = np.zeros((len(x), several, bins), dtype=np.int64)
        low, step = self.edges[:, 0], (self.edges[:, -1] - self.edges[:, 0]) / bins
        place = np.clip(np.floor((x - low) / step), 0, bins - 1).astype(np.int64)
        rows, columns = np.indices(place.shape)
        self.counts[rows, columns, place] += 1

    def rows(self) -> dict[str, npt.NDArray[Any]]:
        """Return how often, one row for each chain."""
        _check_seen(self, self.counts.size)
        return {"counts": self.counts}

    def put_rows(self, rows: Mapping[str, npt.NDArray[Any]]) -> None:
        """Hold what `rows` of others, who have the same edges, returned of all chains."""
        self.counts = rows["counts"]

    @property
    def density(self) -> Array:
        """Probability density by chain, shape (chains, quantities, bins)."""
        widths = np.diff(self.edges)
        found: Array = self.counts / self.counts.sum(axis=2, keepdims=True) / widths
        return found


class Trace:
    """Some quantities over time, thinned so that no more than so many observations are kept.

    Parameters
    ----------
    observations : int
        How many there will be.
    most : int
        How many are kept at most.

    Attributes
    ----------
    every : int
        Observations from one that is kept to the next.
    """

    def __init__(self, observations: int, most: int) -> None:
        observations, most = count("observations", observations, at_least=1), count("most", most, at_least=1)
        self.every = -(-observations // most)
        self._kept: list[Any] = []
        self._seen = 0

    def add(self, values: npt.ArrayLike) -> None:
        """Add an observation of shape (chains, quantities)."""
        if self._seen % self.every == 0:
            self._kept.append(np.array(values, dtype=np.float64))
        self._seen += 1

    def rows(self) -> dict[str, npt.NDArray[Any]]:
        """Return what was kept, one row for each chain."""
        _check_seen(self, self._seen)
        kept = np.stack(self._kept, axis=1)
        return {"kept": kept, "seen": np.full(len(kept), self._seen, dtype=np.int64)}

    def put_rows(self, rows: Mapping[str, npt.NDArray[Any]]) -> None:
        """Hold what `rows` of others, who see as many observations, returned of all chains."""
        self._kept, self._seen = list(rows["kept"].swapaxes(0, 1)), int(rows["seen"][0])

    @property
    def values(self) -> Array:
        """What was kept, shape (quantities, chains, observations)."""
        return np.stack(self._kept).transpose(2, 1, 0)


def _check_seen(observable: RunningMoments | RunningHistogram | Trace, seen: int) -> None:
    if not seen:
        raise ParameterError(f"this {type(observable).__name__} has seen nothing yet: add observations to it")
