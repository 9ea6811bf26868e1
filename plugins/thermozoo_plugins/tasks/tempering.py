"""Parallel tempering in a task: ladders of rungs that begin in equilibrium, and what is known of their exchanges."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Share

__all__ = ["TOGETHER", "Ladders", "begun", "bytes_of_states", "ladders_of", "rows_of", "seconds_of"]

#: Ladders that are followed together where they are shared out: as many as a vector has lanes in single precision.
TOGETHER = 16

#: Rounds of the two ladders with which the time is measured.
_FEW, _MORE = 2, 8

#: The most numbers of states of which energies are found at once, each of 8 bytes.
_BLOCK = 2**22


@attrs.frozen(eq=False)
class Ladders:
    """What is known of the exchanges of ladders of rungs.

    Parameters
    ----------
    temperatures : tuple of float
        kT of each rung [energy].
    acceptance : tuple of float
        Share of the exchanges of each rung with the next that were accepted.
    round_trips : ndarray of int, shape (ladders,)
        Round trips of all replicas of a ladder, from the coldest rung to the hottest and back.
    """

    temperatures: tuple[float, ...]
    acceptance: tuple[float, ...]
    round_trips: npt.NDArray[np.int64]


def begun(of: Any, temperatures: tuple[float, ...], numbers: Any, ladders: int, seed: int) -> Any:
    """Return some of all ladders, which begin with uncoupled units in equilibrium at the computer's own temperature.

    Parameters
    ----------
    of : object
        Has ``machine`` and ``engine``: a part of the trajectories of a run, or a calibration.
    temperatures : tuple of float
        kT of each rung, rising [energy].
    numbers : array_like of int
        Numbers of these ladders.
    ladders : int
        How many there are in all.
    seed : int
        Seed of all random numbers.
    """
    from thermozoo import NoiseKey, Tempering, equilibrium_states

    law, rungs = of.machine.dynamics, len(temperatures)
    computer = law.computer
    bare = attrs.evolve(law, computer=computer.bare())
    trajectories = (np.arange(rungs)[:, None] * ladders + numbers).ravel()
    x = equilibrium_states(bare, NoiseKey(seed, 0), trajectories)
    for group in computer.layout.clamped:
        states = computer.onsite.potentials[group].states
        if states is not None:  # of which zero need not be one
            x[:, computer.layout.slice(group)] = states[0]
    x = x.reshape(rungs, len(numbers), -1)
    return Tempering(law, temperatures, x, key=NoiseKey(seed, 0), engine=of.engine, numbers=numbers, among=ladders)


def rows_of(ladders: Any) -> dict[str, npt.NDArray[Any]]:
    """Return what `ladders_of` takes of the ladders of a part: round trips by ladder, and counts of all of them."""
    return {
        "round_trips": ladders.round_trips.sum(axis=0),
        "tried": ladders.tried[None],
        "accepted": ladders.accepted[None],
    }


def ladders_of(temperatures: tuple[float, ...], rows: Mapping[str, Any]) -> Ladders:
    """Return what is known of ladders of all parts."""
    with np.errstate(invalid="ignore"):  # of a rung that nobody tried to leave
        acceptance = rows["accepted"].sum(axis=0) / rows["tried"].sum(axis=0)
    return Ladders(temperatures, tuple(acceptance.tolist()), rows["round_trips"])


def seconds_of(
    of: Any, temperatures: tuple[float, ...], ladders: int, steps: int, every: int, looks: int = 0, watch: Any = None
) -> float:
    """Return how long ladders will take [second]: a few rounds and a look are measured, in two pieces.

    Parameters
    ----------
    of : Calibration
        What it is measured with.
    temperatures : tuple of float
        kT of each rung [energy].
    ladders, steps, every : int
        How many, the steps of each rung, and those from one exchange to the next.
    looks : int
        How often a watch sees the states of all rungs, by ``observe_rungs``.
    watch : object, optional
        That watch.
    """
    under_way = begun(of, temperatures, np.arange(ladders), ladders, 0)
    every = min(every, steps)
    under_way.run(1, sweeps=every)  # the first round allocates
    took = []
    for rounds in (_FEW, _MORE):
        before = time.perf_counter()
        under_way.run(rounds, sweeps=every)
        took.append(max(0.0, time.perf_counter() - before))
        of.progress(1)
    found = max(took[1] - took[0], 0.0) / (_MORE - _FEW) * steps / every
    if watch is None:
        return found
    watch.observe_rungs(0, under_way.states)  # the first look may allocate, or is left out
    before = time.perf_counter()
    for _ in range(_FEW):
        watch.observe_rungs(0, under_way.states)
    return found + looks * max(0.0, time.perf_counter() - before) / _FEW


def bytes_of_states(size: Any, ladders: int, rungs: int, path: str, cause: str) -> tuple[int, tuple[Share, ...]]:
    """Return the bytes of the states of a ladder, and the shares of all, and of what finds their energies.

    Parameters
    ----------
    size : thermozoo.runs.foreseen.Size
        The run.
    ladders, rungs : int
        How many ladders, and how many temperatures each is at.
    path, cause : str
        The key that their number grows with, and what they are.
    """
    each = rungs * size.n * (4 * size.itemsize + 4 + 2 * 8)
    energies = 2 * 8 * min(rungs * ladders * size.n, _BLOCK)
    return each, (
        Share(ladders * each, path, cause, ("task.temperatures",)),
        Share(energies, path, "states of which energies are found"),
    )
