"""Checks of an integrator of underdamped units: its law of motion, weak order, time reversal and first law."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines import Drive, Dynamics
from thermozoo.dynamics.variables import given_variables, kinetic_energy
from thermozoo.errors import FormulaError
from thermozoo.symbolic.action import is_reversible, transition_density
from thermozoo.testing.checks.integrator import KT, MOBILITY, PROBE, _force, extrapolated
from thermozoo.testing.checks.integrator_variables import advanced, stiffnesses, thermal
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.phase_space import exact_underdamped_average, phase_averages
from thermozoo.testing.probes import UNITS, coupled, uncoupled
from thermozoo.testing.registry import check
from thermozoo.testing.transfer import step_function
from thermozoo.thermodynamics.paths import log_path_ratio

Array = npt.NDArray[np.floating[Any]]

#: Steps of Newton's method: most integrators are linear in their noise, and need one.
_NEWTON = 12


def _mass(context: Context) -> float:
    """Return the mass of a unit that is claimed to be underdamped: in equilibrium, with E = m v^2 / 2."""
    thermal(context)
    if len(context.cls.variables) != 1:
        raise DoesNotApply("the law of more than one auxiliary variable is not known")
    [mass] = stiffnesses(context, MOBILITY, KT)
    if not mass > 0:
        raise DoesNotApply("its law is not known: it has no kinetic energy")
    return float(mass)


def _scaled(mass: float) -> tuple[float, float]:
    """Return a mobility and a time that are to this mass what `MOBILITY` and 1 are to the mass 1."""
    return MOBILITY / math.sqrt(mass), math.sqrt(mass)


@check(
    "integrator",
    claim="Without temperature the step solves m d2x/dt2 = F - (dx/dt) / mu, with at least the order that is claimed.",
    needs=("variables-drift", "variables-start"),
)
def variables_deterministic(context: Context) -> Measured:
    """Compare coupled units at kT = 1e-300 with SciPy's DOP853 on every engine."""
    from scipy.integrate import solve_ivp

    mass = _mass(context)
    mobility, time = _scaled(mass)
    claimed = max(1, context.cls.weak_order or 1)
    rng = context.rng("variables-deterministic")
    computer = coupled(PROBE, 1e-300, rng, 0.5, mobility)
    J, b = computer.couplings.matrix(), computer.biases
    x0, v0 = rng.uniform(-1.5, 1.5, size=(1, UNITS)), rng.uniform(-1, 1, size=(1, UNITS)) / time

    def law(t: float, z: Array) -> Array:
        y, v = np.split(z, 2)
        return np.concatenate([v, (-(y + y**3 + J @ y + b) - v / mobility) / mass])

    begin = np.concatenate([x0[0], v0[0]])
    exact = solve_ivp(law, (0.0, time), begin, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    exact[UNITS:] *= time
    [name] = context.cls.variables
    figures = []
    for engine in context.engines:
        ends = []
        for n in (40, 80, 160):
            dynamics = Dynamics(computer, context.plugin, dt=time / n)
            x, held = advanced(engine, dynamics, x0, {name: v0}, n, context.key("variables-deterministic"))
            ends.append(np.concatenate([x[0], time * held[name][0]]))
        errors = np.array(ends) - exact
        sizes = np.abs(errors).max(axis=1)
        case = {"engine": engine.name, "mobility": mobility}
        message = (
            f"without temperature the largest error at t = {time:g} on the {engine.name} engine is "
            f"{', '.join(f'{e:.2g}' for e in sizes)} for dt = t / 40, t / 80, t / 160, expected to fall with order "
            f"{claimed} at least"
        )
        figures.append(extrapolated("x, v less the solution, at dt = 0", errors, claimed, 1e-9, engine.name))
        figures[-1].require(message, case)
        if sizes[-1] > 1e-10:
            order = math.log2(sizes[-2] / sizes[-1])
            figures.append(Measured("order", order, float(claimed), 0.2, sense="at least", detail=engine.name))
            figures[-1].require(message, case)
    return worst(figures)


@check(
    "integrator",
    claim="The error of averages at a fixed time falls with the claimed weak order, for underdamped units.",
    needs=("variables-equilibrium", "variables-deterministic"),
)
def variables_order(context: Context) -> Measured:
    """Propagate x and x^2 by quadrature, and compare with the backward equation in Hermite functions."""
    claimed = context.cls.weak_order
    if claimed is None:
        raise DoesNotApply("it claims no weak order")
    mass = _mass(context)
    mobility, time = _scaled(mass)
    step = step_function(context.plugin)
    if step.noises != 1:
        raise DoesNotApply(f"quadrature covers one noise a step, this one draws {step.noises}")
    x0, v0 = 1.0, 0.5 / time
    found, slowest = {}, math.inf
    for name, values in {"<x>": lambda y: y, "<x^2>": lambda y: y**2}.items():
        exact = exact_underdamped_average(
            values, (x0, v0), time, lambda y: (y**2 / 2 + y**4 / 4, y + y**3), mass, mobility, KT, 4.5
        )
        errors = []
        for n in (4, 8, 16):
            average = phase_averages(step, values, n, _force, mobility, KT, time / n, (4.0, 5.0 / time))
            errors.append(abs(float(average(np.array(x0), np.array(v0))) - exact))
        found[name] = errors
        slowest = min(slowest, math.log2(errors[-2] / errors[-1]) if errors[-1] > 1e-9 else math.inf)
    listed = "; ".join(f"{k} off by {', '.join(f'{e:.2g}' for e in v)}" for k, v in found.items())
    return Measured("order", slowest, float(claimed), 0.3, sense="at least").require(
        f"the measured weak order is {slowest:.2f}, claimed {claimed}: {listed} for dt = t / 4, t / 8, t / 16",
        {"potential": "x^2/2 + x^4/4", "x(0)": x0, "v(0)": v0, "t": time, "kT": KT, "mobility": mobility},
    )


@check(
    "integrator",
    claim="The time reversal of a step is a step, and the ratio of their probabilities is the loss of energy over kT, "
    "as dt falls.",
    needs=("variables-equilibrium",),
)
def variables_reversal(context: Context) -> Measured:
    """Solve random steps and their reverse for the noise, with the parities that are declared, for three time steps."""
    thermal(context)
    try:
        transition_density(context.plugin)
    except FormulaError as error:
        raise DoesNotApply(str(error)) from error
    names = list(context.cls.variables)
    parities = ", ".join(f"{name} {one.parity:+d}" for name, one in context.cls.variables.items())
    if not is_reversible(context.plugin):
        for signs in itertools.product((1, -1), repeat=len(names)):
            if is_reversible(context.plugin, dict(zip(names, signs, strict=True))):
                turned = ", ".join(f"{name} {sign:+d}" for name, sign in zip(names, signs, strict=True))
                raise CheckFailed(
                    f"the time reversal of a step is one that it can make with the parities {turned}, not with "
                    f"{parities}"
                )
        start, noises = _random_steps(context)
        for signs in itertools.product((1, -1), repeat=len(names)):
            if _is_reversed(context, start, noises, signs):
                turned = ", ".join(f"{name} {sign:+d}" for name, sign in zip(names, signs, strict=True))
                raise CheckFailed(
                    f"the formulas of the step say that it cannot make its time reversal, and with the parities "
                    f"{turned} there is noise with which it does, from {len(start[0])} random states: the transition "
                    "density is derived wrongly"
                )
        raise DoesNotApply("the time reversal of a step is none that it can make, whatever the parities")
    step, computer = step_function(context.plugin), uncoupled(PROBE, KT, MOBILITY)
    start, noises = _random_steps(context)
    errors = []
    dts = np.array([4e-2, 2e-2, 1e-2])
    for dt in dts:
        end = step.moved(start, noises, _force, MOBILITY, KT, dt)
        paths = [np.stack(pair) for pair in zip(start, end, strict=True)]
        held = dict(zip(names, paths[1:], strict=True))
        ratio = log_path_ratio(context.plugin, dt, paths[0], computer, computer, variables=held)
        law = Dynamics(computer, context.plugin, dt=dt)
        before, after = (
            computer.energy(paths[0][k]) + kinetic_energy(law, {name: one[k] for name, one in held.items()})
            for k in (0, 1)
        )
        errors.append((ratio - (before - after) / KT) / math.sqrt(dt))
    message = (
        "the logarithm of the ratio of the probabilities of steps and of their reverse is off from the loss of energy "
        f"over kT by {', '.join(f'{np.abs(e).max():.2g} sqrt(dt)' for e in errors)} for dt = 0.04, 0.02, 0.01"
    )
    return extrapolated("ratio less energy, over sqrt(dt), at dt = 0", np.array(errors), 1, 1e-9).require(
        message, {"parities": parities, "kT": KT, "mobility": MOBILITY}
    )


def _random_steps(context: Context) -> tuple[list[Array], list[Array]]:
    """Return states and variables, about as in equilibrium, and the noise of a step from there."""
    rng = context.rng("variables-reversal")
    shape = (6, UNITS)
    stiffness = stiffnesses(context, MOBILITY, KT)
    start = [0.6 * rng.standard_normal(shape), *(np.sqrt(KT / k) * rng.standard_normal(shape) for k in stiffness)]
    return start, [rng.standard_normal(shape) for _ in range(step_function(context.plugin).noises)]


def _is_reversed(context: Context, start: list[Array], noises: list[Array], signs: tuple[int, ...]) -> bool:
    """Whether there is noise that takes each step back, with these parities: found by Newton's method, in numbers.

    No formula is solved for it, so that a wrong one is found out. Where it finds no noise there may still be some.
    """
    step, dt = step_function(context.plugin), 4e-2
    turns = (1, *signs)

    def back(noise: Array) -> Array:
        """Return how far the step from the turned end is off the turned start, shape (results, rows, units)."""
        return np.stack(step.moved(begin, list(noise), _force, MOBILITY, KT, dt)) - goal

    end = step.moved(start, noises, _force, MOBILITY, KT, dt)
    begin = [sign * one for sign, one in zip(turns, end, strict=True)]
    goal = np.stack([sign * one for sign, one in zip(turns, start, strict=True)])
    found, h = np.zeros((step.noises, *start[0].shape)), 1e-6
    for _ in range(_NEWTON):
        off, slopes = back(found), []
        if np.abs(off).max() < 1e-9:
            return True
        for k in range(step.noises):
            shift = np.zeros_like(found)
            shift[k] = h
            slopes.append((back(found + shift) - back(found - shift)) / (2 * h))
        matrix = np.moveaxis(np.array(slopes), (0, 1), (-1, -2))  # (rows, units, results, noises)
        found = found - np.moveaxis((np.linalg.pinv(matrix) @ np.moveaxis(off, 0, -1)[..., None])[..., 0], -1, 0)
        if not np.isfinite(found).all():
            return False
    return False


@check(
    "integrator",
    claim="The first law holds with the kinetic energy: without friction and temperature, work is the change of energy "
    "as dt falls, on every engine.",
    needs=("variables-deterministic",),
)
def variables_first_law(context: Context) -> Measured:
    """Drive coupled units whose mobility is 1e9 at kT = 1e-300, and book the work."""
    mass = _mass(context)
    _, time = _scaled(mass)
    rng = context.rng("variables-first-law")
    computer = coupled(PROBE, 1e-300, rng, 0.5, 1e9 / time)
    rows = 4
    x0 = rng.uniform(-1, 1, size=(rows, UNITS))
    [name] = context.cls.variables
    v0 = rng.uniform(-1, 1, size=(rows, UNITS)) / time
    signal = rng.standard_normal((1, UNITS))
    figures = []
    for engine in context.engines:
        heat = []
        for n in (50, 100, 200):
            drive = Drive(signal, np.zeros(rows, np.int64), np.linspace(0.0, 2.0, n + 1))
            law, work = Dynamics(computer, context.plugin, dt=time / n), np.zeros(rows)
            begin = given_variables(law, {name: v0}, rows)
            x, held = advanced(engine, law, x0, begin, n, context.key("first-law"), drive=drive, work=work)
            before = computer.energy(x0) + kinetic_energy(law, begin)
            after = computer.energy(x) + kinetic_energy(law, held) - 2.0 * (x @ signal[0])
            heat.append(work - (after - before))
        what = f"heat without friction ({engine.name}) [energy]"
        figures.append(
            extrapolated(what, np.array(heat), 1, 1e-7).require(
                f"without friction and temperature the {engine.name} engine's units release the heat "
                f"{', '.join(f'{np.abs(q).max():.3g}' for q in heat)} for dt = t / 50, t / 100, t / 200",
                {"engine": engine.name},
            )
        )
    return worst(figures)
