"""What a run will take, from a short calibration: time is measured at two small sizes and continued along a line."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from thermozoo.dynamics.engines.base import Dynamics

__all__ = ["along_a_line", "peak_memory", "seconds", "simulation_bytes"]


def seconds(work: Callable[[], object], repeats: int = 1) -> float:
    """Return the shortest of a few wall times of a piece of work [second]."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def along_a_line(work: Callable[[int], object], small: int, large: int, target: int, repeats: int = 1) -> float:
    """Return the time of ``work(target)``, continued along the line through two smaller sizes [second].

    Where `target` is no larger than `large`, it is measured.

    Parameters
    ----------
    work : callable
        Does a piece of work of a given size.
    small, large, target : int
        Sizes.
    repeats : int
        How often to measure; the shortest counts.
    """
    if target <= large:
        return seconds(lambda: work(target), repeats)
    first = seconds(lambda: work(small), repeats)
    second = seconds(lambda: work(large), repeats)
    slope = max(second - first, 0.0) / (large - small)
    return second + slope * (target - large)


def simulation_bytes(dynamics: Dynamics, trajectories: int) -> int:
    """Return the bytes that the states of a simulation take: in rows, copied, side by side, and as double precision."""
    n, itemsize = dynamics.computer.n, np.dtype(dynamics.dtype).itemsize
    return trajectories * n * (4 * itemsize + 4 * 8)


def peak_memory() -> int | None:
    """Return the most memory that this process has held [byte], None where the system does not say."""
    try:
        import resource
        import sys
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
