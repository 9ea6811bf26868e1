"""Few units in plain NumPy."""

from __future__ import annotations

import numpy as np
from few import DT, KICK, MOBILITY, UNITS, couplings, report
from work import J2, J4

J = couplings()
random = np.random.default_rng(1)


def advance(x: np.ndarray, steps: int) -> np.ndarray:
    x = x.copy()
    for _ in range(steps):
        gradient = 2 * J2 * x + 4 * J4 * (x * x * x)
        if UNITS > 1:
            gradient += x @ J
        x += KICK * random.standard_normal(x.shape, dtype=np.float32) - MOBILITY * DT * gradient
    return x


report("numpy", advance)
