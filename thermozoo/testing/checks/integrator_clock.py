"""The check of an integrator's clock: how fast it runs is nothing that a step knows."""

from __future__ import annotations

from thermozoo.testing.checks.integrator import KT, MOBILITY, PROBE
from thermozoo.testing.context import Context
from thermozoo.testing.driven import clock_speed as clock
from thermozoo.testing.measured import Measured
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.probes import UNITS, coupled
from thermozoo.testing.registry import check


@check(
    "integrator",
    claim="V -> l V, kT -> l kT, dt -> dt / l with the same noise is the same trajectory, bit for bit for l = 4.",
    needs=("every-potential",),
    concerns=lambda cls: not getattr(cls, "variables", None),  # of a velocity the clock is another
)
def clock_speed(context: Context) -> Measured:
    """Run coupled quartic units on both clocks, on every engine."""
    rng = context.rng("clock-speed-states")
    computer = coupled(PROBE, KT, rng, 0.5, MOBILITY)
    initial = UnitOracle(PROBE, KT).samples(rng, (6, UNITS))
    return clock(context, computer, context.plugin, initial, 1 / 32)
