"""Which engine a run takes, and why, in a line."""

from __future__ import annotations

from thermozoo.dynamics.engines import Engine
from thermozoo.runs.assemble import Machine
from thermozoo.runs.training import sampled_trajectories

__all__ = ["engine_note"]


def engine_note(machine: Machine, engine: Engine) -> str:
    """Return which engine advances the trajectories of a run, and why that one."""
    config = machine.config
    if config.dynamics.engine != "auto":
        return f"engine: {engine.name}, as dynamics.engine says"
    methods = {config.training.method, *config.training.compare}
    each = 2 * config.generation.samples + config.training.held_out
    trajectories = len(methods) * each + sum(sampled_trajectories(machine, m) for m in methods)
    work = f"{trajectories:,} trajectories of {machine.computer.n:,} units, {config.steps:,} steps each"
    if engine.name == "reference":
        return f'engine: reference, as compiling may take longer than {work} (dynamics.engine = "compiled" compiles)'
    return f"engine: {engine.name}, which suits {work}"
