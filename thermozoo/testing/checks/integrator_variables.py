"""Checks of an integrator whose units have auxiliary variables, such as velocities, beside their states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.dynamics.engines import BatchState, Drive, Dynamics
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.noise import normals
from thermozoo.dynamics.variables import resting, start_variables
from thermozoo.symbolic.start import starts_of
from thermozoo.testing.checks.integrator import KT, MOBILITY, PROBE, extrapolated
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.phase_space import LinearStep, linear_step
from thermozoo.testing.probes import UNITS, ProbeQuartic, coupled, uncoupled
from thermozoo.testing.registry import check
from thermozoo.testing.statistics import compare_variance
from thermozoo.testing.transfer import step_function

Array = npt.NDArray[np.floating[Any]]

_STIFFNESS = 2.0


def with_variables(context: Context) -> None:
    """Say that a check does not apply where units have nothing beside their states."""
    if not context.cls.variables:
        raise DoesNotApply("its units have no auxiliary variables")


def _linear(context: Context, stiffness: float, push: float, mobility: float, kT: float, dt: float) -> LinearStep:
    found = linear_step(context.plugin, stiffness, push, mobility, kT, dt)
    if found is None:
        raise DoesNotApply("on a linear force the step is not linear in states, variables and noise")
    return found


def stiffnesses(context: Context, mobility: float, kT: float) -> Array:
    """Return the second derivatives of the kinetic energy by each variable, by differences: of a quadratic, exact."""
    import sympy

    s = step_function(context.plugin).symbols
    energy = sympy.sympify(context.plugin.energy(s))
    numbers = {s.mobility: mobility, s.kT: kT}
    return np.array([float(sympy.diff(energy, one, 2).subs(numbers).subs(dict.fromkeys(s.held.values(), 0)))
                     for one in s.held.values()])  # fmt: skip


def thermal(context: Context) -> None:
    """Say that a check does not apply where no Boltzmann distribution is claimed."""
    with_variables(context)
    if not context.cls.thermal:
        raise DoesNotApply("it claims no equilibrium: thermal = False")


@check(
    "integrator",
    claim="Auxiliary variables start from the distribution that they keep where no force acts.",
    needs=("noise-once",),
)
def variables_start(context: Context) -> Measured:
    """Compare the start with the stationary covariance of the variables alone, by the discrete Lyapunov equation."""
    with_variables(context)
    figures = []
    names = list(context.cls.variables)
    for mobility, kT in ((MOBILITY, KT), (0.7, 0.11)):
        dts = np.array([4e-3, 2e-3, 1e-3])
        alone = [_linear(context, 0.0, 0.0, mobility, kT, dt).variables.stationary for dt in dts]
        step, starts = starts_of(context.plugin)
        own = {step.parameters[k]: v for k, v in _values(context).items()}
        numbers = {step.mobility: mobility, step.kT: kT, step.dt: dts[-1], **own}
        for k, name in enumerate(names):
            spread = float(starts[name].spread.subs(numbers))
            errors = np.array([[spread**2 / one[k, k] - 1] for one in alone])
            figures.append(
                extrapolated(
                    f"variance of {name} at the start over the stationary one, less 1", errors, 1, 1e-7
                ).require(
                    f"{name} starts with the variance {spread**2:.6g} and settles at {alone[-1][k, k]:.6g} where no "
                    "force acts",
                    {"mobility": mobility, "kT": kT, "dt": float(dts[-1])},
                )
            )
    return worst(figures)


def _values(context: Context) -> dict[str, Any]:
    from thermozoo.interfaces.tree import values_of

    return values_of(context.plugin)


@check(
    "integrator",
    claim="Under a constant force units drift with their mobility: the mean of dx/dt tends to mu F.",
    needs=("noise-once",),
)
def variables_drift(context: Context) -> Measured:
    """Solve for the mean velocity of a linear step in the long run, for three time steps and two mobilities."""
    with_variables(context)
    figures = []
    for mobility in (MOBILITY, 0.7):
        ratios = []
        for dt in (4e-3, 2e-3, 1e-3):
            z = _linear(context, 0.0, 0.4, mobility, KT, dt)
            held = np.linalg.solve(np.eye(len(z.b) - 1) - z.A[1:, 1:], z.b[1:])
            ratios.append((z.A[0, 1:] @ held + z.b[0]) / (dt * mobility * 0.4))
        figures.append(
            extrapolated("mean velocity over mu F, less 1", np.array(ratios)[:, None] - 1, 1, 1e-7).require(
                f"under a constant force F the mean velocity is {', '.join(f'{r:.6g}' for r in ratios)} times mu F for "
                "dt = 4e-3, 2e-3, 1e-3",
                {"mobility": mobility, "F": 0.4},
            )
        )
    return worst(figures)


@check(
    "integrator",
    claim="On a harmonic unit Var x tends to kT / k, that of each variable to kT over the stiffness of its energy, and "
    "they are independent, as dt falls.",
    needs=("variables-start", "variables-drift"),
)
def variables_equilibrium(context: Context) -> Measured:
    """Solve the discrete Lyapunov equation of the step for three time steps, temperatures and mobilities."""
    thermal(context)
    figures = []
    for mobility, kT in ((MOBILITY, KT), (0.7, 0.11), (2.1, 1.7)):
        stiffness = np.array([_STIFFNESS, *stiffnesses(context, mobility, kT)])
        units = np.sqrt(np.outer(kT / stiffness, kT / stiffness))
        dts = (2e-2, 1e-2, 5e-3)
        found = [_linear(context, _STIFFNESS, 0.0, mobility, kT, dt).stationary / units for dt in dts]
        errors = np.array([(one - np.eye(len(one))).ravel() for one in found])
        what = "covariance over that of the Boltzmann distribution, less 1"
        figures.append(
            extrapolated(what, errors, 1, 1e-7).require(
                "on a harmonic unit the covariance of x, "
                f"{', '.join(context.cls.variables)} over its Boltzmann value is {np.round(found[-1], 5).tolist()} at "
                f"dt = {dts[-1]:g}",
                {"k": _STIFFNESS, "kT": kT, "mobility": mobility},
            )
        )
    return worst(figures)


def advanced(
    engine: Any, dynamics: Dynamics, x: Array, held: dict[str, Array], steps: int, key: Any, **more: Any
) -> tuple[Array, dict[str, Array]]:
    """Return states and variables after a number of steps."""
    numbers = more.pop("trajectories", np.arange(len(x)))
    x, held = x.copy(), {name: one.copy() for name, one in held.items()}
    stepper = engine.prepare(dynamics)
    with np.errstate(over="ignore", invalid="ignore"):
        advance_rows(stepper, x, key=key, first_step=0, steps=steps, trajectories=numbers, variables=held, **more)
    return x, held


@check(
    "integrator",
    claim="On a harmonic unit, states and variables of every engine have the covariance of the scheme's closed form.",
    needs=("variables-start",),
)
def variables_sampled(context: Context) -> Measured:
    """Start many units in one point, and compare variances of x, of each variable and of their sums (chi-square)."""
    with_variables(context)
    computer, dt, steps = uncoupled(ProbeQuartic(a=_STIFFNESS / 2, c=0.0), KT, MOBILITY), 0.1, 60
    sigma = _linear(context, _STIFFNESS, 0.0, MOBILITY, KT, dt).covariance(steps)
    figures = []
    for engine in context.engines:
        dynamics = Dynamics(computer, context.plugin, dt=dt)
        start = resting(dynamics, 500)
        x, held = advanced(engine, dynamics, np.zeros((500, UNITS)), start, steps, context.key("variables-sampled"))
        z = {"x": x, **held}
        for k, (name, one) in enumerate(z.items()):
            figures.append(compare_variance(f"variance of {name} ({engine.name})", one, sigma[k, k]))
            if k:
                both = sigma[0, 0] + sigma[k, k] + 2 * sigma[0, k]
                figures.append(compare_variance(f"variance of x + {name} ({engine.name})", x + one, both))
    return worst(figures)


def _driven(computer: Computer, push: Any) -> Callable[[Array], Array]:
    """Return the force of a computer and of what pushes it."""
    return lambda at: push - computer.gradient(at)


@check(
    "integrator",
    claim="Every engine does the steps that the formula says, with the noise of its trajectories and the drive of each "
    "step, and the same bits however a run is split.",
    needs=("noise-once",),
)
def variables_engines(context: Context) -> Measured:
    """Follow coupled, driven and clamped units by NumPy alone; compare every engine, also split and resumed."""
    with_variables(context)
    rng = context.rng("variables-engines")
    computer = coupled(PROBE, KT, rng, 0.5, MOBILITY)
    dynamics, steps, rows = Dynamics(computer, context.plugin, dt=0.02), 24, 5
    numbers, key = 7 + np.arange(rows), context.key("variables-engines")
    x0 = rng.uniform(-1, 1, size=(rows, UNITS))
    start = start_variables(dynamics, key, numbers)
    drive = Drive(rng.standard_normal((1, UNITS)), np.zeros(rows, np.int64), np.linspace(1.0, 0.2, steps + 1))
    step, figures = step_function(context.plugin), []
    for imposed in (None, drive):
        phase = [x0, *start.values()]
        for k in range(steps):
            push = 0.0 if imposed is None else imposed.intensity[k + 1] * imposed.signals[0]
            noises = [normals(key, k, numbers, UNITS, draw) for draw in range(step.noises)]
            phase = step.moved(phase, noises, _driven(computer, push), MOBILITY, KT, dynamics.dt)
        for engine in context.engines:
            case = {"engine": engine.name, "driven": imposed is not None}
            more = {"trajectories": numbers, "drive": imposed}
            x, held = advanced(engine, dynamics, x0, start, steps, key, **more)
            pairs = zip([x, *held.values()], phase, strict=True)
            off = max(float(np.abs(a - b).max()) for a, b in pairs)
            figures.append(
                Measured("largest difference from the formula", off, 0.0, 1e-9, detail=engine.name).require(
                    f"after {steps} steps the {engine.name} engine is off by {off:.2g} from the formula", case
                )
            )
            batch = engine.prepare(dynamics).begin(BatchState(x0, key, numbers, variables=start), imposed)
            for several in (5, 1):
                batch.advance(several)
            batch = engine.prepare(dynamics).begin(batch.state(), imposed)
            batch.advance(steps - 6)
            parts = [batch.states(), *batch.variables().values()]
            if not all(np.array_equal(a, b) for a, b in zip([x, *held.values()], parts, strict=True)):
                raise CheckFailed(f"the {engine.name} engine gives other bits when a run is split", case)
    return worst(figures)
