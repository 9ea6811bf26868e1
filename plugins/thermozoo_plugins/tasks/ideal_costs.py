"""What following ideal trajectories takes: seconds, measured in small before the run, and bytes."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo import Share
from thermozoo_plugins.tasks.ideal_trajectories import follow_ideal, together

__all__ = ["ideal_bytes", "ideal_seconds"]

Array = npt.NDArray[np.float64]

#: Arrays of the size of a batch of ideal trajectories that following them takes; of the second moments.
_BATCHES, _MOMENTS = 14, 12


def ideal_seconds(machine: Any, held: Array, *, copies: int) -> float:
    """Return how long ideal trajectories are followed [second]: as many examples as go together, and the solution.

    Parameters
    ----------
    machine : Setup
        What was assembled.
    held : ndarray, shape (examples, clamped units)
        What clamped units hold.
    copies : int
        Ideal trajectories of each example.
    """
    units = int(machine.computer.layout.free.sum())
    batch = min(len(held), together(machine.config.steps, units))

    def taken(examples: int) -> float:
        begun = time.perf_counter()
        follow_ideal(
            machine,
            held[:examples],
            np.ones((examples, units)) * np.linspace(-1, 1, examples)[:, None],
            noise=1.0,
            copies=1,
            ridge=1.0,
            scatter=0.1,
            seed=0,
            progress=lambda done: None,
        )
        return max(0.0, time.perf_counter() - begun)

    solving = taken(1)  # which also derives what the objective needs, once
    solving = min(solving, taken(1))
    return solving + max(0.0, taken(batch) - solving) * copies * len(held) / batch


def ideal_bytes(size: Any, examples: int, path: str, what: str, *, at_once: int = 1) -> tuple[Share, ...]:
    """Return a batch of ideal trajectories, and the moments that they add to.

    Parameters
    ----------
    size : Size
        Of the run.
    examples : int
        Examples in all.
    path, what : str
        The key that they grow with, and what they are called.
    at_once : int
        Trajectories in a batch at least.
    """
    units = size.n - next(iter(size.config.sizes.values()))
    steps = size.config.steps
    batch = 8 * max(at_once, min(examples, together(steps, units))) * (steps + 1) * units
    return (
        Share(_BATCHES * batch, "dynamics.duration", "ideal trajectories", ("dynamics.dt", "computer.units")),
        Share(8 * (_MOMENTS * (1 + size.n) ** 2 + 8 * size.couplings), "computer.units", "moments of pairs"),
        Share(8 * 3 * examples * units, path, f"targets of {examples:,} {what}"),
    )
