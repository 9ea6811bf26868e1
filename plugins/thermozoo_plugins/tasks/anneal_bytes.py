"""What the task `anneal` holds while it anneals, or follows ladders."""

from __future__ import annotations

from typing import Any

from thermozoo import Share
from thermozoo_plugins.tasks.anneal_watch import POINTS

__all__ = ["bytes_held"]

#: Of a driven simulation: the most bytes of states that are recorded before their work is found, and how many arrays of
#: that size in double precision finding it takes.
_RECORDED, _ARRAYS = 32 * 2**20, 8

#: The most numbers of states of which energies are found at once, each of 8 bytes.
_BLOCK = 2**22


def bytes_held(size: Any, reads: int, rungs: int) -> tuple[Share, ...]:
    """Return the shares of answers, of energies that are kept, of states, and of what finds energies and work.

    Parameters
    ----------
    size : thermozoo.runs.foreseen.Size
        The run.
    reads, rungs : int
        How many reads, and how many temperatures each is at.
    """
    n, path, several, further = size.n, "task.reads", f"{reads:,} reads", ("task.temperatures",)
    config = size.config
    driven = any(name != "temperature" for name in config.schedule)
    together = min(8 * reads * n * config.steps, 2 * _RECORDED) * _ARRAYS // 2 if driven else 0
    answer, states = n + 64 + 8 * (POINTS + 2), rungs * n * (4 * size.itemsize + 4 + 2 * 8)
    return (
        Share(reads * answer + 40 * POINTS + 16 * size.couplings, path, several, lasts=True),
        Share(reads * states, path, several, further),
        Share(2 * 8 * min(rungs * reads * n, _BLOCK), path, "states of which energies are found"),
        Share(together, path, "states of which the work is found"),
        *size.shared_out(reads, answer + states, path),
    )
