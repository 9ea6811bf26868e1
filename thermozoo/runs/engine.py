"""Which engine a run takes, and why."""

from __future__ import annotations

from thermozoo.dynamics.engines import Engine, engine_for, why_not
from thermozoo.runs.machine import Machine
from thermozoo.runs.setup import Setup
from thermozoo.runs.training import sampled_trajectories

__all__ = ["engine_note", "engine_of"]


def engine_of(machine: Machine | Setup) -> Engine:
    """Return the engine of a machine's config."""
    config = machine.config
    return engine_for(config.dynamics.engine, machine.dynamics, _trajectories(machine), config.steps)


def engine_note(machine: Machine | Setup, engine: Engine) -> str:
    """Return in a line which engine advances the trajectories of a run, and why that one."""
    config = machine.config
    if config.dynamics.engine != "auto":
        return f"engine: {engine.name}, as dynamics.engine says"
    work = f"{_trajectories(machine):,} trajectories of {machine.computer.n:,} units, {config.steps:,} steps each"
    if engine.name != "reference":
        return f"engine: {engine.name}, which suits {work}"
    reason = why_not("compiled", machine.dynamics)
    if reason is not None:
        return f"engine: reference, for {work}: {reason}"
    return f'engine: reference, as compiling may take longer than {work} (dynamics.engine = "compiled" compiles)'


def _trajectories(machine: Machine | Setup) -> int:
    """Return how many trajectories a run follows."""
    config = machine.config
    if isinstance(machine, Setup):
        return config.task.trajectories(config)
    methods = {config.training.method, *config.training.compare}
    each = 2 * config.generation.samples + config.training.held_out
    return len(methods) * each + sum(sampled_trajectories(machine, m) for m in methods)
