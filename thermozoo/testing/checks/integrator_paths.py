"""Check of an integrator whose step has a closed density: the probabilities of paths that follow from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import sympy

from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.errors import FormulaError
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.action import transition_density
from thermozoo.testing.checks.integrator import KT, MOBILITY, PROBE, overdamped
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import DoesNotApply
from thermozoo.testing.probes import UNITS, coupled, record
from thermozoo.testing.registry import check
from thermozoo.thermodynamics.paths import log_path_ratio, midpoint_heat

Array = npt.NDArray[Any]

#: Rounding of a sum over some steps and units.
_CLOSE = 1e-9


@check(
    "integrator",
    claim="The ratio of the probabilities of a path and of its reverse is that of its steps, solved for their noise.",
    needs=("transition-histogram",),
)
def path_ratio(context: Context) -> Measured:
    """Solve each step of a few paths for its noise, unit by unit, forward and backward."""
    overdamped(context)
    try:
        step = transition_density(context.plugin).step
    except FormulaError as error:
        raise DoesNotApply(str(error)) from error
    if any(stage != step.x for stage in step.stages):
        raise DoesNotApply("its step evaluates a force elsewhere than in the state before it")
    rng, dt, steps = context.rng("path-ratio"), 0.02, 6
    there, back = (coupled(PROBE, KT, rng, 0.6, MOBILITY) for _ in range(2))
    imposed = 0.3 * rng.standard_normal((steps, 4, UNITS))
    dynamics = Dynamics(there, context.plugin, dt=dt)
    x = record(engine_named("reference"), dynamics, rng.standard_normal((4, UNITS)), steps, context.key("path-ratio"))
    own = {step.parameters[name]: value for name, value in values_of(context.plugin).items()}
    result = step.result.subs({step.dt: dt, step.mobility: MOBILITY, step.kT: KT, **own})
    mean = sympy.lambdify([step.x, *step.forces], result.subs(dict.fromkeys(step.noises, 0)))
    width = sympy.lambdify([step.x, *step.forces], sympy.sqrt(sum(sympy.diff(result, xi) ** 2 for xi in step.noises)))

    def log_density(before: Array, after: Array, force: Array) -> Array:
        at = (before, *[force] * len(step.forces))
        sigma = width(*at)
        xi = (after - mean(*at)) / sigma
        return np.asarray(-(xi**2) / 2 - np.log(2 * np.pi * sigma**2) / 2)

    def slope(J: Array, b: Array, at: Array) -> Array:
        return np.asarray(at + at**3 + at @ J + b)

    J, b = there.couplings.matrix(), there.biases
    K, c = back.couplings.matrix(), back.biases
    forward = log_density(x[:-1], x[1:], imposed - slope(J, b, x[:-1]))
    backward = log_density(x[1:], x[:-1], -slope(K, c, x[1:]))
    expected = (forward - backward).sum(axis=(0, 2))
    found = log_path_ratio(context.plugin, dt, x, there, back, imposed)
    trapezoids = -((x[1:] - x[:-1]) * (slope(J, b, x[1:]) + slope(J, b, x[:-1])) / 2).sum(axis=(0, 2))
    scale = float(np.abs(forward).sum(axis=(0, 2)).max())
    return worst(
        [
            Measured("ln of the ratio, off", float(np.abs(found - expected).max()) / scale, 0.0, _CLOSE).require(
                f"ln P[w] / P[w~] is {found}, the noise of the steps says {expected}"
            ),
            Measured(
                "heat by the midpoint rule, off", float(np.abs(midpoint_heat(x, there) - trapezoids).max()), 0.0, _CLOSE
            ).require(),
        ]
    )
