"""Durations by the clock of the process."""

from __future__ import annotations

import time

__all__ = ["since"]


def since(start: float) -> float:
    """Return the seconds since a reading of `time.perf_counter`; none where the clock was set back between.

    No process can rely on its clock: a virtual machine that is moved, or a host that is put to sleep, may set it. What
    is computed never depends on it.

    Parameters
    ----------
    start : float
        The reading.
    """
    return max(0.0, time.perf_counter() - start)
