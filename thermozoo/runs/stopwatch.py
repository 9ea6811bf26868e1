"""Times of pieces of work, measured, or continued along a line from two smaller sizes."""

from __future__ import annotations

import time
from collections.abc import Callable

from thermozoo.clock import since

__all__ = ["along_a_line", "seconds"]


def seconds(work: Callable[[], object], repeats: int = 1) -> float:
    """Return the shortest of a few wall times of a piece of work [second]."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        found.append(since(start))
    return min(found)


def along_a_line(
    work: Callable[[int], object],
    small: int,
    large: int,
    target: int,
    repeats: int = 1,
    progress: Callable[[int], None] | None = None,
) -> float:
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
    progress : callable, optional
        Called with the number of sizes measured since its last call, 2 in all.
    """
    report = progress or (lambda amount: None)
    if target <= large:
        found = seconds(lambda: work(target), repeats)
        report(2)
        return found
    first = seconds(lambda: work(small), repeats)
    report(1)
    second = seconds(lambda: work(large), repeats)
    report(1)
    slope = max(second - first, 0.0) / (large - small)
    return second + slope * (target - large)
