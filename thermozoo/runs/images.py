"""What tasks over images share: generation by a trained computer, in any steps, and judging of what comes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.program import Program
from thermozoo.computer.stability import check_time_step
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.simulate import Simulation
from thermozoo.interfaces import Integrator
from thermozoo.runs.conditions import asked_classes, held_values
from thermozoo.runs.generated import Generated
from thermozoo.runs.generation import follow, generate
from thermozoo.runs.imperfect import realised_program
from thermozoo.runs.machine import Machine
from thermozoo.runs.metrics import images_of, judged_figures
from thermozoo.runs.phase import Run
from thermozoo.runs.results import QualityFigures
from thermozoo.runs.sharded import generate_in_shards

__all__ = ["check_steps", "generate_images", "images_of", "judge_images", "replay_image"]


def check_steps(law: Dynamics) -> None:
    """Refuse a time step in which what generates is not stable, at its strongest where it is driven or drifts.

    Raises
    ------
    StabilityError
        When the computer, or one of a program, is too stiff.
    """
    check_time_step(law.program, law.dt)
    for step in law.driven.extremes() if law.driven is not None else ():
        check_time_step(law.computer_before(step), law.dt)


def generate_images(
    run: Run,
    progress: Callable[[int], None] | None = None,
    *,
    integrator: Integrator | None = None,
    dt: float | None = None,
) -> Generated:
    """Let the trained computer of a run generate the samples of its config, as the device that it is.

    Parameters
    ----------
    run : Run
        A run whose phase ``training`` is done.
    progress : callable, optional
        Called with the number of steps of all samples done since its last call.
    integrator : Integrator, optional
        The law of motion (default: that of generation in the config). Seeds being the same, samples of any begin in
        the same states; with variables, such as velocities, these begin in equilibrium.
    dt : float, optional
        The time step [time] (default: that of generation); the duration is that of the config.

    Raises
    ------
    StabilityError
        When the trained computer is too stiff for a time step.
    """
    arguments = _asked(run.config, run.machine, run.outcome.realised, integrator, dt)
    if run.config.run is not None:
        return generate_in_shards(run, arguments, progress).read_by(run.read)
    return generate(**arguments, engine=run.engine, progress=progress).read_by(run.read)


def replay_image(run: Any, sample: int, *, integrator: Integrator | None = None, dt: float | None = None) -> Simulation:
    """Let one sample of `generate_images` do again what it did in a run; return how it ended, in every row.

    Parameters
    ----------
    run : thermozoo.runs.replayed.Replayed
        What replays a trajectory, and holds the programs that the run trained.
    sample : int
        Number of the sample.
    integrator, dt
        As of `generate_images`.
    """
    found = run.trained
    programs = list(found.values()) if isinstance(found, dict) else [found]
    realised = tuple(realised_program(run.config, one) for one in programs)
    return follow(**_asked(run.config, run.machine, realised, integrator, dt), sample=sample, advance=run.advance)


def _asked(
    config: Config, machine: Machine, realised: tuple[Program, ...], integrator: Integrator | None, dt: float | None
) -> dict[str, Any]:
    """Return what generation is told of: laws of motion, samples, seed, what is asked for."""
    law = attrs.evolve(machine.generating, schedule=machine.schedule)
    if integrator is not None or dt is not None:
        dt = law.dt if dt is None else dt
        law = attrs.evolve(law, integrator=integrator or law.integrator, dt=dt, steps=round(config.duration / dt))
        for program in realised:
            check_steps(attrs.evolve(law, computer=program))
    asked = asked_classes(config)
    laws = {label: attrs.evolve(law, computer=one) for label, one in zip(machine.classes, realised, strict=False)}
    return {
        "dynamics": laws or attrs.evolve(law, computer=realised[0]),
        "untrained": attrs.evolve(law, computer=machine.computer, schedule=None),
        "samples": config.generation.samples,
        "seed": config.seed,
        "equilibration": config.equilibration,
        "condition": asked,
        "clamped": held_values(machine, asked),
    }


def judge_images(run: Run, outputs: npt.NDArray[np.floating[Any]]) -> QualityFigures:
    """Return what judges make of images of shape (samples, pixels) that should look like those which a run learned."""
    machine = run.machine
    return judged_figures(machine, outputs, machine.prototypes.correlations(outputs))
