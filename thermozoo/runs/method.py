"""One method from start to end: train, judge on held-out noising, generate, measure."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import attrs

from thermozoo.computer.stability import check_time_step
from thermozoo.dynamics.engines import Engine
from thermozoo.runs.assemble import Machine
from thermozoo.runs.generation import Generated, generate
from thermozoo.runs.metrics import generation_figures, judged_figures, outputs_of, training_figures
from thermozoo.runs.progress import Reporter
from thermozoo.runs.results import Figures
from thermozoo.runs.training import train, training_work
from thermozoo.training.evaluate import HeldOut, evaluate
from thermozoo.training.result import Training

__all__ = ["Clock", "Outcome", "run_method"]


class Clock:
    """Wall time by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time of a block to a phase."""
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    @property
    def rounded(self) -> dict[str, float]:
        """The times as the report holds them."""
        return {name: round(value, 3) for name, value in self.seconds.items()}


@attrs.frozen(eq=False)
class Outcome:
    """What came out of one method.

    Parameters
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

    training: Training
    initial: float
    held_out: HeldOut
    generated: Generated
    figures: Figures


def run_method(machine: Machine, engine: Engine, method: str, reporter: Reporter, clock: Clock) -> Outcome:
    """Train a machine with a method, evaluate it, let it generate and measure what it generated."""
    config = machine.config
    with (
        clock.phase("training"),
        reporter.phase(f"training ({method})", training_work(machine, method)) as progress,
    ):
        training = train(machine, engine, method, progress)
    computers = training.windows or (training.computer,)
    for computer in computers:
        check_time_step(computer, config.dynamics.dt)
    with clock.phase("evaluation"), reporter.phase("held-out noising", None):
        initial, held_out = evaluate(
            computers,
            machine.noising(engine),
            machine.loss,
            seed=config.seed,
            trajectories=config.training.held_out,
        )
    with clock.phase("generation"), reporter.phase("generation", 2 * config.steps) as progress:
        generated = generate(
            machine.computer,
            computers,
            config.integrator,
            dt=config.dynamics.dt,
            steps=config.steps,
            precision=config.dynamics.precision,
            samples=config.generation.samples,
            seed=config.seed,
            engine=engine,
            progress=progress,
        )
    with clock.phase("judging"), reporter.phase("judging", None):
        outputs, correlations = outputs_of(machine, generated)
        figures = Figures.of(
            training_figures(machine, initial, held_out, training),
            generation_figures(machine, generated, correlations),
            judged_figures(machine, outputs, correlations),
        )
    return Outcome(training, initial, held_out, generated, figures)
