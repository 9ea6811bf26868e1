"""Few units in thermozoo; the last word of the command line is the engine."""

from __future__ import annotations

import sys

import numpy as np
from few import COUPLING, DT, MOBILITY, UNITS, report
from work import J2, J4, KT

import thermozoo as tz

ENGINE = sys.argv[4]
computer = tz.assemble(
    {"units": UNITS}, tz.get("quartic", J2=J2, J4=J4), tz.get("dense"), temperature=KT, mobility=MOBILITY
)
computer = computer.with_parameters(np.full(computer.couplings.size, COUPLING))
dynamics = tz.Dynamics(computer, tz.get("euler-maruyama"), DT, "single")


def advance(x: np.ndarray, steps: int) -> np.ndarray:
    return np.asarray(tz.simulate(dynamics, x, steps, seed=1, engine=ENGINE).x[-1])


report(f"thermozoo, {ENGINE}", advance)
