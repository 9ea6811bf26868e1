"""A task of one's own: how fast units leave the well in which they begin.

thermozoo run examples/escape.toml --plugin examples/escape.py
"""

import math
from typing import Annotated

import attrs
import numpy as np

from thermozoo import Account, Key, Phase, Task, hookimpl, option


@attrs.frozen(kw_only=True)
class EscapeFigures:
    """What the task finds."""

    rate: Annotated[float, Key("escapes from a well, a unit of time")]
    rate_se: Annotated[float, Key("its standard error")]


@attrs.frozen
class Escape(Task):
    """Start every unit in its left well, and count those in the right one at the end: p = (1 - exp(-2 k t)) / 2."""

    name = "escape"
    figures = EscapeFigures

    followed: int = option(1000, doc="trajectories that are followed")

    def trajectories(self, config):
        return self.followed

    def phases(self, config):
        phase = Phase(
            "escape",
            "escape",
            self._escape,
            seconds=lambda of: of.simulation(self.followed, config.steps),
            pieces=lambda config: 2,  # which the line above reports
            work=lambda run: config.steps,
        )
        return [phase]

    def _escape(self, run, progress):
        start = np.full((self.followed, run.machine.computer.n), -math.sqrt(0.5))
        done = run.simulate(start, run.config.steps, stream=0, progress=progress)
        right = (done.final > 0).mean()
        error = math.sqrt(right * (1 - right) / done.final.size)
        time = run.config.duration
        run.figures = EscapeFigures(rate=-math.log(1 - 2 * right) / (2 * time), rate_se=error / (1 - 2 * right) / time)

    def small(self):
        units = {"units": {"units": 50}, "potential": {"plugin": "double-well"}, "temperature": 0.1}
        return {"computer": units, "dynamics": {"dt": 0.01, "duration": 2.0}}

    def account(self, figures):
        return Account(f"A unit leaves its well {figures.rate:.4f} ± {figures.rate_se:.4f} times a unit of time.")


@hookimpl
def thermozoo_tasks():
    return [Escape]
