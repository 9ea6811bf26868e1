"""Checks of averages over the trajectories of a potential on every engine: temperature, marginals, work."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.onsite import unit_energy
from thermozoo.dynamics.engines import Drive, Dynamics
from thermozoo.testing.checks.potential import KT
from thermozoo.testing.checks.potential_paths import MOBILITY, coupling_strength, draws
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import DoesNotApply
from thermozoo.testing.probes import UNITS, ProbeStep, coupled, record, uncoupled
from thermozoo.testing.registry import check
from thermozoo.testing.statistics import compare_distribution, compare_mean

Array = npt.NDArray[np.floating[Any]]


@check(
    "potential",
    claim="The temperature measured from trajectories is the one that was set.",
    needs=("fluctuation-relation",),
)
def temperature(context: Context) -> Measured:
    """Measure kT from the growth of x^2, exact for any dt: d<x^2>/dt = -2 mu <x V'> + 2 mu kT + mu^2 dt <V'^2>."""
    figures = []
    for plugin, oracle in draws(context, "temperature"):
        rng = context.rng("temperature-states")
        computer = coupled(plugin, KT, rng, coupling_strength(oracle), MOBILITY)
        J, b = computer.couplings.matrix(), computer.biases
        dt = 2.0 * oracle.time_step(MOBILITY)
        steps = 100
        initial = oracle.samples(rng, (500, UNITS))
        for engine in context.engines:
            path = record(engine, Dynamics(computer, ProbeStep(), dt=dt), initial, steps, context.key("temperature"))
            gradient = oracle.gradient(path[:-1]) + path[:-1] @ J + b
            noise = np.diff(path, axis=0) + MOBILITY * gradient * dt
            # the noise has the temperature's variance in every step; its mean over a trajectory is one independent
            # sample
            by_noise = (noise**2).mean(axis=(0, 2)) / (2 * MOBILITY * dt)
            figures.append(compare_mean(f"kT from noise ({engine.name})", by_noise, KT))
            growth = (path[-1] ** 2 - path[0] ** 2) / (2 * MOBILITY * dt * steps)
            virial = (path[:-1] * gradient - 0.5 * MOBILITY * dt * gradient**2).mean(axis=0)
            by_virial = (growth + virial).mean(axis=1)
            figures.append(compare_mean(f"kT ({engine.name})", by_virial, KT))
    return worst(figures)


@check(
    "potential",
    claim="Trajectories of uncoupled units are distributed as quadrature says.",
    needs=("fluctuation-relation",),
)
def marginals(context: Context) -> Measured:
    """Compare states after many steps with the density that quadrature of the step gives (Kolmogorov-Smirnov)."""
    from thermozoo.testing.transfer import carried, kernel

    figures = []
    for plugin, oracle in draws(context, "marginals"):
        rng = context.rng("marginals-states")
        dt = 4.0 * oracle.time_step(MOBILITY)
        steps = 64
        initial = oracle.samples(rng, (500, UNITS))
        x = kernel_grid(oracle, dt)
        step = kernel(x, -oracle.gradient(x), MOBILITY, KT, dt, oracle.period)
        weight = np.exp(-(oracle.energy(x) - oracle.energy(x).min()) / KT) if not oracle.driven else np.ones(len(x))
        expected = carried(weight / weight.sum(), step, steps)
        cumulative = np.cumsum(expected) - 0.5 * expected
        if oracle.period is not None:  # from the first point once around
            x, cumulative = np.append(x, x[0] + oracle.period), np.append(cumulative - 0.5 * expected[0], 1.0)

        def expectation(states: Array, x: Array = x, cumulative: Array = cumulative) -> Array:
            values: Array = np.interp(states, x, cumulative)
            return values

        for engine in context.engines:
            computer = uncoupled(plugin, KT, MOBILITY)
            path = record(engine, Dynamics(computer, ProbeStep(), dt=dt), initial, steps, context.key("marginals"))
            final = path[-1]
            if oracle.period is not None:
                final = x[0] + (final - x[0]) % oracle.period
            figures.append(compare_distribution(f"one unit on the {engine.name} engine", final, expectation))
    return worst(figures)


def kernel_grid(oracle: UnitOracle, dt: float) -> Array:
    """Return a grid on which a step's normal density is resolved; of a circle without the end, which is its start."""
    low, high = oracle.interval
    spacing = math.sqrt(2 * MOBILITY * KT * dt) / 2.0
    points = min(max(301, math.ceil((high - low) / spacing)), 2001)
    if oracle.period is not None:
        return np.linspace(low, high, points, endpoint=False)
    margin = 0.05 * (high - low)
    return np.linspace(low - margin, high + margin, points)


@check(
    "potential",
    claim="The average of exp(-W/kT) over a ramp of an imposed force is exp(-dF/kT) (Jarzynski).",
    needs=("fluctuation-relation",),
)
def jarzynski(context: Context) -> Measured:
    """Ramp a force on one unit; dF by adaptive quadrature, the bias of a finite dt by quadrature of the step."""
    from thermozoo.testing.transfer import kernel

    if context.cls.period is not None:
        raise DoesNotApply("around a circle an imposed force drives a current: with it there is no free energy")
    figures = []
    for plugin, oracle in draws(context, "jarzynski"):
        rng = context.rng("jarzynski-states")
        dt = 4.0 * oracle.time_step(MOBILITY)
        steps, rows = (
            64,
            2000,
        )  # slow enough for the sign of the work to matter: a sudden ramp does as much one way as the other
        end = 1.0 * KT / oracle.width
        intensity = end * np.linspace(0.0, 1.0, steps + 1)
        signal = np.zeros((1, UNITS))
        signal[0, 0] = 1.0
        drive = Drive(signals=signal, which=np.zeros(rows, dtype=np.int64), intensity=intensity)
        initial = oracle.samples(rng, (rows, UNITS))
        after = attrs.evolve(oracle, tilt=end)
        exact = math.exp(after.log_partition - oracle.log_partition)
        x = kernel_grid(oracle, dt)
        p = np.exp(-(oracle.energy(x) - oracle.energy(x).min()) / KT)
        # weighted by exp(-W/kT), and by its square for the scatter of the samples
        p = np.stack([p, p]) / p.sum()
        for k in range(steps):
            p = p * np.exp(np.array([[1.0], [2.0]]) * (intensity[k + 1] - intensity[k]) * x / KT)
            p = p @ kernel(x, intensity[k + 1] - oracle.gradient(x), MOBILITY, KT, dt)
        discrete, square = map(float, p.sum(axis=1))
        # a time step is short enough where its bias is below the standard error of the samples that follow
        scatter = math.sqrt((square - discrete**2) / rows) / exact
        figures.append(
            Measured("<exp(-W/kT)> exp(dF/kT) by quadrature", discrete / exact, 1.0, scatter).require(
                f"quadrature of the ramp gives <exp(-W/kT)> = {discrete:.4g}, exp(-dF/kT) = {exact:.4g}",
                {"parameters": unit_energy(plugin).values},
            )
        )
        for engine in context.engines:
            work = np.zeros(rows)
            dynamics = Dynamics(uncoupled(plugin, KT, MOBILITY), ProbeStep(), dt=dt)
            record(engine, dynamics, initial, steps, context.key("jarzynski"), drive, work)
            figures.append(
                compare_mean(f"<exp(-W/kT)> exp(dF/kT) ({engine.name})", np.exp(-work / KT) / exact, discrete / exact)
            )
    return worst(figures)
