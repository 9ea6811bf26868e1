r"""The Frechet distance of two sets of points, as that of the Gaussians with their means and covariances.

.. math::

    d^2 = |\mu_a - \mu_b|^2 + \operatorname{tr}\left(A + B - 2 (A^{1/2} B A^{1/2})^{1/2}\right)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Moments", "distance_of_moments", "frechet_distance", "moments"]

Array = npt.NDArray[np.floating[Any]]


def frechet_distance(a: Array, b: Array) -> float:
    """Return the squared Frechet distance of points of shape (n, d) and (m, d), the number that is called FID.

    References
    ----------
    D. C. Dowson and B. V. Landau, J. Multivariate Anal. 12, 450 (1982); M. Heusel et al., NeurIPS (2017).

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo.quality import frechet_distance
    >>> points = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
    >>> round(frechet_distance(points, 3 * points + [4.0, 0.0]), 9)  # 16 + 2 (3 - 1)^2 2 / 3
    21.333333333
    """
    return distance_of_moments(moments(a), moments(b))


class Moments(NamedTuple):
    """Mean of some points, and a matrix R with R'R their covariance."""

    mean: Array
    root: Array


def moments(points: Array) -> Moments:
    """Return the moments of points of shape (n, d) that a distance is taken from."""
    points = np.asarray(points, dtype=np.float64)
    mean = points.mean(axis=0)
    return Moments(mean, np.asarray(np.linalg.qr((points - mean) / np.sqrt(len(points) - 1), mode="r")))


def distance_of_moments(a: Moments, b: Moments) -> float:
    """Return the squared Frechet distance of points with these moments."""
    # the trace of the root is the sum of singular values of a product of roots: no eigenvalue is rounded below zero
    shared = np.linalg.svd(a.root @ b.root.T, compute_uv=False).sum()
    between = np.sum((a.mean - b.mean) ** 2)
    return float(between + np.sum(a.root**2) + np.sum(b.root**2) - 2.0 * shared)
