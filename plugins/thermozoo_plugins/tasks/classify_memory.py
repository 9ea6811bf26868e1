"""What the phases of the task `classify` hold."""

from __future__ import annotations

from typing import Any

from thermozoo import Share
from thermozoo_plugins.tasks.classify_verdicts import SHOTS
from thermozoo_plugins.tasks.ideal_trajectories import together

__all__ = ["classifying_bytes", "following_bytes", "teaching_bytes"]

#: Arrays of the size of a batch of ideal trajectories that following them takes; of the second moments.
_BATCHES, _MOMENTS = 14, 12


def teaching_bytes(size: Any, images: int, judged: int) -> tuple[Share, ...]:
    """Return the images, and what training a teacher takes beside them."""
    pixels = next(iter(size.config.sizes.values()))
    why = f"{images:,} images"
    return (
        Share(8 * images * pixels, "data.per_class", why, lasts=True),
        Share(8 * images * (5 * pixels + 8 * size.n), "data.per_class", why),
    )


def following_bytes(size: Any, images: int, judged: int) -> tuple[Share, ...]:
    """Return a batch of ideal trajectories, and the moments that they add to."""
    units = size.n - next(iter(size.config.sizes.values()))
    steps = size.config.steps
    batch = 8 * min(images, together(steps, units)) * (steps + 1) * units
    return (
        Share(_BATCHES * batch, "dynamics.duration", "ideal trajectories", ("dynamics.dt", "computer.units")),
        Share(8 * (_MOMENTS * (1 + size.n) ** 2 + 8 * size.couplings), "computer.units", "moments of pairs"),
        Share(8 * 3 * images * units, "data.per_class", f"targets of {images:,} images"),
    )


def classifying_bytes(size: Any, images: int, judged: int) -> tuple[Share, ...]:
    """Return the shots at the images to be judged by."""
    held = SHOTS * judged * size.n * (8 + 4 * size.itemsize)
    return (Share(held, "task.test", f"{SHOTS * judged:,} shots", ("data.per_class", "computer.units")),)
