"""What is observed of reads: the energies of their spins, and the lowest state of each."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["POINTS", "Ends", "WatchEnergies"]

Array = npt.NDArray[np.floating[Any]]

#: Times at which the energies of all reads are kept, at most.
POINTS = 200


class WatchEnergies:
    """Keeps the lowest state that each read has shown, and how energies fell; memory does not grow with the duration.

    What it keeps is by read: so what watches have seen of some of the reads each, is put together to what one would
    have seen of all.

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
    energies : list of ndarray, shape (reads,)
        The energies then.
    so_far : list of float
        The lowest energy of all reads until then.
    """

    def __init__(self, problem: Any, spins: Callable[[Array], Any], reads: int, observations: int) -> None:
        self.problem = problem
        self.lowest = np.full(reads, np.inf)
        self.states = np.zeros((reads, problem.n), dtype=np.int8)
        self.found = np.zeros(reads, dtype=np.int64)
        self.steps: list[int] = []
        self.energies: list[Array] = []
        self.so_far: list[float] = []
        self._spins = spins
        self._seen, self._last = 0, observations - 1
        self._each = max(1, math.ceil(observations / POINTS))

    #: What changes from observation to observation.
    _CHANGING = ("lowest", "states", "found", "steps", "energies", "so_far", "_seen")

    def checkpoint(self) -> dict[str, Any]:
        """Return all that it has seen, as a value that shares nothing with it."""
        return {name: copy.copy(getattr(self, name)) for name in self._CHANGING}

    def restore(self, value: Mapping[str, Any]) -> None:
        """Go on from what `checkpoint` of a watch that was made alike returned."""
        for name in self._CHANGING:
            setattr(self, name, value[name])

    def rows(self) -> dict[str, Any]:
        """Return all that it has seen: a row for each read, or one of all of them."""
        return {
            "lowest": self.lowest,
            "states": self.states,
            "found": self.found,
            "energies": np.stack(self.energies, axis=1),
            "so_far": np.array([self.so_far]),
            "steps": np.array([self.steps], dtype=np.int64),
        }

    def put_rows(self, rows: Mapping[str, Any]) -> None:
        """Hold what `rows` of watches, of some of the reads each, returned of all of them."""
        self.lowest, self.states, self.found = rows["lowest"], rows["states"], rows["found"]
        self.energies = list(np.ascontiguousarray(rows["energies"].T))
        self.so_far = rows["so_far"].min(axis=0).tolist()
        self.steps = rows["steps"][0].tolist()

    @property
    def mean(self) -> list[float]:
        """Mean energy over all reads, when energies were kept."""
        return [float(one.mean()) for one in self.energies]

    @property
    def spread(self) -> list[float]:
        """Their standard deviation."""
        return [float(one.std(ddof=1)) for one in self.energies]

    @property
    def least(self) -> list[float]:
        """The least of them."""
        return [float(one.min()) for one in self.energies]

    def start(self) -> None:
        """Do nothing: one watch observes one simulation."""

    def observe(self, step: int, x: Array, variables: Mapping[str, Array] = MappingProxyType({})) -> None:
        """Read the spins of states, shape (reads, units)."""
        self.observe_rungs(step, x[None])

    def observe_rungs(self, step: int, x: Array) -> None:
        """Read the spins of states at several rungs, shape (rungs, reads, units): the energies kept are of the first.

        The lowest energy of a read is that at any rung.
        """
        rungs, reads, units = x.shape
        spins = self._spins(x.reshape(-1, units))
        energies = self.problem.energies(spins).reshape(rungs, reads)
        rung, read = energies.argmin(axis=0), np.arange(reads)
        least = energies[rung, read]
        better = least < self.lowest
        self.lowest[better], self.found[better] = least[better], step
        self.states[better] = spins.reshape(rungs, reads, -1)[rung, read][better]
        if self._seen % self._each == 0 or self._seen == self._last:
            self.steps.append(step)
            self.energies.append(energies[0].copy())
            self.so_far.append(float(self.lowest.min()))
        self._seen += 1

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return about how many bytes it keeps."""
        return self.states.nbytes + (POINTS + 2) * (8 * len(self.lowest) + 40)


class Ends:
    """Keeps what an energy changes by, from the first to the last observation, kinetic energies included."""

    def __init__(self, law: Any, observations: int) -> None:
        from thermozoo import EnergyTerms

        self._terms = EnergyTerms(law)
        self._seen, self._last = 0, observations - 1

    def start(self) -> None:
        """Do nothing: it observes one simulation."""

    def observe(self, step: int, x: Any, variables: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Find the energy of the first states, and of the last ones."""
        if self._seen in (0, self._last):
            self._terms.observe(step, x, variables)
        self._seen += 1

    @property
    def change(self) -> Any:
        """By how much the energy of each read has changed [energy]."""
        energy = np.sum(list(self._terms.terms.values()), axis=0)
        return energy[-1] - energy[0]

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return about how many bytes it keeps."""
        return self._terms.bytes_needed(2, trajectories, n, itemsize)
