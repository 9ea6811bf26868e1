"""Check of an objective that says it is a likelihood: its absolute scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from thermozoo.testing.checks.objective import finite  # noqa: F401 - registers what this one needs first
from thermozoo.testing.context import Context
from thermozoo.testing.loss_oracle import KT, MOBILITY, A, C, LossOracle
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import DoesNotApply
from thermozoo.testing.registry import check

#: Mobility, temperature and time step of the steps; a factor that is one for a single set would not show.
_SETS = ((MOBILITY, KT, 0.02), (MOBILITY, KT, 0.0005), (0.7, 0.11, 0.02), (2.1, 1.7, 0.1))

#: States from which the computer's step starts.
_STARTS = (-1.1, 0.0, 0.3, 2.0)

#: Quadrature over twelve standard deviations of the noise is exact to far less.
_TOLERANCE = 1e-6


@check(
    "objective",
    claim="A loss that claims to be a likelihood is one: exp(-loss) is a normalized density of the step in the "
    "direction it states, and the exact computer has 1/2 a unit and step, at every dt.",
    needs=("finite",),
)
def likelihood_scale(context: Context) -> Measured:
    """Integrate over the noise of the Euler-Maruyama step, for several mobilities, temperatures and dt."""
    found = list(_scales(LossOracle(context.plugin), context.cls.direction))
    if not context.cls.likelihood:
        mean = worst(one for one in found if one.what == _MEAN).value
        raise DoesNotApply(
            "it does not claim to be a likelihood (likelihood = True): its absolute scale is not checked, and a run "
            f"knows no loss of a perfect model; the exact computer has {mean:.4g} a unit and step, where a likelihood "
            "has 0.5"
        )
    for one in found:
        one.require(f"it claims to be a likelihood, but its {one.figure}")
    return worst(found)


_INTEGRAL = "integral of exp(-loss) / (4 pi mu kT dt)^(1/2)"
_MEAN = "mean loss of the exact computer, a unit and step"


def _scales(loss: LossOracle, direction: str) -> Iterator[Measured]:
    """Yield normalization and mean loss of each step of the computer."""
    noise = np.linspace(-12.0, 12.0, 4001)
    spacing = noise[1] - noise[0]
    density = np.exp(-(noise**2) / 2) / np.sqrt(2 * np.pi)
    for mobility, kT, dt in _SETS:
        for start in _STARTS:
            gradient = _gradient(start)
            deviation = np.sqrt(2 * mobility * kT * dt)
            end = start - mobility * gradient * dt + deviation * noise
            here, there = (start, gradient), (end, _gradient(end))
            if direction == "reverse":  # observed backward in time: the step starts at x' and ends at x
                here, there = there, here
            values = np.asarray(loss.arrays(here[0], there[0], here[1], there[1], dt, mobility, kT)) * np.ones(
                end.shape
            )
            case = f"from {start:g}, dt = {dt:g}, mu = {mobility:g}, kT = {kT:g}"
            weights = np.exp(-values)
            yield Measured(_INTEGRAL, float(weights.sum() * spacing / np.sqrt(2 * np.pi)), 1.0, _TOLERANCE, detail=case)
            yield Measured(_MEAN, float((density * values).sum() * spacing), 0.5, _TOLERANCE, detail=case)


def _gradient(x: Any) -> Any:
    """Return dV/dx of one unit of the suite's computer."""
    return 2 * A * x + 4 * C * x * x * x
