"""Parallel tempering of a problem: ladders of p-bits, and the lowest state of each."""

from __future__ import annotations

import time
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["Ladders", "seconds_of", "tempered"]

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


def _begun(machine: Any, temperatures: tuple[float, ...], reads: int, seed: int, engine: Any) -> Any:
    """Return ladders that begin with uncoupled units in equilibrium."""
    from thermozoo import NoiseKey, Tempering, equilibrium_states

    law, rungs = machine.dynamics, len(temperatures)
    bare = attrs.evolve(law, computer=law.computer.bare())
    x = equilibrium_states(bare, NoiseKey(seed, 0), range(rungs * reads)).reshape(rungs, reads, -1)
    return Tempering(law, temperatures, x, key=NoiseKey(seed, 0), engine=engine)


def tempered(
    run: Any, temperatures: tuple[float, ...], reads: int, sweeps: int, every: int, watch: Any, progress: Any
) -> Ladders:
    """Follow ladders, a read each, and show them to a watch before each exchange.

    Parameters
    ----------
    run : Run
        The run.
    temperatures : tuple of float
        kT of each rung, rising [energy].
    reads, sweeps : int
        How many ladders, and how many updates of every unit at each rung.
    every : int
        Updates from one exchange to the next; what is left over in the end comes before no exchange.
    watch : WatchEnergies
        Sees the states of all rungs.
    progress : callable
        Called with the sweeps done since its last call.
    """
    ladders = _begun(run.machine, temperatures, reads, run.config.seed, run.engine)

    def look(under_way: Any) -> None:
        watch.observe_rungs(under_way.step, under_way.states)

    def put(value: Any) -> None:
        ladders.restore(value[0])
        watch.restore(value[1])

    rounds = -(-sweeps // every)
    for k in run.rounds(
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
    return Ladders(
        tuple(ladders.temperatures.tolist()),
        tuple(ladders.acceptance.tolist()),
        ladders.round_trips.sum(axis=0),
    )


def seconds_of(of: Any, temperatures: tuple[float, ...], reads: int, sweeps: int, every: int, watch: Any) -> float:
    """Return how long that will take [second]: a few rounds are measured, in two pieces."""
    ladders = _begun(of.machine, temperatures, reads, 0, of.engine)
    ladders.run(1, sweeps=every)  # the first round allocates
    took = []
    for rounds in (_FEW, _MORE):
        begun = time.perf_counter()
        ladders.run(rounds, sweeps=every, observe=lambda under_way: watch.observe_rungs(0, under_way.states))
        took.append(max(0.0, time.perf_counter() - begun))
        of.progress(1)
    return max(took[1] - took[0], 0.0) / (_MORE - _FEW) * sweeps / every
