"""Check of the work that is done where the strength of an interaction is driven."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.stability import largest_stable_dt
from thermozoo.interfaces.tree import with_values
from thermozoo.testing.checks.interaction_equilibrium import boltzmann_of
from thermozoo.testing.checks.interaction_forces import interacting
from thermozoo.testing.checks.potential import KT
from thermozoo.testing.context import Context
from thermozoo.testing.driven import driven_term
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import DoesNotApply
from thermozoo.testing.probes import ProbeQuartic
from thermozoo.testing.registry import check
from thermozoo.testing.strategies import moderate
from thermozoo.testing.tuple_oracle import TupleOracle

Array = npt.NDArray[np.floating[Any]]

#: Units, mobility, the longest time step, also as a part of the largest stable one; and the amplitudes between which
#: the strength is driven.
_UNITS, _MOBILITY, _DT, _OF_STABLE, _CHANGE = 3, 1.3, 0.02, 0.2, (0.5, 1.0)


@attrs.frozen(eq=False)
class _Energy:
    """The energy of the units, with that of the tuples times a factor."""

    unit: UnitOracle
    oracle: TupleOracle
    tuples: npt.NDArray[np.int64]
    strengths: Array

    def __call__(self, x: Array, c: float) -> Array:
        total: Array = self.unit.energy(x).sum(axis=1) + c * self.oracle.energy(self.tuples, self.strengths, x)
        return total


@check(
    "interaction",
    claim="The work of a driven strength obeys Jarzynski and Crooks with the free energy of quadrature.",
    needs=("detailed-balance",),
)
def driven_strength(context: Context) -> Measured:
    """Drive the strength of three units with a quartic potential forwards and backwards."""
    if context.cls.order > _UNITS:
        raise DoesNotApply(f"quadrature of the free energy is over {_UNITS} units, a tuple has {context.cls.order}")
    figures = []
    for values in moderate(context.plugin, context.rng("driven-strength"), 3 if context.full else 0):
        plugin = with_values(context.plugin, values)
        computer = interacting(plugin, ProbeQuartic(), _UNITS, temperature=KT, mobility=_MOBILITY)
        tuples = computer.couplings.edges
        strengths = np.full(len(tuples), boltzmann_of(plugin, tuples, _UNITS).strength)
        computer = attrs.evolve(computer, couplings=computer.couplings.with_vector(strengths))
        energy = _Energy(UnitOracle(ProbeQuartic(), KT), TupleOracle(plugin), tuples, strengths)
        dt = min(_DT, _OF_STABLE * largest_stable_dt(computer))
        figures.append(driven_term(context, computer, "coupling", energy, energy.unit.interval, dt, change=_CHANGE))
    return worst(figures)
