"""Checks of driven parameters of a potential on every engine: force, work, free energy, and the speed of the clock."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.onsite import unit_energy
from thermozoo.dynamics.engines import Dynamics, Engine
from thermozoo.dynamics.noise import normals
from thermozoo.dynamics.schedule import Schedule
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import KeptStates
from thermozoo.errors import ThermozooError
from thermozoo.interfaces.tree import flat_parameters, values_of, with_values
from thermozoo.testing.checks.potential import KT
from thermozoo.testing.checks.potential_averages import kernel_grid
from thermozoo.testing.checks.potential_paths import MOBILITY, coupling_strength, draws
from thermozoo.testing.context import Context
from thermozoo.testing.driven import clock_speed as clock
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.probes import UNITS, ProbeStep, coupled, record, uncoupled
from thermozoo.testing.registry import check
from thermozoo.testing.statistics import compare_mean

Array = npt.NDArray[np.floating[Any]]

#: Standard deviation of the energy that the change of a parameter adds to a unit, over kT: its work is then about as
#: large as the heat of a unit, and the average of exp(-W / kT) over eight of them is known to some per cent.
_CHANGE = 0.3


def _ends(plugin: Any, oracle: UnitOracle) -> Iterator[tuple[str, float, float]]:
    """Yield (parameter, value, other value) of each parameter that changes the energy and can be driven."""
    x, w = oracle.weights()
    for name, _, value in flat_parameters(plugin):
        for sign in (1.0, -1.0):
            other = _other(plugin, oracle, name, value, sign, x, w)
            if other is not None:
                yield name, value, other
                break


def _other(plugin: Any, oracle: UnitOracle, name: str, value: float, sign: float, x: Array, w: Array) -> float | None:
    change = sign * 0.5 * max(abs(value), 1.0)
    for _ in range(30):
        other = float(f"{value + change:.4g}")
        try:
            energy = UnitOracle(with_values(plugin, {name: other}), KT).energy(x) - oracle.energy(x)
        except ThermozooError:
            energy = np.full_like(x, np.nan)  # outside of its bounds
        mean = float((w * energy).sum())
        spread = math.sqrt(max(float((w * (energy - mean) ** 2).sum()), 0.0))
        if np.isfinite(spread) and spread <= _CHANGE * KT and float(np.abs(energy[w > 1e-9]).max()) < 4 * KT:
            return other if spread > 1e-3 * KT else None
        change /= 2
    return None


def _driven(plugin: Any, name: str, values: Array, dt: float) -> Dynamics:
    steps = len(values) - 1
    schedule = Schedule({f"potential.units.{name}": values})
    return Dynamics(uncoupled(plugin, KT, MOBILITY), ProbeStep(), dt=dt, steps=steps, schedule=schedule)


@check(
    "potential",
    claim="A parameter that a schedule drives has in every step the value of that step, and its work is booked.",
    needs=("engine-force", "path-identity"),
)
def driven_parameter(context: Context) -> Measured:
    """Recover the noise of a run whose parameter is driven, and add up U(x; after) - U(x; before)."""
    figures = []
    for plugin, oracle in draws(context, "driven-parameter"):
        dt = oracle.time_step(MOBILITY)
        initial = oracle.samples(context.rng("driven-parameter-states"), (6, UNITS))
        for name, begin, end in _ends(plugin, oracle):
            values = np.linspace(begin, end, 9)
            dynamics = _driven(plugin, name, values, dt)
            units = [UnitOracle(with_values(plugin, {name: v}), KT) for v in values]
            for engine in context.engines:
                case = {"parameter": name, "from": begin, "to": end, "engine": engine.name}
                figures.append(_noise(context, dynamics, engine, initial, units, case))
                figures.append(_booked(context, dynamics, engine, initial, units, case))
    if not figures:
        raise DoesNotApply("no parameter changes the energy, or there is no engine")
    return worst(figures)


def _noise(
    context: Context, dynamics: Dynamics, engine: Engine, initial: Array, units: list[UnitOracle], case: dict[str, Any]
) -> Measured:
    """Compare the noise that the steps would need with the noise of their numbers."""
    key, dt = context.key("driven-parameter"), dynamics.dt
    path = record(engine, dynamics, initial, dynamics.steps, key)
    largest = 0.0
    for k in range(dynamics.steps):
        force = -units[k + 1].gradient(path[k])
        recovered = (path[k + 1] - path[k] - MOBILITY * force * dt) / math.sqrt(2 * MOBILITY * KT * dt)
        gap = float(np.abs(recovered - normals(key, k, np.arange(len(initial)), UNITS)).max())
        # engines may round the logarithm and cosine of the noise in single precision
        if not gap <= 1e-4:
            raise CheckFailed(
                f"on the {engine.name} engine step {k} does not feel the force of the value that its parameter has in "
                f"it: the noise that it would need differs by {gap:.2g}",
                {**case, "step": k},
            )
        largest = max(largest, gap)
    return Measured("noise that a step would need, less its own", largest, 0.0, 1e-4, detail=engine.name)


def _booked(
    context: Context, dynamics: Dynamics, engine: Engine, initial: Array, units: list[UnitOracle], case: dict[str, Any]
) -> Measured:
    """Compare the work that is booked with the sum of U(x_k; after) - U(x_k; before), by the oracle."""
    kept = KeptStates()
    done = simulate(
        dynamics, initial, dynamics.steps, key=context.key("driven-parameter"), every=1, observers=kept, engine=engine
    )
    x = kept.states
    before = np.stack([units[k].energy(x[k]) for k in range(dynamics.steps)])
    after = np.stack([units[k + 1].energy(x[k]) for k in range(dynamics.steps)])
    expected = (after - before).sum(axis=(0, 2))
    scale = np.abs(before).sum(axis=(0, 2)) + np.abs(after).sum(axis=(0, 2)) + KT
    error = float((np.abs(done.work - expected) / scale).max())
    return Measured("relative error of the work", error, 0.0, 1e-11, detail=engine.name).require(
        f"the work that is booked on the {engine.name} engine is {done.work[0]:.9g}, the sum of U(x; after) - "
        f"U(x; before) is {expected[0]:.9g}",
        case,
    )


@check(
    "potential",
    claim="The work of a driven parameter obeys Jarzynski and Crooks with the free energy of quadrature.",
    needs=("fluctuation-relation", "driven-parameter"),
)
def driven_work(context: Context) -> Measured:
    """Ramp every parameter from its value and back; averages of exp(-W/kT) and exp(-W/2kT), their dt error exactly."""
    figures = []
    plugin, oracle = next(draws(context, "driven-work"))
    for name, begin, end in _ends(plugin, oracle):
        figures += _both_ways(context, plugin, oracle, name, begin, end)
    if not figures:
        raise DoesNotApply("no parameter changes the energy")
    return worst(figures)


def _both_ways(
    context: Context, plugin: Any, oracle: UnitOracle, name: str, begin: float, end: float
) -> list[Measured]:
    steps, rows = 24, 1500
    other = UnitOracle(with_values(plugin, {name: end}), KT)
    dt = 2.0 * min(oracle.time_step(MOBILITY), other.time_step(MOBILITY))
    x = kernel_grid(max((oracle, other), key=lambda one: one.interval[1] - one.interval[0]), dt)
    exact = math.exp(UNITS * (other.log_partition - oracle.log_partition))
    figures, halves = [], []
    for first, last, start, ratio in ((begin, end, oracle, exact), (end, begin, other, 1 / exact)):
        values = np.linspace(first, last, steps + 1)
        units = [UnitOracle(with_values(plugin, {name: float(v)}), KT) for v in values]
        # <exp(-s W / kT)> of one step after the other, for s = 1, 1/2, and twice that for the scatter of samples
        full, half, square = (v**UNITS for v in _by_quadrature(units, x, dt, np.array([1.0, 0.5, 2.0])))
        scatter = math.sqrt(max(square - full**2, 0.0) / rows) / ratio
        case = {"parameters": values_of(plugin), "parameter": name, "from": first, "to": last}
        figures.append(
            Measured("<exp(-W/kT)> exp(dF/kT) by quadrature", full / ratio, 1.0, scatter).require(
                f"quadrature of the ramp gives <exp(-W/kT)> = {full:.4g}, exp(-dF/kT) = {ratio:.4g}", case
            )
        )
        halves.append(half)
        initial = start.samples(context.rng(f"driven-work-states {name} {first}"), (rows, UNITS))
        for engine in context.engines:
            dynamics = _driven(plugin, name, values, dt)
            key = context.key(f"driven-work {name} {first}")
            work = simulate(dynamics, initial, steps, key=key, engine=engine).work
            what = f"{name} from {first:g} to {last:g}, {engine.name}"
            figures.append(compare_mean(f"<exp(-W/kT)> exp(dF/kT) ({what})", np.exp(-work / KT) / ratio, full / ratio))
            figures.append(compare_mean(f"<exp(-W/2kT)> ({what})", np.exp(-work / (2 * KT)), half))
    # Crooks at the middle of its generating function: forwards exp(-dF/kT) times backwards
    crooks = halves[0] / (halves[1] * exact)
    figures.append(
        Measured("Crooks' ratio by quadrature", crooks, 1.0, 0.05).require(
            f"<exp(-W/2kT)> is {halves[0]:.4g} forwards and {halves[1]:.4g} backwards, which exp(-dF/kT) = {exact:.4g} "
            "does not relate",
            {"parameters": unit_energy(plugin).values, "parameter": name},
        )
    )
    return figures


def _by_quadrature(units: list[UnitOracle], x: Array, dt: float, powers: Array) -> Array:
    """Return <exp(-s W / kT)> of one unit for each s, by quadrature of every step."""
    from thermozoo.testing.transfer import kernel

    energies = [one.energy(x) for one in units]
    p = np.exp(-(energies[0] - energies[0].min()) / KT)
    p = np.stack([p] * len(powers)) / p.sum()
    for k in range(len(units) - 1):
        p = p * np.exp(-powers[:, None] * (energies[k + 1] - energies[k]) / KT)
        p = p @ kernel(x, -units[k + 1].gradient(x), MOBILITY, KT, dt, units[k + 1].period)
    total: Array = p.sum(axis=1)
    return total


@check(
    "potential",
    claim="V -> l V, kT -> l kT, dt -> dt / l with the same noise is the same trajectory, bit for bit for l = 4.",
    needs=("engine-force",),
)
def clock_speed(context: Context) -> Measured:
    """Run coupled units on both clocks, on every engine."""
    figures = []
    for plugin, oracle in draws(context, "clock-speed"):
        rng = context.rng("clock-speed-states")
        computer = coupled(plugin, KT, rng, coupling_strength(oracle), MOBILITY)
        initial = oracle.samples(rng, (6, UNITS))
        figures.append(clock(context, computer, ProbeStep(), initial, 2.0 * oracle.time_step(MOBILITY)))
    return worst(figures)
