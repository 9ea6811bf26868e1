"""One method from start to end: train, judge on held-out noising, generate, measure."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from thermozoo.dynamics.engines import Engine
from thermozoo.runs.machine import Machine
from thermozoo.runs.phases import PHASES, Outcome
from thermozoo.runs.progress import Reporter

__all__ = ["Clock", "run_method"]


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


def run_method(machine: Machine, engine: Engine, method: str, reporter: Reporter, clock: Clock) -> Outcome:
    """Take a method through its phases."""
    outcome = Outcome(machine, engine, method)
    for phase in PHASES:
        title = phase.title.format(method=method)
        with clock.phase(phase.name), reporter.phase(title, phase.work(machine, method)) as progress:
            phase.run(outcome, progress)
    return outcome
