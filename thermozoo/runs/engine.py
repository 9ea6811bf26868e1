"""Which engine a run takes, and why."""

from __future__ import annotations

import attrs
import numpy as np

from thermozoo.dynamics.core_engines import CompiledEngine
from thermozoo.dynamics.engines import Dynamics, Engine, engine_for, usable, why_not
from thermozoo.runs.generation import equilibration_of
from thermozoo.runs.imperfect import realised
from thermozoo.runs.machine import Machine
from thermozoo.runs.setup import Setup
from thermozoo.runs.training import sampled_trajectories

__all__ = ["engine_note", "engine_of"]


def engine_of(machine: Machine | Setup) -> Engine:
    """Return the engine of a machine's config; it compiles one layout, where one suits all that the run does."""
    config = machine.config
    if config.engine is not None:
        engine = usable(config.engine)
    else:
        accelerators = isinstance(machine, Setup) or {config.training.method, *config.training.compare} == {"exact"}
        work = _hardest(machine), _trajectories(machine), config.steps
        engine = engine_for("auto", *work, accelerators=accelerators)
    return engine if isinstance(machine, Setup) or engine != CompiledEngine() else _of_one_layout(engine, machine)


def _of_one_layout(engine: Engine, machine: Machine) -> Engine:
    """Return the compiled engine in the layout that suits generation, where nothing else in the run takes longer.

    Few trajectories, those of evaluation and of a figure, may be quicker in the other layout, but by less than its
    kernel takes to compile. Bits do not depend on it.
    """
    from thermozoo.dynamics.engines.compiled import CompiledStepper
    from thermozoo.dynamics.engines.vectors import LINE

    config = machine.config
    stepper = engine.prepare(machine.generating)
    if {config.training.method, *config.training.compare} != {"exact"} or not isinstance(stepper, CompiledStepper):
        return engine
    chosen = stepper.arrangement(config.generation.samples, config.generation_steps)
    return CompiledEngine(width=1 if chosen.unit_layout else LINE // np.dtype(machine.dynamics.dtype).itemsize)


def engine_note(machine: Machine | Setup, engine: Engine) -> str:
    """Return in a line which engine advances the trajectories of a run, and why that one."""
    config = machine.config
    if config.dynamics.engine != "auto":
        on = _device(engine)
        return f"engine: {engine.name}{on}, as dynamics.engine says"
    several = (config.steps,) if isinstance(machine, Setup) else (config.generation_steps, config.steps)
    steps = dict.fromkeys(f"{n:,}" for n in several)
    work = f"{_trajectories(machine):,} trajectories of {machine.computer.n:,} units, {' or '.join(steps)} steps each"
    if engine.name != "reference":
        return f"engine: {engine.name}{_device(engine)}, which suits {work}"
    reason = why_not("compiled", _hardest(machine))
    if reason is not None:
        return f"engine: reference, for {work}: {reason}"
    return f'engine: reference, as compiling may take longer than {work} (dynamics.engine = "compiled" compiles)'


def _device(engine: Engine) -> str:
    """Return what an engine says of the device that it computes on."""
    device = engine.details.get("device")
    return f" on {device}" if device else ""


def _hardest(machine: Machine | Setup) -> Dynamics:
    """Return the law of motion that the fewest engines know: that of generation, unless only noising's is refused."""
    if isinstance(machine, Setup):
        return machine.dynamics
    device = realised(machine.config, machine.computer)
    laws = (attrs.evolve(machine.generating, computer=device), machine.dynamics)
    return next((law for law in laws if why_not("compiled", law) is not None), laws[0])


def _trajectories(machine: Machine | Setup) -> int:
    """Return how many trajectories a run follows, each for the duration of noising and generation."""
    config = machine.config
    if isinstance(machine, Setup):
        return config.task.trajectories(config)
    methods = {config.training.method, *config.training.compare}
    share = equilibration_of(machine.generating, config.equilibration) / config.generation_steps
    each = round((1 + share) * config.generation.samples) + config.training.held_out
    return len(methods) * each + sum(sampled_trajectories(machine, m) for m in methods)
