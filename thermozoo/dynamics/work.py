"""The work of driven values by term of the energy, added up along a simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.schedule import Driven
from thermozoo.dynamics.sharing import shared_out

__all__ = ["DrivenWork", "recorded_together"]

Array = npt.NDArray[np.floating[Any]]

#: Bytes of states that are recorded at a time, from which the work of their steps is found.
_RECORDED = 32 * 2**20


def recorded_together(states: int, steps: int) -> int:
    """Return how many of some steps are recorded at a time, of states that take so many bytes."""
    return int(max(1, min(steps, _RECORDED // max(1, states))))


class DrivenWork:
    """W = sum_k [E(x_k; lambda_(k+1)) - E(x_k; lambda_k)] of every driven term of the energy, in double precision.

    A change of temperature does no work.

    Parameters
    ----------
    dynamics : Dynamics
        The law of motion, with a schedule.
    driven : Driven
        What is driven in it.
    trajectories : int
        How many there are.
    """

    def __init__(self, dynamics: Dynamics, driven: Driven, trajectories: int) -> None:
        self.dynamics, self.driven = dynamics, driven
        self.sums: dict[str, npt.NDArray[np.float64]] = {name: np.zeros(trajectories) for name in driven.terms}
        self.noted: dict[int, dict[str, Array]] = {}

    @staticmethod
    def bytes_needed(driven: Driven, times: int, trajectories: int) -> int:
        """Return how many bytes sums take that are noted some times."""
        return 8 * times * trajectories * len(driven.terms)

    def add(self, first_step: int, states: Array) -> None:
        """Add the work of steps from the states before each of them, shape (steps, trajectories, n).

        One computer acts in all of them.
        """
        computer = self.dynamics.program.at(first_step, self.dynamics.steps)
        with shared_out(states.shape[1]) as share:
            parts = share(lambda rows: self.driven.work(computer, states[:, rows].astype(np.float64), first_step))
        for name, total in self.sums.items():
            # step after step, so that the sums are the same however the steps are divided
            for of_step in np.concatenate([part[name] for part in parts], axis=1):
                total += of_step

    def note(self, step: int) -> None:
        """Keep the sums before a step."""
        if step not in self.noted:
            self.noted[step] = self.sums_now()

    def sums_now(self) -> dict[str, Array]:
        """Return a copy of the sums."""
        return {name: total.copy() for name, total in self.sums.items()}

    def take(self, noted: Mapping[int, Mapping[str, Array]], step: int) -> None:
        """Go on from sums that were noted, the last of them before this step."""
        self.noted = {k: dict(sums) for k, sums in noted.items()}
        self.sums = {name: np.array(total, np.float64) for name, total in noted[step].items()}

    def at(self, steps: Any) -> dict[str, Array]:
        """Return the sums before each of some steps that were noted, each of shape (steps, trajectories)."""
        return {name: np.stack([self.noted[int(step)][name] for step in steps]) for name in self.sums}
