"""Checks of an integrator on samples from every engine: linear computer, transition density, independent noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines import Dynamics
from thermozoo.errors import FormulaError
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.action import transition_density
from thermozoo.testing.checks.integrator import KT, MOBILITY, PROBE, _force, closed_form_variance, overdamped
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.probes import UNITS, ProbeQuartic, record, uncoupled
from thermozoo.testing.registry import check
from thermozoo.testing.statistics import (
    compare_distribution,
    compare_variance,
    z_limit,
)

Array = npt.NDArray[np.floating[Any]]


@check(
    "integrator",
    claim="The stationary variance of a linear computer is the scheme's own closed form, which tends to kT/k.",
    needs=("deterministic-limit", "noise-variance"),
)
def linear_variance(context: Context) -> Measured:
    """Derive the closed form from the step, take it to dt = 0, and measure it on every engine (chi-square)."""
    overdamped(context)
    stiffness = 2.0
    closed = closed_form_variance(context.plugin, stiffness, MOBILITY, KT, 0.2 / (MOBILITY * stiffness))
    if closed is None:
        raise DoesNotApply("on a linear force the step is not linear in state and noise")
    tiny = closed_form_variance(context.plugin, stiffness, MOBILITY, KT, 1e-7)
    if tiny is None or not abs(tiny * stiffness / KT - 1) < 1e-3:
        raise CheckFailed(
            f"for dt toward zero the stationary variance on U = k x^2 / 2 tends to {tiny:.6g}, not to kT/k = "
            f"{KT / stiffness:.6g}",
            {"k": stiffness, "kT": KT, "mobility": MOBILITY},
        )
    figures = []
    computer = uncoupled(ProbeQuartic(a=stiffness / 2, c=0.0), KT, MOBILITY)
    for engine in context.engines:
        dynamics = Dynamics(computer, context.plugin, dt=0.2 / (MOBILITY * stiffness))
        path = record(engine, dynamics, np.full((500, UNITS), 0.1), 80, context.key("linear-variance"))
        figures.append(compare_variance(f"stationary variance ({engine.name})", path[-1], closed))
    return worst(figures)


@check(
    "integrator",
    claim="The derived transition density is normalized and equals the histogram of a step.",
    needs=("noise-once",),
)
def transition_histogram(context: Context) -> Measured:
    """Integrate the density with SciPy, and compare it with single steps on every engine (Kolmogorov-Smirnov)."""
    overdamped(context)
    import sympy
    from scipy.integrate import quad

    try:
        density = transition_density(context.plugin)
    except FormulaError as error:
        raise DoesNotApply(str(error)) from error
    f = density.step
    dt, start = 0.05, 0.7
    forces = dict(zip(f.forces, (float(_force(np.array(start))),) * len(f.forces), strict=True))
    if any(stage != f.x for stage in f.stages):
        forces = _staged_forces(f, start, dt)
    numbers = {f.x: start, f.dt: dt, f.mobility: MOBILITY, f.kT: KT, **forces, **_own(context, f)}
    function = sympy.lambdify(density.x_next, sympy.exp(density.log_density.subs(numbers)), "math")
    center, width = float(density.mean.subs(numbers)), math.sqrt(float(density.variance.subs(numbers)))
    low, high = center - 12 * width, center + 12 * width
    total, _ = quad(function, low, high, points=[center], epsabs=1e-12, limit=200)
    integral = Measured("integral of the density", total, 1.0, 1e-8).require(
        f"the derived transition density integrates to {total:.9g}", {"x": start, "dt": dt}
    )
    grid = np.linspace(center - 9 * width, center + 9 * width, 4001)
    values = np.array([function(v) for v in grid])
    cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]))]) * (grid[1] - grid[0])
    figures = [integral]
    for engine in context.engines:
        dynamics = Dynamics(uncoupled(PROBE, KT, MOBILITY), context.plugin, dt=dt)
        path = record(engine, dynamics, np.full((500, UNITS), start), 1, context.key("density"))
        figures.append(
            compare_distribution(
                f"a step on the {engine.name} engine", path[1], lambda v: np.interp(v, grid, cumulative)
            )
        )
    return worst(figures)


def _own(context: Context, formula: Any) -> dict[Any, float]:

    return {formula.parameters[name]: value for name, value in values_of(context.plugin).items()}


def _staged_forces(formula: Any, start: float, dt: float) -> dict[Any, float]:
    numbers: dict[Any, float] = {formula.x: start, formula.dt: dt, formula.mobility: MOBILITY, formula.kT: KT}
    forces: dict[Any, float] = {}
    for stage, symbol in zip(formula.stages, formula.forces, strict=True):
        place = float(stage.subs({**numbers, **forces}))
        forces[symbol] = float(_force(np.array(place)))
    return forces


@check(
    "integrator",
    claim="Increments of different steps, units and trajectories are independent, with the right variance.",
    needs=("noise-variance",),
)
def noise_independent(context: Context) -> Measured:
    """Correlate increments of steps so short that they are noise alone, on every engine."""
    overdamped(context)
    dt, steps, rows = 1e-8, 40, 100
    figures = []
    for engine in context.engines:
        dynamics = Dynamics(uncoupled(PROBE, KT, MOBILITY), context.plugin, dt=dt)
        path = record(engine, dynamics, np.full((rows, UNITS), 0.1), steps, context.key("independent"))
        z = np.diff(path, axis=0) / math.sqrt(2 * MOBILITY * KT * dt)
        figures.append(compare_variance(f"variance of increments ({engine.name})", z.ravel(), 1.0))
        pairs = {
            "successive steps": z[1:] * z[:-1],
            "steps two apart": z[2:] * z[:-2],
            "neighboring units": z[:, :, 1:] * z[:, :, :-1],
            "neighboring trajectories": z[:, 1:] * z[:, :-1],
        }
        for what, products in pairs.items():
            correlation = float(products.mean())
            # products of independent standard normal numbers have mean zero and variance one
            limit = z_limit(len(pairs)) / math.sqrt(products.size)
            figures.append(
                Measured(f"correlation of {what} ({engine.name})", correlation, 0.0, limit).require(
                    f"increments of {what} are correlated by {correlation:.4f} on the {engine.name} engine; "
                    f"{products.size} products allow {limit:.4f}",
                    {"engine": engine.name},
                )
            )
    return worst(figures)
