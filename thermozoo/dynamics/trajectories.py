"""Observers: what is kept of a simulation besides its final states."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.dynamics.sharing import shared_out

__all__ = ["EnergyTerms", "KeptStates", "Observer"]

Array = npt.NDArray[np.floating[Any]]


class Observer(Protocol):
    """Looks at all states at chosen steps."""

    def observe(self, step: int, x: Array) -> None:
        """Look at the states x, shape (B, n), before step `step`."""

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return how many bytes it will keep."""


class KeptStates:
    """Keeps the states of the first trajectories.

    Parameters
    ----------
    trajectories : int or None
        How many (None: all).
    """

    def __init__(self, trajectories: int | None = None) -> None:
        self.trajectories = trajectories
        self.steps: list[int] = []
        self._states: list[Array] = []

    def observe(self, step: int, x: Array) -> None:
        """Keep a copy."""
        self.steps.append(step)
        self._states.append(x[: self.trajectories].copy())

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return how many bytes the copies take."""
        kept = trajectories if self.trajectories is None else min(trajectories, self.trajectories)
        return observations * kept * n * itemsize

    @property
    def states(self) -> Array:
        """Kept states, shape (observations, trajectories, n)."""
        return np.stack(self._states)


class EnergyTerms:
    """Keeps the energy by term of every trajectory, in double precision."""

    def __init__(self, computer: Computer) -> None:
        self.computer = computer
        self.steps: list[int] = []
        self._terms: list[dict[str, Array]] = []

    def observe(self, step: int, x: Array) -> None:
        """Evaluate and keep the terms."""
        self.steps.append(step)
        with shared_out(len(x)) as share:
            parts = share(lambda part: self.computer.energy_terms(x[part]))
        self._terms.append({name: np.concatenate([p[name] for p in parts]) for name in parts[0]})

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return how many bytes the terms take."""
        return observations * trajectories * 3 * 8

    @property
    def terms(self) -> dict[str, Array]:
        """Energy by term, each of shape (observations, trajectories) [energy]."""
        return {name: np.stack([t[name] for t in self._terms]) for name in self._terms[0]}
