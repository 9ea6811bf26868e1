"""Cheap imitations of real images: what any generator has to be better than."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

__all__ = ["class_by_class", "gaussian", "gaussian_in_components", "k_means", "mean_image", "memory"]

Array = npt.NDArray[np.floating[Any]]

#: Makes so many images like those of one class.
Imitation = Callable[[Array, int, Generator], Array]


def class_by_class(
    imitation: Imitation,
    points: Array,
    labels: npt.NDArray[np.integer[Any]],
    asked: npt.NDArray[np.integer[Any]],
    random: Generator,
) -> Array:
    """Return an image for every class that is asked for, imitating points of that class."""
    made = np.empty((len(asked), points.shape[1]))
    for label in np.unique(asked):
        rows = np.flatnonzero(asked == label)
        made[rows] = imitation(points[labels == label].astype(np.float64), len(rows), random)
    return made


def mean_image(points: Array, count: int, random: Generator) -> Array:
    """Return the mean, so many times."""
    return np.tile(points.mean(axis=0), (count, 1))


def gaussian(points: Array, count: int, random: Generator) -> Array:
    """Draw from the Gaussian with the points' mean and their covariance, shrunk towards a multiple of the identity.

    References
    ----------
    O. Ledoit and M. Wolf, J. Multivariate Anal. 88, 365 (2004).
    """
    from sklearn.covariance import ledoit_wolf_shrinkage

    mean = points.mean(axis=0)
    centered = points - mean
    n, d = points.shape
    shrunk = float(ledoit_wolf_shrinkage(centered, assume_centered=True))
    variance = float((centered**2).sum()) / (n * d)
    # points mixed at random have the points' covariance: no matrix of pixels by pixels is needed
    mixed = random.standard_normal((count, n)) @ centered / np.sqrt(n)
    drawn: Array = (
        mean + np.sqrt(1.0 - shrunk) * mixed + np.sqrt(shrunk * variance) * random.standard_normal((count, d))
    )
    return drawn


def gaussian_in_components(most: int) -> Imitation:
    """Return what draws from the Gaussian of the points in their own first principal components."""
    from thermozoo.quality.components import principal_components

    def drawn(points: Array, count: int, random: Generator) -> Array:
        space = principal_components(points, most)
        coordinates = space.project(points)
        spread = coordinates.std(axis=0, ddof=1)
        return space.images(spread * random.standard_normal((count, len(spread))))

    return drawn


def k_means(most: int) -> Imitation:
    """Return what draws the center of one of so many clusters of the points, each as often as the cluster has points.

    References
    ----------
    S. P. Lloyd, IEEE Trans. Inf. Theory 28, 129 (1982).
    """

    def drawn(points: Array, count: int, random: Generator) -> Array:
        from sklearn.cluster import KMeans

        found = KMeans(min(most, len(points)), n_init=1, random_state=0).fit(points)
        centers: Array = found.cluster_centers_[np.resize(random.permutation(found.labels_), count)]
        return centers

    return drawn


def memory(points: Array, count: int, random: Generator) -> Array:
    """Return the points themselves in random order, none twice before all others have come."""
    rows = [random.permutation(len(points)) for _ in range(-(-count // len(points)))]
    return points[np.concatenate(rows)[:count]]
