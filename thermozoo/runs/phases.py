"""The phases that every method of a run goes through: what each is called, does and how long it will take."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from thermozoo.computer.stability import check_time_step
from thermozoo.dynamics.engines import Engine
from thermozoo.runs import calibration
from thermozoo.runs.assemble import Machine
from thermozoo.runs.generation import Generated, generate
from thermozoo.runs.metrics import generation_figures, judged_figures, outputs_of, training_figures
from thermozoo.runs.results import Figures
from thermozoo.runs.training import train, training_work
from thermozoo.training.evaluate import HeldOut, evaluate
from thermozoo.training.noising import NoisingProcess
from thermozoo.training.result import Training

__all__ = ["PHASES", "Outcome", "Phase"]

Progress = Callable[[int], None]


@attrs.define(eq=False)
class Outcome:
    """What comes out of one method; every phase adds its part.

    Parameters
    ----------
    machine : Machine
        What is trained.
    engine : Engine
        What advances states.
    method : str
        The training method.

    Attributes
    ----------
    training : Training
        The trained computer.
    initial : float
        Held-out loss per step of the untrained computer.
    held_out : HeldOut
        Figures of the trained one.
    generated : Generated
        What it generated.
    figures : Figures
        All of it as ``report.json`` holds it.
    """

    machine: Machine
    engine: Engine
    method: str
    training: Training = attrs.field(init=False)
    initial: float = attrs.field(init=False)
    held_out: HeldOut = attrs.field(init=False)
    generated: Generated = attrs.field(init=False)
    figures: Figures = attrs.field(init=False)


@attrs.frozen
class Phase:
    """A phase of a method.

    Parameters
    ----------
    name : str
        What the report and an estimate call it.
    title : str
        What its progress is called.
    run : callable
        Does it: adds to an outcome, and calls what it is given with the work done since its last call.
    seconds : callable
        Returns how long it will take with a method [second], from a calibration that reports the pieces it measures.
    pieces : int
        How many these are.
    work : callable
        Returns the total that `run` reports; None where it reports nothing.
    of_method : bool
        Whether its time depends on the method.
    """

    name: str
    title: str
    run: Callable[[Outcome, Progress], None]
    seconds: Callable[[Machine, Engine, str, Progress], float]
    pieces: int
    work: Callable[[Machine, str], int | None] = lambda machine, method: None
    of_method: bool = False


def _train(outcome: Outcome, progress: Progress) -> None:
    machine = outcome.machine
    outcome.training = train(machine, outcome.engine, outcome.method, progress)
    for computer in outcome.training.windows or (outcome.training.computer,):
        check_time_step(computer, machine.config.dynamics.dt)


def _evaluate(outcome: Outcome, progress: Progress) -> None:
    machine, training = outcome.machine, outcome.training
    outcome.initial, outcome.held_out = evaluate(
        training.windows or (training.computer,),
        NoisingProcess(machine.noising, outcome.engine),
        machine.loss,
        seed=machine.config.seed,
        trajectories=machine.config.training.held_out,
    )


def _generate(outcome: Outcome, progress: Progress) -> None:
    config, training = outcome.machine.config, outcome.training
    outcome.generated = generate(
        outcome.machine.computer,
        training.windows or (training.computer,),
        config.integrator,
        dt=config.dynamics.dt,
        steps=config.steps,
        precision=config.dynamics.precision,
        samples=config.generation.samples,
        seed=config.seed,
        engine=outcome.engine,
        progress=progress,
    )


def _judge(outcome: Outcome, progress: Progress) -> None:
    machine = outcome.machine
    outputs, correlations = outputs_of(machine, outcome.generated)
    outcome.figures = Figures.of(
        training_figures(machine, outcome.initial, outcome.held_out, outcome.training),
        generation_figures(machine, outcome.generated, correlations),
        judged_figures(machine, outputs, correlations),
    )


#: In the order in which they are done.
PHASES = (
    Phase(
        "training",
        "training ({method})",
        _train,
        calibration.training_seconds,
        pieces=2 * calibration.TRAINING,
        work=training_work,
        of_method=True,
    ),
    Phase("evaluation", "held-out noising", _evaluate, calibration.evaluation_seconds, pieces=2),
    Phase(
        "generation",
        "generation",
        _generate,
        calibration.generation_seconds,
        pieces=5,  # observations, and twice each of two laws of motion
        work=lambda machine, method: 2 * machine.config.steps,
    ),
    Phase("judging", "judging", _judge, calibration.judging_seconds, pieces=1),
)
