"""Few units in numba: a compiled loop, trajectories shared out to threads, each with numba's own generator."""

from __future__ import annotations

import numba
import numpy as np
from few import DT, KICK, MOBILITY, couplings, report
from work import J2, J4

RATE, PUSH = np.float32(MOBILITY * DT), np.float32(KICK)
TWO, FOUR = np.float32(2 * J2), np.float32(4 * J4)


@numba.njit(parallel=True, fastmath=True)
def run(x: np.ndarray, couplings: np.ndarray, steps: int) -> None:
    n = x.shape[1]
    for b in numba.prange(len(x)):
        here, force = x[b].copy(), np.empty(n, np.float32)
        for _ in range(steps):
            for i in range(n):
                product = np.float32(0)
                for k in range(n):
                    product += couplings[i, k] * here[k]
                force[i] = product + here[i] * (TWO + FOUR * (here[i] * here[i]))
            for i in range(n):
                here[i] += PUSH * np.float32(np.random.standard_normal()) - RATE * force[i]
        x[b] = here


def advance(x: np.ndarray, steps: int) -> np.ndarray:
    x = x.copy()
    run(x, couplings(), steps)
    return x


report("numba", advance)
