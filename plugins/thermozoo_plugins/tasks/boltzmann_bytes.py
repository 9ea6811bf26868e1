"""Bytes that phases of the task `boltzmann` hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thermozoo import Share
from thermozoo_plugins.tasks.boltzmann_learning import VISIBLE

__all__ = ["FOLLOWED", "TRACED", "judging_bytes", "learning_bytes", "sampling_bytes"]

#: Observations of the trace at most, and images whose resemblance it follows.
TRACED, FOLLOWED = 1000, 16

#: Images in double precision that loading a data set and keeping what judges need of it hold at once.
_LOADED = 9000

_Bytes = Callable[[Any], tuple[Share, ...]]


def learning_bytes(chains: int, images: int, batch: int) -> _Bytes:
    """Return what holds chains of the model, images, and means of pairs."""

    def held(size: Any) -> tuple[Share, ...]:
        data = 8 * size.config.sizes.get(VISIBLE, 1) * _LOADED
        several = f"{chains:,} chains of the model and {images:,} images"
        return (
            Share(24 * (chains + images) * size.n, "task.chains", several, ("data.per_class",), lasts=True),
            Share(8 * 12 * size.couplings + 32 * (chains + batch) * size.n, "computer.units", "means of pairs"),
            Share(data, "data", "the data set, and what judges need of it", lasts=True),
        )

    return held


def sampling_bytes(samples: int, images: int, observations: int) -> _Bytes:
    """Return what holds samples and the trace of their relaxation."""

    def held(size: Any) -> tuple[Share, ...]:
        traced = min(TRACED, observations + 1) * (min(images, FOLLOWED) + 1)
        several = f"{samples:,} chains"
        return (
            Share(samples * (64 * size.n + 8 * 8 * traced), "task.samples", several, lasts=True),
            Share(samples * 16 * images, "task.samples", several, ("data.per_class",)),
        )

    return held


def judging_bytes(samples: int) -> _Bytes:
    """Return what two judgements take, about: real images in single precision, and pairs of outputs."""

    def held(size: Any) -> tuple[Share, ...]:
        count = int(8 * size.config.sizes.get(VISIBLE, 1) * (7000 + 12 * samples) + 64 * samples**2)
        return (Share(count, "data", "real images and the judge", ("task.samples",)),)

    return held
