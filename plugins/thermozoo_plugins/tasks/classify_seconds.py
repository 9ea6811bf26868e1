"""How long the phases of a classification will take: measured in small, before the run."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from thermozoo_plugins.tasks.classify_data import Split
from thermozoo_plugins.tasks.classify_teacher import trained_teacher
from thermozoo_plugins.tasks.ideal_trajectories import follow_ideal, together

__all__ = ["following_seconds", "teaching_seconds"]

#: Images by which the time of a pass of the teacher is measured.
_MEASURED = 400


def teaching_seconds(split: Split, *, hidden: int, passes: int, decay: float) -> float:
    """Return how long a teacher learns at most [second]: every pass takes as long as the first.

    Parameters
    ----------
    split : Split
        Images and labels.
    hidden : int
        Hidden units of the teacher.
    passes : int
        Passes over the images.
    decay : float
        Weight of its squared weights.
    """
    some = np.linspace(0, len(split.pixels) - 1, min(len(split.pixels), _MEASURED)).astype(np.int64)
    begun = time.perf_counter()
    trained_teacher(split.pixels[some], split.labels[some], hidden=hidden, passes=1, decay=decay, seed=0)
    return (time.perf_counter() - begun) * passes * len(split.pixels) / len(some)


def following_seconds(machine: Any, split: Split, *, copies: int) -> float:
    """Return how long ideal trajectories are followed [second]: as many images as go together, and the solution.

    Parameters
    ----------
    machine : Setup
        What was assembled.
    split : Split
        Images and labels.
    copies : int
        Ideal trajectories of each image.
    """
    units = int(machine.computer.layout.free.sum())
    batch = min(len(split.pixels), together(machine.config.steps, units))

    def taken(images: int) -> float:
        begun = time.perf_counter()
        follow_ideal(
            machine,
            split.pixels[:images],
            np.ones((images, units)) * np.linspace(-1, 1, images)[:, None],
            noise=1.0,
            copies=1,
            ridge=1.0,
            scatter=0.1,
            seed=0,
            progress=lambda done: None,
        )
        return time.perf_counter() - begun

    solving = taken(1)  # which also derives what the objective needs, once
    solving = min(solving, taken(1))
    return solving + max(0.0, taken(batch) - solving) * copies * len(split.pixels) / batch
