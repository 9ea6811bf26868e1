"""Images scaled to zero mean and unit variance each, so that brightness and contrast count nowhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["standardized", "varied"]

Array = npt.NDArray[np.floating[Any]]


def standardized(images: Array) -> Array:
    """Return images of shape (n, pixels) shifted and scaled to zero mean and unit variance each.

    A constant image, which resembles nothing, becomes zero.
    """
    centered = images - images.mean(axis=1, keepdims=True)
    spread = centered.std(axis=1, keepdims=True)
    scaled: Array = np.divide(centered, spread, out=np.zeros_like(centered), where=varied(images)[:, np.newaxis])
    return scaled


def varied(images: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which images are not constant; by their extremes, because the mean of equal numbers is rounded."""
    found: npt.NDArray[np.bool_] = images.max(axis=1) > images.min(axis=1)
    return found
