"""Check of the equilibrium of a few units that an interaction couples, against quadrature over all of their states."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.stability import largest_stable_dt
from thermozoo.dynamics.engines import Dynamics
from thermozoo.interfaces.tree import with_values
from thermozoo.testing.checks.interaction_forces import interacting, usable
from thermozoo.testing.checks.potential import KT
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import DoesNotApply
from thermozoo.testing.probes import ProbeQuartic, ProbeStep, record
from thermozoo.testing.registry import check
from thermozoo.testing.statistics import z_limit
from thermozoo.testing.strategies import moderate
from thermozoo.testing.tuple_oracle import TupleOracle

Array = npt.NDArray[np.floating[Any]]

#: Not one, so that a forgotten mobility shows.
_MOBILITY = 1.3

#: Points of the grid along each state, by the number of units.
_POINTS = {3: 61, 4: 31, 5: 17, 6: 11}

#: Copies of the coupled units in a computer, which cost little more than one, and trajectories.
_COPIES, _ROWS = 12, 800

#: The longest time step, also as a part of the largest stable one, the duration, which is several relaxation times of a
#: unit, and most steps.
_DT, _OF_STABLE, _DURATION, _STEPS = 0.02, 0.2, 0.9, 120

#: Boltzmann weight at the edge of the grid, over the largest, below which states beyond do not count.
_EDGE = 1e-6


@attrs.frozen(eq=False)
class Quadrature:
    """The Boltzmann distribution of a few coupled units on a grid of their states.

    Parameters
    ----------
    x : ndarray, shape (points, units)
        States.
    weight : ndarray, shape (points,)
        Their probabilities.
    spacing : float
        Of the grid.
    strength : float
        Of every tuple [energy].
    """

    x: Array
    weight: Array
    spacing: float
    strength: float

    def mean(self, observe: Callable[[Array], Array]) -> float:
        """Return an average."""
        return float(self.weight @ observe(self.x))

    def samples(self, rng: np.random.Generator, rows: int) -> Array:
        """Return states that are distributed so, up to the spacing."""
        chosen = self.x[rng.choice(len(self.x), size=rows, p=self.weight)]
        states: Array = chosen + rng.uniform(-0.5, 0.5, size=chosen.shape) * self.spacing
        return states


def boltzmann_of(plugin: Any, tuples: Any, units: int) -> Quadrature:
    """Return the distribution of units whose coupling energies scatter by about kT.

    Raises
    ------
    DoesNotApply
        When no strength of either sign leaves the units confined.
    """
    unit, oracle = UnitOracle(ProbeQuartic(), KT), TupleOracle(plugin)
    line = np.linspace(*unit.interval, _POINTS[units])
    x = np.stack(np.meshgrid(*[line] * units, indexing="ij"), axis=-1).reshape(-1, units)
    alone = unit.energy(x).sum(axis=1)
    phi = oracle.energy(tuples, np.ones(len(tuples)), x)
    edge = (x == line[0]).any(axis=1) | (x == line[-1]).any(axis=1)
    weight = np.exp(-(alone - alone.min()) / KT)
    weight /= weight.sum()
    scatter = math.sqrt(float(weight @ (phi - weight @ phi) ** 2))
    if scatter == 0.0:
        raise DoesNotApply("the energy of a tuple is the same at every state")
    for size in (1.0, 0.3, 0.1):
        for sign in (1.0, -1.0):
            strength = sign * size * KT / scatter
            energy = (alone + strength * phi) / KT
            weight = np.exp(-(energy - energy.min()))
            if weight[edge].max() < _EDGE:
                return Quadrature(x, weight / weight.sum(), float(line[1] - line[0]), strength)
    raise DoesNotApply("units with a quartic potential are not confined beside it, whatever the strength")


@check(
    "interaction",
    claim="Coupled units are distributed as quadrature over all of their states says (Boltzmann).",
    needs=("engine-force",),
)
def detailed_balance(context: Context) -> Measured:
    """Start at equilibrium and stay there: averages at two time steps, extrapolated to none."""
    found: list[Measured] = []
    notes: tuple[str, ...] = ()
    for values in moderate(context.plugin, context.rng("balance"), 3 if context.full else 0):
        plugin = with_values(context.plugin, values)
        units = max(3, plugin.order)
        computer = interacting(plugin, ProbeQuartic(), units, _COPIES, temperature=KT, mobility=_MOBILITY)
        tuples = computer.couplings.edges[: computer.couplings.size // _COPIES]  # those of the first copy
        exact = boltzmann_of(plugin, tuples, units)
        strengths = np.full(computer.couplings.size, exact.strength)
        computer = attrs.evolve(computer, couplings=computer.couplings.with_vector(strengths))
        initial = exact.samples(context.rng("balance-states"), _ROWS * _COPIES)
        longest = min(_DT, _OF_STABLE * largest_stable_dt(computer))
        steps = min(_STEPS, math.ceil(_DURATION / longest))
        begin = initial.reshape(_ROWS, _COPIES * units)
        observables = _observables(plugin, tuples)
        engines, notes = usable(context, Dynamics(computer, ProbeStep(), dt=longest))
        for engine in engines:
            ends = [
                record(
                    engine, Dynamics(computer, ProbeStep(), dt=longest / n), begin, n * steps, context.key(f"dt/{n}")
                )
                for n in (1, 2)
            ]
            for what, observe in observables.items():
                coarse, fine = (observe(path[-1].reshape(-1, units)) for path in ends)
                # the error of an average is of first order in dt: the two cancel it
                mean = 2 * float(fine.mean()) - float(coarse.mean())
                error = math.sqrt((4 * float(fine.var()) + float(coarse.var())) / len(initial))
                expected = exact.mean(observe)
                name = f"{what} ({engine.name})"
                found.append(
                    Measured(
                        name, mean, expected, z_limit() * error, detail=f"± {error:.2g}, {len(initial)} samples"
                    ).require(
                        f"{name} is {mean:.5g} ± {error:.2g} in {len(initial)} samples of {units} units, quadrature "
                        f"gives {expected:.5g}",
                        {"parameters": values, "strength": exact.strength, "engine": engine.name},
                    )
                )
    return attrs.evolve(worst(found), notes=notes)


def _observables(plugin: Any, tuples: Any) -> dict[str, Callable[[Array], Array]]:
    oracle, ones = TupleOracle(plugin), np.ones(len(tuples))
    return {
        "the mean energy of the tuples at strength one": lambda x: oracle.energy(tuples, ones, x),
        "the mean square of the states": lambda x: (x**2).sum(axis=1),
        "the mean of the first state times the last": lambda x: x[:, 0] * x[:, -1],
    }
