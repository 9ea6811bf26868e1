"""Signals as sums of binary features: least squares for what they add, flips for which image has which."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError
from thermozoo_plugins.encodings.principal import principal_directions

__all__ = ["binary_features"]

Array = npt.NDArray[np.float64]

#: Rounds over the features between two solutions.
_ROUNDS = 4

#: A flip lowers the error if it does so by more than this part of what the feature adds: rounding flips nothing.
_LOWER = 1e-9


def binary_features(signals: Array, count: int, ridge: float, rounds: int) -> Array:
    """Return -1 and +1 of shape (n, count), such that the signals are nearly c + features @ W.

    Parameters
    ----------
    signals : ndarray, shape (n, units)
        One row an image.
    count : int
        Features.
    ridge : float
        Weight of the squares of W.
    rounds : int
        Solutions, each followed by flips, after which it ends in any case.

    Raises
    ------
    DataError
        When the signals vary in fewer directions than there are features.
    """
    center = signals.mean(axis=0)
    directions = principal_directions(signals, center, count)
    if len(directions) < count:
        raise DataError(
            f"binary features start from principal components, of which {len(signals)} images have {len(directions)}, "
            f"but features = {count}: take fewer features, or more images"
        )
    along = (signals - center) @ directions.T
    features = np.where(along > np.median(along, axis=0), 1.0, -1.0)
    penalty = ridge * np.eye(count + 1)
    penalty[count, count] = 0.0  # what all signals share is free
    for _ in range(rounds):
        design = np.column_stack([features, np.ones(len(signals))])
        added = np.linalg.solve(design.T @ design + penalty, design.T @ signals)
        if not _flip(features, signals - design @ added, added[:count]):
            break
    return features


def _flip(features: Array, residual: Array, added: Array) -> bool:
    """Flip in place, one feature after another, what lowers the squares of the residual; tell whether anything was."""
    overlaps = added @ added.T
    sizes = np.diag(overlaps)
    along = residual @ added.T  # all that flips need to know of the residual
    any_flipped = False
    for _ in range(_ROUNDS):
        flipped = False
        for k, size in enumerate(sizes):
            # without b_k W_k the residual r becomes r + 2 b_k W_k, its square more by 4 (b_k r W_k + W_k^2)
            rows = np.flatnonzero(features[:, k] * along[:, k] + size < -_LOWER * size)
            along[rows] += 2 * features[rows, k, None] * overlaps[k]
            features[rows, k] *= -1
            flipped |= len(rows) > 0
        any_flipped |= flipped
        if not flipped:
            break
    return any_flipped
