"""Parallel tempering of a problem: ladders of p-bits, and the lowest state of each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["TOGETHER", "Ladders", "ladders_of", "seconds_of", "tempered"]

#: Ladders that are followed together where they are shared out: as many as a vector has lanes in single precision.
TOGETHER = 16

#: Rounds of the two ladders with which the time is measured.
_FEW, _MORE = 2, 8


@attrs.frozen(eq=False)
class Ladders:
    """What is known of ladders of rungs after their reads.

    Parameters
    ----------
    temperatures : tuple of float
        kT of each rung [energy].
    acceptance : tuple of float
        Share of the exchanges of each rung with the next that were accepted.
    round_trips : ndarray of int, shape (reads,)
        Round trips of all replicas of a ladder, from the coldest rung to the hottest and back.
    """

    temperatures: tuple[float, ...]
    acceptance: tuple[float, ...]
    round_trips: npt.NDArray[np.int64]


def _begun(of: Any, temperatures: tuple[float, ...], numbers: Any, reads: int, seed: int) -> Any:
    """Return some of the ladders of all reads, which begin with uncoupled units in equilibrium."""
    from thermozoo import NoiseKey, Tempering, equilibrium_states

    law, rungs = of.machine.dynamics, len(temperatures)
    bare = attrs.evolve(law, computer=law.computer.bare())
    trajectories = (np.arange(rungs)[:, None] * reads + numbers).ravel()
    x = equilibrium_states(bare, NoiseKey(seed, 0), trajectories).reshape(rungs, len(numbers), -1)
    return Tempering(law, temperatures, x, key=NoiseKey(seed, 0), engine=of.engine, numbers=numbers, among=reads)


def tempered(
    part: Any, temperatures: tuple[float, ...], reads: int, sweeps: int, every: int, watch: Any
) -> dict[str, Any]:
    """Follow ladders, a read each, show them to a watch before each exchange, and return what `ladders_of` takes.

    Parameters
    ----------
    part : thermozoo.runs.parts.Part
        Of the reads, as `reads` are numbered.
    temperatures : tuple of float
        kT of each rung, rising [energy].
    reads, sweeps : int
        How many ladders, and how many updates of every unit at each rung.
    every : int
        Updates from one exchange to the next; what is left over in the end comes before no exchange.
    watch : WatchEnergies
        Sees the states of all rungs.
    """
    ladders, progress = _begun(part, temperatures, part.numbers, reads, part.config.seed), part.progress

    def look(under_way: Any) -> None:
        watch.observe_rungs(under_way.step, under_way.states)

    def put(value: Any) -> None:
        ladders.restore(value[0])
        watch.restore(value[1])

    rounds = -(-sweeps // every)
    for k in part.rounds(
        "tempering",
        rounds,
        lambda: (ladders.checkpoint(), watch.checkpoint()),
        put,
        progress=lambda done: progress(min(done * every, sweeps)),
    ):
        if k == 0:
            look(ladders)
        count = min(every, sweeps - k * every)
        ladders.run(1, sweeps=count, observe=look)
        progress(count)
    # counts are of all ladders of a part
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


def seconds_of(of: Any, temperatures: tuple[float, ...], reads: int, sweeps: int, every: int, watch: Any) -> float:
    """Return how long that will take [second]: a few rounds are measured, in two pieces."""
    ladders = _begun(of, temperatures, np.arange(reads), reads, 0)
    ladders.run(1, sweeps=every)  # the first round allocates
    took = []
    for rounds in (_FEW, _MORE):
        begun = time.perf_counter()
        ladders.run(rounds, sweeps=every, observe=lambda under_way: watch.observe_rungs(0, under_way.states))
        took.append(max(0.0, time.perf_counter() - begun))
        of.progress(1)
    return max(took[1] - took[0], 0.0) / (_MORE - _FEW) * sweeps / every
