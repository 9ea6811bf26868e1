"""Check of an integrator over long runs, longer than the quick profile has time for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.dynamics.engines import Dynamics
from thermozoo.testing.checks.integrator import KT, MOBILITY, PROBE, closed_form_variance, overdamped, propagated
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import DoesNotApply
from thermozoo.testing.probes import UNITS, ProbeQuartic, coupled, record, uncoupled
from thermozoo.testing.registry import check
from thermozoo.testing.statistics import compare_chains
from thermozoo.testing.transfer import step_function

Array = npt.NDArray[np.floating[Any]]

#: Trajectories, steps that are left to forget the start, and steps that are averaged over.
TRAJECTORIES, FORGOTTEN, STEPS = 32, 500, 10_000

DT = 0.05

_STIFFNESS = 2.0


class _Modes:
    """Coupled units with quadratic energies: the squares of the modes, each over its closed-form variance."""

    title = "coupled quadratic units"

    def __init__(self, context: Context) -> None:
        quadratic = ProbeQuartic(a=_STIFFNESS / 2, c=0.0)
        self.computer: Computer = coupled(quadratic, KT, context.rng("long-run"), 0.3, MOBILITY)
        matrix = _STIFFNESS * np.eye(UNITS) + self.computer.couplings.matrix()
        stiffness, self.modes = np.linalg.eigh(matrix)
        self.center = -np.linalg.solve(matrix, self.computer.biases)
        self.variances = [closed_form_variance(context.plugin, float(k), MOBILITY, KT, DT) for k in stiffness]
        self.expected = 1.0
        self.applies = None not in self.variances

    def __call__(self, x: Array) -> Array:
        squares: Array = ((x - self.center) @ self.modes) ** 2 / np.array(self.variances, dtype=float)
        return squares


class _Quartic:
    """Units with quartic energies: x^2, whose stationary average under the scheme is found by quadrature."""

    title = "quartic units"

    def __init__(self, context: Context) -> None:
        self.computer: Computer = uncoupled(PROBE, KT, MOBILITY)
        step = step_function(context.plugin)
        self.applies = step.noises <= 2  # what quadrature covers
        if self.applies:
            grid, averages = propagated(step, lambda y: y**2, 300, DT)
            self.expected = float(np.interp(0.0, grid, averages))

    def __call__(self, x: Array) -> Array:
        squares: Array = x**2
        return squares


def _computers(context: Context) -> Iterator[Any]:
    for computer in (_Modes(context), _Quartic(context)):
        if computer.applies:
            yield computer


@check(
    "integrator",
    claim="Over long runs in single precision, quadratic and quartic computers keep the scheme's own stationary "
    "average, in the last quarter as in the whole.",
    level="full",
    needs=("linear-variance", "stationarity", "noise-independent"),
)
def long_run(context: Context) -> Measured:
    """Compare time averages of independent trajectories with closed form and quadrature, by Student's t."""
    overdamped(context)
    figures = []
    computers = list(_computers(context))
    if not computers:
        raise DoesNotApply(
            "no average is known exactly: a step is not linear on a linear force and draws more than two noises"
        )
    tests = 2 * len(computers) * len(context.engines)
    for one in computers:
        for engine in context.engines:
            dynamics = Dynamics(one.computer, context.plugin, dt=DT, precision="single")
            start = np.zeros((TRAJECTORIES, UNITS))
            path = record(engine, dynamics, start, FORGOTTEN + STEPS, context.key("long-run"))
            # trajectories are independent, and so are units that are not coupled, and modes
            series = one(path[1 + FORGOTTEN :].astype(np.float64)).reshape(STEPS, -1)
            what = f"the square of {one.title} ({engine.name})"
            figures.append(compare_chains(what, series, one.expected, tests))
            figures.append(compare_chains(f"{what} in the last quarter", series[-STEPS // 4 :], one.expected, tests))
    return worst(figures)
