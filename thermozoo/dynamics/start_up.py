"""How long the command line takes until it has an answer to give."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from thermozoo.clock import since

__all__ = ["START_UPS", "start_up_seconds"]

#: What is asked of a fresh process.
START_UPS = ("--help", "plugins")

_REPEATS = 3


def start_up_seconds() -> dict[str, float]:
    """Return the median seconds of fresh processes of ``thermozoo --help`` and ``thermozoo plugins``."""
    seconds: dict[str, list[float]] = {word: [] for word in START_UPS}
    for _ in range(_REPEATS):
        for word, found in seconds.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-m", "thermozoo", word], check=True, capture_output=True)
            found.append(since(start))
    return {word: statistics.median(found) for word, found in seconds.items()}
