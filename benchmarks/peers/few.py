"""The work of few units that every peer does: constants, and the loop that checks and measures a function of steps.

Peers are called with the number of measurements, the number of units, and 1 where their states are to be checked.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np
from work import KT, MOBILITY

UNITS = int(sys.argv[2])
TRAJECTORIES = 40_000

#: Every unit is coupled to every other with this strength: moments of any number of them are integrals over one field.
COUPLING = -0.1

DT = 2e-3
KICK = float(np.sqrt(2 * MOBILITY * KT * DT))

#: Steps after which states are in equilibrium, from x = 0: seven relaxation times of their slowest variance.
CHECKED = 1000

#: Seconds of a measurement, about.
LASTING = 0.5


def couplings() -> np.ndarray:
    """Return the couplings as a matrix, single precision."""
    return (COUPLING * (1 - np.eye(UNITS))).astype(np.float32)


def moments(x: np.ndarray) -> dict[str, tuple[float, float]]:
    """Return the means of x^2, x^4 and, of several units, x_i x_j, with errors from independent trajectories."""
    x = np.asarray(x, dtype=np.float64)
    square = (x**2).sum(axis=1)
    each = {"x^2": square / UNITS, "x^4": (x**4).mean(axis=1)}
    if UNITS > 1:
        each["x_i x_j"] = (x.sum(axis=1) ** 2 - square) / (UNITS * (UNITS - 1))
    return {name: (float(v.mean()), float(v.std(ddof=1) / np.sqrt(len(v)))) for name, v in each.items()}


def report(name: str, advance: Callable[[np.ndarray, int], np.ndarray]) -> None:
    """Check and measure ``advance(states, steps)`` and print the result as one line of JSON."""
    x = np.zeros((TRAJECTORIES, UNITS), np.float32)
    found = moments(advance(x, CHECKED)) if sys.argv[3] == "1" else {}
    steps = 20
    advance(x, steps)  # what is compiled or filled at the first call is none of the work
    while True:
        start = time.perf_counter()
        advance(x, steps)
        elapsed = time.perf_counter() - start
        if elapsed > LASTING / 4:
            break
        steps *= 4
    steps = max(1, round(steps * LASTING / elapsed))
    seconds, processor = [], []
    for _ in range(int(sys.argv[1])):
        start, used = time.perf_counter(), time.process_time()
        advance(x, steps)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    updates = steps * x.size
    line = {
        "name": name,
        "units": UNITS,
        "moments": found,
        "ns": [s / updates * 1e9 for s in seconds],
        "processor_ns": [s / updates * 1e9 for s in processor],
    }
    print(json.dumps(line))
