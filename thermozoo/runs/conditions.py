"""What generation is asked for: a class of each sample, and the values that clamped units hold for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.config.schema import Config
from thermozoo.dynamics.noise import NoiseKey, uniforms
from thermozoo.runs.machine import Machine

__all__ = ["asked_classes", "held_values"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]


def asked_classes(config: Config) -> Indices | None:
    """Return the class that each sample is asked for, shape (samples,); None where none is asked for.

    The classes take turns: sample k is asked for number k modulo how many are listed, so that the first samples show
    all of them, and what a sample is asked for does not depend on how many there are.
    """
    classes = config.condition
    return np.resize(np.array(classes, dtype=np.int64), config.generation.samples) if classes else None


def held_values(machine: Machine, asked: Indices | None) -> Array | None:
    """Return what clamped units hold in each sample, shape (samples, clamped units); None where nothing is asked for.

    It is what they held in training for an image of the class. Where their encoding depends on the label alone, that
    is the class's signal; otherwise the image is drawn, by a number that depends on the seed and the sample's number
    alone. All groups hold the signal of the same image.
    """
    clamped = ~machine.computer.layout.free
    if asked is None or not clamped.any():
        return None
    drawn = uniforms(NoiseKey(machine.config.seed).named("condition"), 0, np.arange(len(asked)), 1)[:, 0]
    held = np.zeros((len(asked), int(clamped.sum())))
    for label in np.unique(asked).tolist():
        part, rows = machine.part(label), np.flatnonzero(asked == label)
        images = np.flatnonzero(part.prototypes.labels == label)
        shown = images[(drawn[rows] * len(images)).astype(np.int64)]
        held[rows] = part.noising.signals[shown][:, clamped]
    return held
