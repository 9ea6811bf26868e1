"""Checks of the paths of a potential: what a trajectory and its reverse must satisfy on every engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.onsite import unit_energy
from thermozoo.dynamics.engines import Drive, Dynamics
from thermozoo.dynamics.noise import normals
from thermozoo.interfaces.tree import with_values
from thermozoo.symbolic.action import transition_density
from thermozoo.testing.author import authored
from thermozoo.testing.checks.potential import KT
from thermozoo.testing.context import Context
from thermozoo.testing.edges import breakpoints, force_jumps
from thermozoo.testing.measured import Measured, apart, worst
from thermozoo.testing.oracle import DRIVEN, UnitOracle
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.probes import UNITS, ProbeStep, coupled, record, uncoupled
from thermozoo.testing.registry import check
from thermozoo.testing.statistics import measured_order
from thermozoo.testing.strategies import moderate

Array = npt.NDArray[np.floating[Any]]

#: Mobility of every simulation; not one, so that a forgotten mobility shows.
MOBILITY = 1.3

#: Largest relative error of the exact identity of a path and its reverse, in doubles.
_IDENTITY = 1e-11


def draws(context: Context, purpose: str) -> Iterator[tuple[Any, UnitOracle]]:
    """Yield the plugin with its defaults (quick), or with a few draws as well (full)."""
    for values in moderate(context.plugin, context.rng(purpose), 3 if context.full else 0):
        plugin = with_values(context.plugin, values)
        yield plugin, UnitOracle(plugin, KT)


def coupling_strength(oracle: UnitOracle) -> float:
    """Return a coupling strength that matters and that no unit's confinement is lost to."""
    if oracle.period is not None:
        return 0.2 * oracle.kT / oracle.width**2
    x, w = oracle.weights()
    stiffness = float((w * oracle.gradient(x) * (x - oracle.center)).sum()) / oracle.width**2
    return 0.2 * stiffness


def _log_density(dt: float, kT: float) -> Callable[[Array, Array, Array], Array]:
    """Return ln p(x' | x) of the probe step, from its derived transition density, as a function of (x', x, force)."""
    density = transition_density(ProbeStep())
    f = density.step
    bound = f.bind({}, dt=dt, mobility=MOBILITY, kT=kT)
    function = bound.function("log_density", [density.x_next, f.x, f.forces[0]], density.log_density)

    def evaluate(x_next: Array, x: Array, force: Array) -> Array:
        values: Array = function(x_next, x, force)[0]
        return values

    return evaluate


def has_kink(oracle: UnitOracle) -> bool:
    """Whether the force jumps somewhere: discretization errors then fall more slowly with dt."""
    return bool(force_jumps(oracle))


def _has_edges(oracle: UnitOracle) -> bool:
    """Whether the formula changes its branch somewhere, so that the curvature may jump where the force does not."""
    f = authored(oracle.potential)
    values = {symbol: unit_energy(oracle.potential).values[name] for name, symbol in f.parameters.items()}
    return bool(breakpoints(f.energy, f.x, values, oracle.period))


def _path_order(oracle: UnitOracle) -> float:
    """Return the order in dt of the heat gap of a path of given duration, from that of one step.

    A step is of size dt^(1/2). Where U has a third derivative, the trapezoidal heat of a step is off by order dt^(3/2)
    and either sign, and 1/dt independent steps by dt^(3/2 - 1/2). Where the force jumps, it is off by dt^(1/2) in the
    steps that cross, of which a path has dt^(-1/2) on average: by dt^(1/2 - 1/4). Where only the curvature jumps, a
    crossing is off by dt: dt^(1 - 1/4).
    """
    return 0.25 if has_kink(oracle) else 0.75 if _has_edges(oracle) else 1.0


@check(
    "potential",
    claim="The log-ratio of a path's probability and its reverse's tends to the energy difference over kT, "
    "with the expected order in dt.",
    needs=("engine-force", "continuous", "separable"),
)
def fluctuation_relation(context: Context) -> Measured:
    """Measure how the difference shrinks over three time steps, for coupled units, on every engine."""
    figures = []
    for plugin, oracle in draws(context, "fluctuation"):
        claimed = _path_order(oracle)
        # so that z_limit standard errors are half of the smallest order
        rows = 1024 if claimed < 0.5 else 256
        rng = context.rng("fluctuation-states")
        initial = oracle.samples(rng, (rows, UNITS))
        computer = coupled(plugin, KT, rng, coupling_strength(oracle), MOBILITY)
        longest = 2.0 * oracle.time_step(MOBILITY)
        steps = np.array([1, 4, 16]) * 16
        for engine in context.engines:
            gaps = []
            for n in steps:
                dt = longest * 16 / n
                path = record(
                    engine, Dynamics(computer, ProbeStep(), dt=dt), initial, int(n), context.key("fluctuation")
                )
                gaps.append(_heat_gap(computer, path, dt))
            errors = np.abs(gaps).mean(axis=1)
            if errors.max() < 1e-9:
                figures.append(Measured("difference", float(errors.max()), 0.0, 1e-9, detail="exact at every dt"))
                continue
            order = measured_order(
                f"order ({engine.name})", longest * 16 / steps, np.array(gaps), claimed, saturates=claimed == 1.0
            )
            listed = ", ".join(f"{longest * 16 / n:.2g}: {e:.2g}" for n, e in zip(steps, errors, strict=True))
            figures.append(
                order.require(
                    f"on the {engine.name} engine the log-ratio of path probabilities does not tend to -(V' - V)/kT: "
                    f"mean difference by dt {listed}; order {order.value:.2f}, expected at least "
                    f"{claimed:g} within {order.tolerance:.2g}",
                    {"parameters": unit_energy(plugin).values, "engine": engine.name},
                )
            )
    return worst(figures)


def _heat_gap(computer: Computer, path: Array, dt: float) -> Array:
    """Return ln P[w] / P[w~] + (V_end - V_start) / kT of each trajectory."""
    kT = computer.temperature
    force = -np.stack([computer.gradient(np.ascontiguousarray(x)) for x in path])
    log = _log_density(dt, kT)
    forward = log(path[1:], path[:-1], force[:-1])
    backward = log(path[:-1], path[1:], force[1:])
    ratio = (forward - backward).sum(axis=(0, 2))
    gap: Array = ratio + (computer.energy(path[-1]) - computer.energy(path[0])) / kT
    return gap


@check(
    "potential",
    claim="The probability of a path and of its reverse obey the exact identity at any dt, and each step uses "
    "the noise that its number says.",
    needs=("engine-force", "separable"),
)
def path_identity(context: Context) -> Measured:
    """Recover the noise of a driven, coupled run from its states; compare both sides of the identity to rounding."""
    largest = 0.0
    for plugin, oracle in draws(context, "path"):
        rng = context.rng("path-states")
        dt = 2.0 * oracle.time_step(MOBILITY)
        computer = coupled(plugin, KT, rng, coupling_strength(oracle), MOBILITY)
        J, b = computer.couplings.matrix(), computer.biases
        steps, rows = 8, 6
        initial = oracle.samples(rng, (rows, UNITS))
        signal = rng.standard_normal((1, UNITS))
        intensity = KT / oracle.width * np.linspace(0.0, 1.0, steps + 1)
        drive = Drive(signals=signal, which=np.zeros(rows, dtype=np.int64), intensity=intensity)
        key = context.key("path")
        for engine in context.engines:
            path = record(engine, Dynamics(computer, ProbeStep(), dt=dt), initial, steps, key, drive)
            for k in range(steps):
                x, after = path[k], path[k + 1]
                force = -(oracle.gradient(x) + x @ J + b) + intensity[k + 1] * signal
                sigma = math.sqrt(2 * MOBILITY * KT * dt)
                recovered = (after - x - MOBILITY * force * dt) / sigma
                noise = normals(key, k, np.arange(rows), UNITS)
                gap = float(np.abs(recovered - noise).max())
                # engines may round the logarithm and cosine in single precision; another number would differ by one
                if not gap <= 1e-4:
                    raise CheckFailed(
                        f"on the {engine.name} engine step {k} does not move by mu F dt + (2 mu kT dt)^(1/2) "
                        "xi with the force of that "
                        f"step and the noise of that step, trajectory and unit: xi differs by {gap:.2g}",
                        {"parameters": unit_energy(plugin).values, "step": k, "engine": engine.name},
                    )
            largest = max(largest, _identity_error(computer, path, dt, oracle, J, b))
    return Measured("relative error of the identity", largest, 0.0, _IDENTITY)


def _identity_error(computer: Computer, path: Array, dt: float, oracle: UnitOracle, J: Array, b: Array) -> float:
    """Compare ln P_0[w] / P_theta[w~] with -(beta/2) sum D.(g+ + g-) + (beta mu dt / 4) sum (|g+|^2 - |g-|^2)."""
    before, after = path[:-1], path[1:]
    free = computer.bare()
    here = np.stack([free.gradient(np.ascontiguousarray(x)) for x in before])
    there = np.stack([computer.gradient(np.ascontiguousarray(x)) for x in after])
    log = _log_density(dt, KT)
    left = (log(after, before, -here) - log(before, after, -there)).sum(axis=(0, 2))
    # the identity holds to rounding, so that its right-hand side may lose no digit where terms of a slope cancel
    slopes = np.vectorize(oracle.exact_gradient)(path)
    minus, plus = slopes[:-1], slopes[1:] + after @ J + b
    first = -((after - before) * (plus + minus)).sum(axis=(0, 2)) / (2 * KT)
    second = MOBILITY * dt / (4 * KT) * (plus**2 - minus**2).sum(axis=(0, 2))
    scale = np.abs(log(after, before, -here)).sum(axis=(0, 2)) + np.abs(first) + np.abs(second)
    errors = np.abs(left - first - second) / scale
    worst_row, error = int(errors.argmax()), float(errors.max())
    got, expected = apart(float(left[worst_row]), float((first + second)[worst_row]), 12)
    Measured("relative error of the identity", error, 0.0, _IDENTITY).require(
        f"ln P_0[w] / P_theta[w~] is {got}, the identity gives {expected}",
        {"parameters": unit_energy(oracle.potential).values},
    )
    return error


@check(
    "potential",
    claim="Forward and backward flux between any two states balance at equilibrium as dt falls, uncoupled and coupled.",
    needs=("fluctuation-relation",),
)
def detailed_balance(context: Context) -> Measured:
    """Compare pi(x) p(x'|x) with pi(x') p(x|x') for pairs of states a step apart; V is summed pair by pair."""
    figures = []
    for plugin, oracle in draws(context, "balance"):
        if oracle.driven:
            continue
        # the flux ratio is the heat gap of one step, of order dt^(3/2); where the force jumps it is of order dt^(1/2),
        # in the part dt^(1/2) of all steps that cross: few, so that more of them are drawn
        kink = has_kink(oracle)
        claimed, rows = (1.0, 4096) if kink else (1.5, 512)
        rng = context.rng("balance-states")
        strength = coupling_strength(oracle)
        for computer in (uncoupled(plugin, KT, MOBILITY), coupled(plugin, KT, rng, strength, MOBILITY)):
            J, b = computer.couplings.matrix(), computer.biases
            x = oracle.samples(rng, (rows, UNITS))
            noise = rng.standard_normal(x.shape)

            def energy(y: Array, J: Array = J, b: Array = b, oracle: UnitOracle = oracle) -> Array:
                pairs = sum(J[i, j] * y[:, i] * y[:, j] for i in range(UNITS) for j in range(i + 1, UNITS))
                total: Array = oracle.energy(y).sum(axis=1) + y @ b + pairs
                return total

            longest = oracle.time_step(MOBILITY)
            steps = longest * 4.0 ** -np.arange(4)
            gaps = []
            for dt in steps:
                force = -computer.gradient(x)
                after = x + MOBILITY * force * dt + np.sqrt(2 * MOBILITY * KT * dt) * noise
                log = _log_density(float(dt), KT)
                flux = (log(after, x, force) - log(x, after, -computer.gradient(after))).sum(axis=1)
                gaps.append(flux + (energy(after) - energy(x)) / KT)
            errors = np.abs(gaps).mean(axis=1)
            which = "coupled" if computer.couplings.vector.any() else "uncoupled"
            if errors.max() < 1e-9:
                figures.append(Measured("imbalance", float(errors.max()), 0.0, 1e-9, detail=f"{which}, at every dt"))
                continue
            order = measured_order(f"order, {which}", steps, np.array(gaps), claimed, saturates=not kink)
            figures.append(
                order.require(
                    f"detailed balance does not set in for {which} units: mean |ln(flux ratio)| "
                    f"{', '.join(f'{e:.2g}' for e in errors)} for dt divided by 4 each time; order {order.value:.2f}, "
                    f"expected at least {claimed:g} within {order.tolerance:.2g}",
                    {"parameters": unit_energy(plugin).values, "units": which},
                )
            )
    if not figures:
        raise DoesNotApply(DRIVEN)
    return worst(figures)
