"""What the task `anneal` holds while it anneals, or follows ladders."""

from __future__ import annotations

from typing import Any

from thermozoo import Share
from thermozoo_plugins.tasks.anneal_watch import POINTS
from thermozoo_plugins.tasks.tempering import bytes_of_states

__all__ = ["bytes_held"]

#: Of a driven simulation: the most bytes of states that are recorded before their work is found, and how many arrays of
#: that size in double precision finding it takes.
_RECORDED, _ARRAYS = 32 * 2**20, 8


def bytes_held(size: Any, reads: int, rungs: int) -> tuple[Share, ...]:
    """Return the shares of answers, of energies that are kept, of states, and of what finds energies and work.

    Parameters
    ----------
    size : thermozoo.runs.foreseen.Size
        The run.
    reads, rungs : int
        How many reads, and how many temperatures each is at.
    """
    n, path, several = size.n, "task.reads", f"{reads:,} reads"
    config = size.config
    driven = any(name != "temperature" for name in config.schedule)
    together = min(8 * reads * n * config.steps, 2 * _RECORDED) * _ARRAYS // 2 if driven else 0
    answer = n + 64 + 8 * (POINTS + 2)
    states, shares = bytes_of_states(size, reads, rungs, path, several)
    return (
        Share(reads * answer + 40 * POINTS + 16 * size.couplings, path, several, lasts=True),
        *shares,
        Share(together, path, "states of which the work is found"),
        *size.shared_out(reads, answer + states, path),
    )
