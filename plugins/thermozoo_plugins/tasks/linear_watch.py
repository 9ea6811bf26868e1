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
POINTS, TOGETHER = 40, 128


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
            by_chain = self.by_chain()
            self.times.append(self.count)
            self.answers.append(by_chain.mean(axis=0))
            self.errors.append(float(np.sqrt(np.sum(self.standard_error(by_chain) ** 2))))

    def standard_error(self, by_chain: Array) -> Array:
        """Return the standard error of the mean over chains, which are independent."""
        mean, squares = by_chain.mean(axis=0), np.zeros(by_chain.shape[1:])
        for one in by_chain:  # without further arrays of the size of all
            squares += (one - mean) ** 2
        found: Array = np.sqrt(squares / (self.chains * (self.chains - 1)))
        return found

    @abc.abstractmethod
    def _add(self, x: npt.NDArray[Any]) -> None:
        """Add the states of an observation, shape (chains, n)."""

    @abc.abstractmethod
    def by_chain(self) -> Array:
        """Return the mean so far of each chain."""


class WatchMean(_Watch):
    """Watches states."""

    def __init__(self, chains: int, n: int, observations: int) -> None:
        super().__init__(chains, observations)
        self._sum = np.zeros((chains, n))

    def _add(self, x: npt.NDArray[Any]) -> None:
        self._sum += x

    def by_chain(self) -> Array:
        """Return the mean state of each chain, shape (chains, n)."""
        return self._sum / self.count

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return about how many bytes the sums take, which do not depend on the observations."""
        return 8 * n * (3 * trajectories + POINTS)


class WatchSquares(_Watch):
    """Watches products of states, about zero: the mean of a computer without biases is known."""

    def __init__(self, chains: int, n: int, observations: int) -> None:
        super().__init__(chains, observations)
        self._sum = np.zeros((chains, n, n))
        self._held = np.zeros((chains, TOGETHER, n))
        self._product = np.zeros((n, n))
        self._waiting = 0

    def _add(self, x: npt.NDArray[Any]) -> None:
        self._held[:, self._waiting] = x
        self._waiting += 1
        if self._waiting == TOGETHER:
            self._add_held()

    def _add_held(self) -> None:
        for total, held in zip(self._sum, self._held, strict=True):
            total += np.dot(held[: self._waiting].T, held[: self._waiting], out=self._product)
        self._waiting = 0

    def by_chain(self) -> Array:
        """Return the mean product of the states of each chain, shape (chains, n, n)."""
        self._add_held()
        return self._sum / self.count

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return about how many bytes the sums take, which do not depend on the observations."""
        return 8 * n * (trajectories * (2 * n + TOGETHER) + (POINTS + 4) * n)
