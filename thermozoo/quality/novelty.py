"""Whether images are copies of what was seen, and whether those of a class differ."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from thermozoo.quality.sets import Images

__all__ = ["Nearest", "nearest", "spread_within"]

Array = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]


class Nearest(NamedTuple):
    """The largest correlation of every image with one that was seen, and the class of that one."""

    correlation: Array
    label: Integers


def nearest(pixels: Array, seen: Images) -> Nearest:
    """Return what every image, of zero mean and unit variance, resembles most among those that were seen."""
    correlations = pixels @ seen.pixels.T / pixels.shape[1]
    best = correlations.argmax(axis=1)
    return Nearest(correlations[np.arange(len(best)), best], seen.labels[best])


def spread_within(points: Array, labels: Integers) -> dict[int, float]:
    """Return the mean distance of two points of one class, by class; of classes that have two."""
    from scipy.spatial.distance import pdist

    return {
        int(label): float(pdist(points[labels == label]).mean())
        for label, count in zip(*np.unique(labels, return_counts=True), strict=True)
        if count > 1
    }
