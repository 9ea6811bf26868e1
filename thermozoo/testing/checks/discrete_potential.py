"""Checks of the potential of a discrete unit: linear in its state, and its states as likely as Boltzmann says."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
import mpmath
import numpy as np
import sympy

from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics
from thermozoo.interfaces import Integrator, StepSymbols
from thermozoo.interfaces.tree import with_values
from thermozoo.testing.checks.potential import KT, finite, short  # noqa: F401 - registers what this one needs first
from thermozoo.testing.context import Context
from thermozoo.testing.exact import Exact
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.probes import UNITS, AllPairs, record
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.statistics import z_limit
from thermozoo.testing.strategies import moderate, parameter_values


@check(
    "potential",
    claim="The energy of a discrete unit is linear in its state, so that its gradient tells states apart.",
    needs=("finite",),
)
def linear(context: Context) -> Measured:
    """Compare the author's energy, in 90 digits, with the line through two states."""
    low, high = context.cls.states[0], context.cls.states[-1]

    def claim(values: dict[str, float]) -> None:
        exact = Exact(context.plugin, values)
        ends = exact.energy(low), exact.energy(high)
        for x in (0.5 * (low + high), low - 1.5, high + 2.25, *context.cls.states[1:-1]):
            line = ends[0] + (mpmath.mpf(x) - low) / (mpmath.mpf(high) - low) * (ends[1] - ends[0])
            energy = exact.energy(x)
            if abs(energy - line) > mpmath.mpf("1e-30") * (1 + abs(energy)):
                raise CheckFailed(
                    f"the energy at x = {x:g} is {short(energy)}, and {short(line)} on the line through the states "
                    f"{low:g} and {high:g}: write the linear energy that has the same values at the states",
                    {"parameters": values, "x": x},
                )

    tried = for_all(parameter_values(context.plugin), claim, seed=context.integer("linear"), examples=40)
    return Measured("draws that are not linear", 0, 0, 0, detail=f"{tried} draws")


def _heat_bath(states: tuple[float, ...]) -> Integrator:
    """Return the heat bath of units with two states."""
    low, high = states

    @attrs.frozen
    class ProbeHeatBath(Integrator):
        """The probability of the upper state is its Boltzmann weight."""

        name = "probe-heat-bath"
        updates = "by color"

        def step(self, s: StepSymbols) -> Any:
            """Return the state after the step."""
            up = 1 / (1 + sympy.exp(-(high - low) * s.force(s.x) / s.kT))
            return sympy.Piecewise((high, s.uniform() < up), (low, True))

    return ProbeHeatBath()


@check(
    "potential",
    claim="On every engine a heat bath brings uncoupled units into their states with Boltzmann's probabilities.",
    needs=("linear",),
)
def state_probabilities(context: Context) -> Measured:
    """Count states after single steps, with drawn parameters, and compare with the weights of the author's energies."""
    states = context.cls.states
    if len(states) != 2:
        raise DoesNotApply(f"the suite's heat bath is that of two states, and units have {len(states)}")
    figures = []
    rows, steps = 500, 5
    for values in itertools.islice(moderate(context.plugin, context.rng("states"), 4 if context.full else 2), 5):
        plugin = with_values(context.plugin, values)
        low, high = (Exact(plugin, values).energy(s) for s in states)
        expected = float(1 / (1 + mpmath.exp((high - low) / KT)))
        computer = assemble({"units": UNITS}, plugin, AllPairs(), temperature=KT)
        dynamics = Dynamics(computer, _heat_bath(states), dt=1.0)
        for engine in context.engines:
            start = np.full((rows, UNITS), float(states[0]))
            path = record(engine, dynamics, start, steps, context.key("states"))
            share = float((path[1:] == states[1]).mean())
            # updates of units that are not coupled are independent
            limit = z_limit() * np.sqrt(expected * (1 - expected) / path[1:].size) + 10 / path[1:].size
            figures.append(
                Measured(f"share of the state {states[1]:g} ({engine.name})", share, expected, float(limit)).require(
                    f"{share:.4f} of {path[1:].size} updates on the {engine.name} engine end in the state "
                    f"{states[1]:g}, expected {expected:.4f} within {limit:.4f}",
                    {"parameters": values, "kT": KT, "engine": engine.name},
                )
            )
    return worst(figures)
