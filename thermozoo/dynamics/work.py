"""Work that is added up along a simulation: of driven values, and of a force that has no energy, by term."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.term import ASYMMETRY
from thermozoo.computer.terms.circulating import circulating_force
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.sharing import shared_out

__all__ = ["DrivenWork", "booked_terms", "recorded_together"]

Array = npt.NDArray[np.floating[Any]]

#: Bytes of states that are recorded at a time, from which the work of their steps is found.
_RECORDED = 32 * 2**20


def recorded_together(states: int, steps: int) -> int:
    """Return how many of some steps are recorded at a time, of states that take so many bytes."""
    return int(max(1, min(steps, _RECORDED // max(1, states))))


def booked_terms(dynamics: Dynamics) -> tuple[str, ...]:
    """Return the terms on which work is done that has to be added up on the way; none where there is no such work."""
    driven = () if dynamics.driven is None else dynamics.driven.terms
    circulating = circulating_force(dynamics.program.computers[0]) is not None
    return (*driven, ASYMMETRY) if circulating and ASYMMETRY not in driven else driven


class DrivenWork:
    """Work of driven values and of a force that has no energy, by term, in double precision.

    Of every driven term of the energy it is W = sum_k [E(x_k; lambda_(k+1)) - E(x_k; lambda_k)]; a change of
    temperature does none. Of the force of asymmetric couplings it is that along the path, sum_k F(x_k) o (x_(k+1) -
    x_k); see `thermozoo.computer.terms.circulating`.

    Parameters
    ----------
    dynamics : Dynamics
        The law of motion, with a schedule or asymmetric couplings.
    trajectories : int
        How many there are.
    """

    def __init__(self, dynamics: Dynamics, trajectories: int) -> None:
        self.dynamics = dynamics
        self.sums: dict[str, npt.NDArray[np.float64]] = {
            name: np.zeros(trajectories) for name in booked_terms(dynamics)
        }
        self.noted: dict[int, dict[str, Array]] = {}

    @staticmethod
    def bytes_needed(dynamics: Dynamics, times: int, trajectories: int) -> int:
        """Return how many bytes sums take that are noted some times."""
        return 8 * times * trajectories * len(booked_terms(dynamics))

    def add(self, first_step: int, states: Array) -> None:
        """Add the work of steps, from the states before and after them, shape (steps + 1, trajectories, n).

        One computer acts in all of them.
        """
        computer = self.dynamics.program.at(first_step, self.dynamics.steps)
        with shared_out(states.shape[1]) as share:
            parts = share(lambda rows: self._of(computer, states[:, rows].astype(np.float64), first_step))
        for name, total in self.sums.items():
            # step after step, so that the sums are the same however the steps are divided
            for of_step in np.concatenate([part[name] for part in parts], axis=1):
                total += of_step

    def _of(self, computer: Computer, states: Array, first: int) -> dict[str, Array]:
        """Return the work by term of steps, each of shape (steps, trajectories) [energy]."""
        driven, force = self.dynamics.driven, circulating_force(computer)
        found = {} if driven is None else driven.work(computer, states[:-1], first)
        if force is not None:
            found[ASYMMETRY] = force.work(states)
            if driven is not None and ASYMMETRY in driven.amplitudes:
                found[ASYMMETRY] *= driven.amplitudes[ASYMMETRY][first + 1 : first + len(states), None]
        return found

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
