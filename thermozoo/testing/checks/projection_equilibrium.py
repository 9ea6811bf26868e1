"""Checks of units whose projections have an energy: forces of every engine, equilibrium against quadrature."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np

from thermozoo.computer.computer import Computer, assemble
from thermozoo.computer.stability import largest_stable_dt
from thermozoo.computer.terms import project
from thermozoo.dynamics.engines import Dynamics
from thermozoo.interfaces.tree import with_values
from thermozoo.testing.checks.interaction_equilibrium import Quadrature
from thermozoo.testing.checks.interaction_forces import usable
from thermozoo.testing.checks.potential import KT
from thermozoo.testing.checks.projection import PATTERNS, WEIGHTS, derivatives  # noqa: F401 - what these need first
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import DoesNotApply
from thermozoo.testing.probes import AllPairs, ProbeQuartic, ProbeStep, record
from thermozoo.testing.projection_oracle import ProjectionOracle
from thermozoo.testing.registry import check
from thermozoo.testing.statistics import z_limit
from thermozoo.testing.strategies import moderate

#: Not one, so that a forgotten mobility shows.
_MOBILITY = 1.3

#: Points of the grid along each of the two states.
_POINTS = 201

#: Pairs of units in a computer, which cost little more than one, and trajectories.
_COPIES, _ROWS = 12, 2400

#: The longest time step, also as a part of the largest stable one, the duration, and most steps.
_DT, _OF_STABLE, _DURATION, _STEPS = 0.02, 0.2, 0.9, 120

#: Boltzmann weight at the edge of the grid, over the largest, below which states beyond do not count.
_EDGE = 1e-6


def _pairs(plugin: Any, amplitude: float, copies: int, potential: ProbeQuartic, **settings: Any) -> Computer:
    """Return pairs of units, on each of which the term acts."""
    sizes = {f"copy{k}": 2 for k in range(copies)}
    base = assemble(sizes, potential, AllPairs(), **settings)
    terms = {
        f"memory-of-{g}": project(plugin, base.layout, PATTERNS, groups=g, weights=WEIGHTS).scaled(amplitude)
        for g in sizes
    }
    return base.with_terms(terms)


@check(
    "projection",
    claim="The force that every engine applies is the derivative of the energy.",
    needs=("derivatives",),
)
def engine_force(context: Context) -> Measured:
    """Take one step of unit length without temperature: the state moves by the force."""
    found: list[Measured] = []
    notes: tuple[str, ...] = ()
    for values in moderate(context.plugin, context.rng("engine-force"), 3 if context.full else 0):
        plugin = with_values(context.plugin, values)
        computer = _pairs(plugin, 1.0, 3, ProbeQuartic(a=0.0, c=0.0), temperature=1e-300)
        x = context.rng("forces").uniform(-2.0, 2.0, size=(4, computer.n))
        oracle = ProjectionOracle(plugin, len(PATTERNS))
        slopes = [[float(s) for s in oracle.slopes(PATTERNS @ pair, WEIGHTS)] for pair in x.reshape(-1, 2)]
        expected = (np.array(slopes) @ PATTERNS).reshape(x.shape)
        dynamics = Dynamics(computer, ProbeStep(), dt=1.0)
        engines, notes = usable(context, dynamics)
        for engine in engines:
            moved = record(engine, dynamics, x, 1, context.key("forces"))[1] - x
            error = float(np.abs(moved + expected).max()) / (2.0 + float(np.abs(slopes).max()))
            found.append(
                Measured(
                    f"relative error of the force ({engine.name})", error if error == error else math.inf, 0.0, 1e-11
                ).require(
                    f"the {engine.name} engine applies the forces {moved[0][:2]} to two units, differences of the "
                    f"energy give {-expected[0][:2]}",
                    {"parameters": values, "states": x[0][:2], "engine": engine.name},
                )
            )
    return attrs.evolve(worst(found), notes=notes)


def boltzmann_of(plugin: Any) -> Quadrature:
    """Return the distribution of two units whose energies by projections scatter by about kT.

    Raises
    ------
    DoesNotApply
        When no amplitude leaves the units confined.
    """
    unit, oracle = UnitOracle(ProbeQuartic(), KT), ProjectionOracle(plugin, len(PATTERNS))
    line = np.linspace(*unit.interval, _POINTS)
    x = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    alone = unit.energy(x).sum(axis=1)
    together = oracle.energy(x @ PATTERNS.T, WEIGHTS)
    edge = (x == line[0]).any(axis=1) | (x == line[-1]).any(axis=1)
    weight = np.exp(-(alone - alone.min()) / KT)
    weight /= weight.sum()
    scatter = math.sqrt(float(weight @ (together - weight @ together) ** 2))
    if scatter == 0.0 or not math.isfinite(scatter):
        raise DoesNotApply(f"over the states of two quartic units, the energy scatters by {scatter:g}")
    for size in (1.0, 0.3, 0.1):
        amplitude = size * KT / scatter
        energy = (alone + amplitude * together) / KT
        weight = np.exp(-(energy - energy.min()))
        if weight[edge].max() < _EDGE:
            return Quadrature(x, weight / weight.sum(), float(line[1] - line[0]), amplitude)
    raise DoesNotApply("units with a quartic potential are not confined beside it, whatever the amplitude")


@check(
    "projection",
    claim="Two units are distributed as quadrature over their states says (Boltzmann).",
    needs=("engine-force",),
)
def detailed_balance(context: Context) -> Measured:
    """Start at equilibrium and stay there: averages at two time steps, extrapolated to none."""
    found: list[Measured] = []
    notes: tuple[str, ...] = ()
    for values in moderate(context.plugin, context.rng("balance"), 3 if context.full else 0):
        plugin = with_values(context.plugin, values)
        exact = boltzmann_of(plugin)
        computer = _pairs(plugin, exact.strength, _COPIES, ProbeQuartic(), temperature=KT, mobility=_MOBILITY)
        begin = exact.samples(context.rng("balance-states"), _ROWS * _COPIES).reshape(_ROWS, computer.n)
        longest = min(_DT, _OF_STABLE * largest_stable_dt(computer))
        steps = min(_STEPS, math.ceil(_DURATION / longest))
        oracle = ProjectionOracle(plugin, len(PATTERNS))
        observables: dict[str, Any] = {
            "the mean energy at amplitude one": lambda x, oracle=oracle: oracle.energy(x @ PATTERNS.T, WEIGHTS),
            "the mean square of the states": lambda x: (x**2).sum(axis=1),
            "the mean product of the states": lambda x: x[:, 0] * x[:, 1],
            "the mean of the first state": lambda x: x[:, 0],
        }
        engines, notes = usable(context, Dynamics(computer, ProbeStep(), dt=longest))
        for engine in engines:
            coarse, fine = (
                record(
                    engine, Dynamics(computer, ProbeStep(), dt=longest / n), begin, n * steps, context.key(f"dt/{n}")
                )[-1].reshape(-1, 2)
                for n in (1, 2)
            )
            for what, observe in observables.items():
                one, other = observe(coarse), observe(fine)
                # the error of an average is of first order in dt: the two cancel it
                mean = 2 * float(other.mean()) - float(one.mean())
                error = math.sqrt((4 * float(other.var()) + float(one.var())) / len(one))
                expected, name = exact.mean(observe), f"{what} ({engine.name})"
                detail = f"± {error:.2g}, {len(one)} samples"
                found.append(
                    Measured(name, mean, expected, z_limit() * error, detail=detail).require(
                        f"{name} is {mean:.5g} ± {error:.2g} in {len(one)} samples of two units, quadrature gives "
                        f"{expected:.5g}",
                        {"parameters": values, "amplitude": exact.strength, "engine": engine.name},
                    )
                )
    return attrs.evolve(worst(found), notes=notes)
