"""Precision and recall of a set of points against real ones.

The manifold of a set is the union of balls around its points, each reaching to the point's k-th nearest neighbor.
Precision is the fraction of outputs inside that of the real points, recall the fraction of real points inside that of
the outputs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["PrecisionRecall", "precision_recall"]

Array = npt.NDArray[np.floating[Any]]


class PrecisionRecall(NamedTuple):
    """How many outputs look real, and how many real points the outputs reach."""

    precision: float
    recall: float


def precision_recall(outputs: Array, real: Array, k: int = 3) -> PrecisionRecall:
    """Return precision and recall of outputs of shape (n, d) against real points of shape (m, d), both more than `k`.

    References
    ----------
    T. Kynkaanniemi et al., Improved precision and recall metric for assessing generative models, NeurIPS (2019).

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo.quality import precision_recall
    >>> line = np.arange(8.0)[:, np.newaxis]
    >>> precision_recall(line[:4], line)  # half of the line, with balls that reach three beyond it
    PrecisionRecall(precision=1.0, recall=0.875)
    """
    from scipy.spatial.distance import cdist

    between = cdist(outputs, real)
    inside = between <= _radii(real, k)
    reached = between <= _radii(outputs, k)[:, np.newaxis]
    return PrecisionRecall(float(inside.any(axis=1).mean()), float(reached.any(axis=0).mean()))


def _radii(points: Array, k: int) -> Array:
    """Return the distance of every point from its k-th nearest neighbor; the nearest of all is the point itself."""
    from scipy.spatial.distance import cdist

    radii: Array = np.partition(cdist(points, points), k, axis=1)[:, k]
    return radii
