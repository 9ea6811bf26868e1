"""Time and bytes of a run, before it: every phase is done in small and continued along a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Engine
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.runs.budget import check_memory
from thermozoo.runs.disk import predicted_disk
from thermozoo.runs.machine import Machine
from thermozoo.runs.phase import Calibration
from thermozoo.runs.phases import phases_of
from thermozoo.runs.step_bias import StepBias, step_bias
from thermozoo.runs.stopwatch import seconds

__all__ = ["Estimate", "estimate_run", "estimate_work", "measured_assembly"]


@attrs.frozen
class Estimate:
    """What a run will take.

    Parameters
    ----------
    seconds : dict of str to float
        Wall time by phase [second].
    memory : int
        Most memory that it will hold [byte], as the run itself predicts it.
    disk : int
        Bytes of the run folder.
    step_bias : tuple of StepBias
        What the time step of generation costs, and what a shorter and a longer one would; none where it is not known.
    """

    seconds: dict[str, float]
    memory: int
    disk: int
    step_bias: tuple[StepBias, ...] = ()

    @property
    def total(self) -> float:
        """Wall time of all phases [second]."""
        return sum(self.seconds.values())

    def as_json(self) -> dict[str, Any]:
        """Return what ``thermozoo estimate --json`` prints."""
        return {
            "seconds": {**{k: round(v, 2) for k, v in self.seconds.items()}, "total": round(self.total, 2)},
            "memory_bytes": self.memory,
            "disk_bytes": self.disk,
            "step_bias": [one.as_json() for one in self.step_bias],
        }


def estimate_work(config: Config) -> int:
    """Return the total that `estimate_run` reports as progress."""
    return sum(phase.pieces(config) for phase in phases_of(config))


@one_blas_thread()
def estimate_run(
    machine: Any, assembly: float, engine: Engine, progress: Callable[[int], None] | None = None
) -> Estimate:
    """Calibrate every phase of a run on this machine.

    Kernels that are not in the cache are compiled, so the run itself will find them there.

    Parameters
    ----------
    machine : Setup, or what the task makes instead
        The assembled machine.
    assembly : float
        How long assembling it took [second].
    engine : Engine
        What the run will use.
    progress : callable, optional
        Called with the amount of work done since its last call; see `estimate_work`.

    Raises
    ------
    BudgetError
        When the run would be refused for the memory that it needs.
    """
    report = progress or (lambda amount: None)
    memory = check_memory(machine.config, machine)  # before calibration, which takes memory as well
    found: dict[str, float] = {}
    for phase in phases_of(machine.config):
        found[phase.name] = phase.seconds(Calibration(machine, engine, machine.config.method, report, assembly, found))
    bias = step_bias(machine) if isinstance(machine, Machine) else ()
    return Estimate(found, memory, predicted_disk(machine), bias)


def measured_assembly(assemble: Callable[[], Any]) -> tuple[Any, float]:
    """Assemble a machine and return it with the seconds that it took."""
    machines: list[Any] = []
    taken = seconds(lambda: machines.append(assemble()))
    return machines[0], taken
