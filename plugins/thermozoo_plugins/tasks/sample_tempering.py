"""Equilibrium sampling by parallel tempering: of each ladder of temperatures the coldest rung is what is sampled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import ThermozooError
from thermozoo_plugins.tasks.sampling import Watch
from thermozoo_plugins.tasks.tempering import begun, rows_of
from thermozoo_plugins.tasks.tempering_settings import TEMPERING, check_ladder

__all__ = ["Coldest", "check_law", "check_tempering", "relaxed_ladders", "sampled_ladders"]

Array = npt.NDArray[np.floating[Any]]

#: The stream of the noise of sampling; that of relaxation, and of what begins it, is 0.
_SAMPLING = 1


class Coldest:
    """Shows a watch of chains the coldest rung of their ladders, every so many steps."""

    def __init__(self, watch: Any, every: int) -> None:
        self.watch, self._every = watch, every

    def observe_rungs(self, step: int, x: Array) -> None:
        """Show the states at the coldest rung of those at all, shape (rungs, ladders, n)."""
        if step % self._every == 0:
            self.watch.observe(step, x[0])


class _Extent:
    """Keeps between what values the coldest rung of each ladder moves, from a step on.

    At its last state alone a well that is rarely visited would be missed, which other states of the ladder have seen.
    """

    def __init__(self, watch: Watch, begin: int) -> None:
        self._watch, self._begin = watch, begin
        self.low: Array | None = None
        self.high: Array | None = None

    def observe_rungs(self, step: int, x: Array) -> None:
        """Look at the states at the coldest rung."""
        if step < self._begin:
            return
        seen = self._watch.seen(x[0].astype(np.float64))
        self.low = seen if self.low is None else np.minimum(self.low, seen)
        self.high = seen if self.high is None else np.maximum(self.high, seen)


def relaxed_ladders(task: Any, part: Any, steps: int, watch: Watch) -> Mapping[str, Any]:
    """Return the states of all rungs of some ladders that relax, and between what values the coldest moves."""
    ladders = begun(part, task.temperatures, part.numbers, task.chains, part.config.seed)
    extent = _Extent(watch, steps // 2)
    ladders.follow(steps, every=task.exchange_every, observers=[extent], progress=part.progress)
    return {
        "rungs": np.ascontiguousarray(ladders.states.swapaxes(0, 1)),  # a row for each ladder
        "low": extent.low,
        "high": extent.high,
    }


def sampled_ladders(task: Any, part: Any, watch: Watch) -> Mapping[str, Any]:
    """Show a watch the coldest rung of ladders that have relaxed, and return what is known of their exchanges."""
    from thermozoo import NoiseKey, Tempering

    ladders = Tempering(
        part.machine.dynamics,
        task.temperatures,
        part.rows["rungs"].swapaxes(0, 1),
        key=NoiseKey(part.config.seed, _SAMPLING),
        engine=part.engine,
        numbers=part.numbers,
        among=task.chains,
    )
    coldest = Coldest(watch, task.observe_every)
    ladders.follow(part.config.steps, every=task.exchange_every, observers=[coldest], progress=part.progress)
    return rows_of(ladders)


def check_tempering(task: Any, config: Any, faults: Any) -> None:
    """Add a fault for each setting of tempering that does not fit the config, and for a device without energies."""
    check_ladder(task, config, faults, "time steps of a chain")
    if task.method != TEMPERING:
        return
    kT = config.computer.temperature
    if task.temperatures and task.temperatures[0] != kT and not faults.found_in("computer.temperature"):
        faults.add(
            "task.temperatures",
            f"expected the temperature of the computer first, {kT:.9g}, since the coldest rung is what is sampled, got "
            f"{task.temperatures[0]:.9g}",
            also=["computer.temperature"],
        )
    if task.observe_every % task.exchange_every:
        faults.add(
            "task.observe_every",
            f"expected a multiple of task.exchange_every, {task.exchange_every:,}, since rungs are looked at before an "
            f"exchange, got {task.observe_every:,}",
            also=["task.exchange_every"],
        )
    for name, one in config.imperfections.items():
        if "nonreciprocal" in one.acts():
            faults.add(
                "task.method",
                f"rungs exchange states by their energies, and couplings of which {one.name!r} "
                f"(hardware.imperfections.{name}) makes two directions have none: leave it out, or take method = "
                '"sample"',
                also=["task"],
            )


def check_law(config: Any, computer: Any, faults: Any) -> None:
    """Add a fault where rungs of a computer have no equilibrium, or states that cannot be exchanged by energies."""
    from thermozoo import Dynamics, NoiseKey, Tempering, equilibrium_states

    table, integrator = config.dynamics, config.moved(config.integrator)
    moves = type(integrator)
    path = "task.method"
    if integrator != config.integrator:
        path = "hardware.imperfections"
    elif moves.variables or not moves.thermal:
        path = "dynamics.integrator"
    try:
        law = Dynamics(computer, integrator, table.dt, table.precision, config.steps)
        Tempering.check(law)
    except ThermozooError as error:
        faults.add(path, str(error), also=["task", "dynamics.integrator", "computer"])
        return
    try:
        equilibrium_states(attrs.evolve(law, computer=computer.bare()), NoiseKey(config.seed), np.arange(1))
    except ThermozooError as error:
        said = f"ladders begin with uncoupled units in equilibrium: {error}"
        faults.add("computer.potential", said, also=["computer", "task"])
