"""The work that every peer does: couplings, constants, and the loop that measures a function of steps."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import numpy as np

VISIBLE, HIDDEN, BATCH = 784, 512, 512
UNITS = VISIBLE + HIDDEN
J2, J4, KT, MOBILITY, DT = 1.0, 1.0, 0.1, 1.0, 1e-3
KICK = float(np.sqrt(2 * MOBILITY * KT * DT))

#: Steps after which the mean of x^2 is compared, and steps of one measurement.
CHECKED, MEASURED = 300, 100


def couplings() -> tuple[np.ndarray, np.ndarray]:
    """Return couplings between the layers (visible, hidden) and within the hidden layer, single precision."""
    random = np.random.default_rng(0)
    between = 0.01 * random.standard_normal((VISIBLE, HIDDEN))
    within = 0.01 * np.triu(random.standard_normal((HIDDEN, HIDDEN)), k=1)
    return between.astype(np.float32), (within + within.T).astype(np.float32)


def report(name: str, advance: Callable[[np.ndarray, int], np.ndarray]) -> None:
    """Check and measure ``advance(states, steps)`` and print the result as one line of JSON."""
    x = advance(np.zeros((BATCH, UNITS), np.float32), CHECKED)
    square = np.square(np.asarray(x, dtype=np.float64)).mean(axis=1)
    advance(np.asarray(x), MEASURED)
    seconds, processor = [], []
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        start, used = time.perf_counter(), time.process_time()
        advance(np.asarray(x), MEASURED)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    line = {
        "name": name,
        "mean_square": float(square.mean()),
        "standard_error": float(square.std(ddof=1) / np.sqrt(BATCH)),
        "us": [s / MEASURED / BATCH * 1e6 for s in seconds],
        "processor_us": [s / MEASURED / BATCH * 1e6 for s in processor],
    }
    print(json.dumps(line))
