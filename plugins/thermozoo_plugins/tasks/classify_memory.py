"""What the phases of the task `classify` hold."""

from __future__ import annotations

from typing import Any

from thermozoo import Share
from thermozoo_plugins.tasks.classify_verdicts import SHOTS
from thermozoo_plugins.tasks.ideal_costs import ideal_bytes

__all__ = ["classifying_bytes", "following_bytes", "teaching_bytes"]


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
    return ideal_bytes(size, images, "data.per_class", "images")


def classifying_bytes(size: Any, images: int, judged: int) -> tuple[Share, ...]:
    """Return the shots at the images to be judged by."""
    held = SHOTS * judged * size.n * (8 + 4 * size.itemsize)
    return (Share(held, "task.test", f"{SHOTS * judged:,} shots", ("data.per_class", "computer.units")),)
