"""What is observed of chains of a linear computer: running means, and how they settle."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["POINTS", "TOGETHER", "WatchMean", "WatchSquares"]

Array = npt.NDArray[np.float64]

#: Times at which the answer so far is kept, at most, and observations whose products are added together.
POINTS, TOGETHER = 40, 256


class _Watch(abc.ABC):
    """Adds up a quantity of each chain, and keeps its mean at times that grow by equal factors.

    Parameters
    ----------
    chains : int
        How many.
    observations : int
        How many there will be.

    Attributes
    ----------
    times : list of int
        Observations after which the answer was kept.
    answers : list of ndarray
        The mean over all chains and observations so far.
    errors : list of float
        The length of its standard error, by the spread of chains.
    """

    def __init__(self, chains: int, observations: int) -> None:
        self.chains = chains
        self.count = 0
        self._keep = set(np.unique(np.geomspace(1, observations, POINTS).round().astype(int)).tolist())
        self._skipped = False
        self.times: list[int] = []
        self.answers: list[Array] = []
        self.errors: list[float] = []

    def start(self) -> None:
        """Leave out the next observation: the states before any step."""
        self._skipped = False

    def observe(self, step: int, x: npt.NDArray[Any], variables: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Add an observation; the first one, before any step, is left out."""
        if not self._skipped:
            self._skipped = True
            return
        self.count += 1
        self._add(x)
        if self.count in self._keep:
            answer, error = self.answer()
            self.times.append(self.count)
            self.answers.append(answer)
            self.errors.append(float(np.linalg.norm(error)))

    def answer(self) -> tuple[Array, Array]:
        """Return the mean so far over all chains, and its standard error: chains are independent."""
        sums = self.sums()
        mean = sums.mean(axis=0)
        squares, off = np.zeros_like(mean), np.empty_like(mean)
        for one in sums:  # without further arrays of the size of all
            np.subtract(one, mean, out=off)
            np.multiply(off, off, out=off)
            squares += off
        return mean / self.count, np.sqrt(squares / (self.chains * (self.chains - 1))) / self.count

    @abc.abstractmethod
    def _add(self, x: npt.NDArray[Any]) -> None:
        """Add the states of an observation, shape (chains, n)."""

    @abc.abstractmethod
    def sums(self) -> Array:
        """Return the sum so far of each chain, which further observations change."""


class WatchMean(_Watch):
    """Watches states."""

    def __init__(self, chains: int, n: int, observations: int) -> None:
        super().__init__(chains, observations)
        self._sum = np.zeros((chains, n))

    def _add(self, x: npt.NDArray[Any]) -> None:
        self._sum += x

    def sums(self) -> Array:
        """Return the sum of the states of each chain, shape (chains, n)."""
        return self._sum

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return about how many bytes the sums take, which do not depend on the observations."""
        return 8 * n * (3 * trajectories + POINTS)


class WatchSquares(_Watch):
    """Watches products of states, about zero: the mean of a computer without biases is known.

    Observations wait until there are many, whose products one matrix product adds up, in the precision of the states:
    single precision rounds a sum of few by less than 1e-6 of it. Such sums are added in double precision.
    """

    def __init__(self, chains: int, n: int, observations: int) -> None:
        super().__init__(chains, observations)
        self._sum = np.zeros((chains, n, n))
        self._held: npt.NDArray[Any] = np.empty(0)
        self._waiting = 0

    def _add(self, x: npt.NDArray[Any]) -> None:
        if not self._held.size:
            self._held = np.empty((self.chains, TOGETHER, x.shape[1]), dtype=x.dtype)
            self._product = np.empty((x.shape[1], x.shape[1]), dtype=x.dtype)
        self._held[:, self._waiting] = x
        self._waiting += 1
        if self._waiting == TOGETHER:
            self._add_held()

    def _add_held(self) -> None:
        from threadpoolctl import threadpool_limits

        if not self._waiting:
            return
        with threadpool_limits(1, user_api="blas"):  # products are small: threads would wait for each other
            for total, held in zip(self._sum, self._held, strict=True):
                total += np.dot(held[: self._waiting].T, held[: self._waiting], out=self._product)
        self._waiting = 0

    def sums(self) -> Array:
        """Return the sum of the products of the states of each chain, shape (chains, n, n)."""
        self._add_held()
        return self._sum

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return about how many bytes the sums take, which do not depend on the observations."""
        return 8 * n * (trajectories * (2 * n + TOGETHER) + (POINTS + 4) * n)
