"""What is observed of reads: the energies of their spins, and the lowest state of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["POINTS", "WatchEnergies"]

Array = npt.NDArray[np.floating[Any]]

#: Times at which the energies of all reads are kept, at most.
POINTS = 200


class WatchEnergies:
    """Keeps the lowest state that each read has shown, and how energies fell; memory does not grow with the duration.

    Parameters
    ----------
    problem : IsingProblem
        Of which states are.
    spins : callable
        Returns spins, shape (reads, variables), of the states of units.
    reads : int
        How many reads there are.
    observations : int
        How many observations there will be, the first one, before any step, among them.

    Attributes
    ----------
    lowest : ndarray, shape (reads,)
        The lowest energy of each read.
    states : ndarray of int8, shape (reads, variables)
        A state that has it.
    found : ndarray of int, shape (reads,)
        The step at which it was seen first.
    steps : list of int
        When energies were kept.
    mean, least : list of float
        Mean and least energy over all reads then.
    spread : list of float
        Their standard deviation.
    so_far : list of float
        The lowest energy of all reads until then.
    """

    def __init__(self, problem: Any, spins: Callable[[Array], Any], reads: int, observations: int) -> None:
        self.problem = problem
        self.lowest = np.full(reads, np.inf)
        self.states = np.zeros((reads, problem.n), dtype=np.int8)
        self.found = np.zeros(reads, dtype=np.int64)
        self.steps: list[int] = []
        self.mean: list[float] = []
        self.spread: list[float] = []
        self.least: list[float] = []
        self.so_far: list[float] = []
        self._spins = spins
        self._seen, self._last = 0, observations - 1
        self._each = max(1, math.ceil(observations / POINTS))

    def start(self) -> None:
        """Do nothing: one watch observes one simulation."""

    def observe(self, step: int, x: Array, variables: Mapping[str, Array] = MappingProxyType({})) -> None:
        """Read the spins of states, shape (reads, units)."""
        spins = self._spins(x)
        energies = self.problem.energies(spins)
        better = energies < self.lowest
        self.lowest[better], self.states[better], self.found[better] = energies[better], spins[better], step
        if self._seen % self._each == 0 or self._seen == self._last:
            self.steps.append(step)
            self.mean.append(float(energies.mean()))
            self.spread.append(float(energies.std(ddof=1)))
            self.least.append(float(energies.min()))
            self.so_far.append(float(self.lowest.min()))
        self._seen += 1

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return about how many bytes it keeps."""
        return self.states.nbytes + 40 * (POINTS + 2)
