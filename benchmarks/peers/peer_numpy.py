"""Plain NumPy, as one writes it who knows NumPy."""

from __future__ import annotations

import numpy as np
from work import DT, J2, J4, KICK, MOBILITY, VISIBLE, couplings, report

between, within = couplings()
random = np.random.default_rng(1)


def advance(x: np.ndarray, steps: int) -> np.ndarray:
    x = x.copy()
    gradient = np.empty_like(x)
    for _ in range(steps):
        gradient[:, :VISIBLE] = x[:, VISIBLE:] @ between.T
        gradient[:, VISIBLE:] = x[:, :VISIBLE] @ between
        gradient[:, VISIBLE:] += x[:, VISIBLE:] @ within
        gradient += 2 * J2 * x + 4 * J4 * (x * x * x)
        x += KICK * random.standard_normal(x.shape, dtype=np.float32) - MOBILITY * DT * gradient
    return x


report("numpy", advance)
