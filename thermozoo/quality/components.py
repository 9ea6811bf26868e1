"""Principal components of real images: a fixed space in which outputs are compared with them."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["Components", "principal_components"]

Array = npt.NDArray[np.floating[Any]]

#: Variance of a component over that of the first below which it is rounding.
_NOTHING = 1e-9


@attrs.frozen(eq=False)
class Components:
    """A mean, and directions from it.

    Parameters
    ----------
    mean : ndarray, shape (pixels,)
        Of the images.
    directions : ndarray, shape (components, pixels)
        Orthonormal; that of the largest variance first.
    """

    mean: Array
    directions: Array

    def project(self, images: Array) -> Array:
        """Return the coordinates of images of shape (n, pixels): (n, components)."""
        return (images - self.mean) @ self.directions.T

    def images(self, coordinates: Array) -> Array:
        """Return the images at coordinates."""
        return self.mean + coordinates @ self.directions


def principal_components(images: Array, most: int) -> Components:
    """Return the first components of images of shape (n, pixels): at most so many, and none without variance."""
    images = np.asarray(images, dtype=np.float64)
    mean = images.mean(axis=0)
    centered = images - mean
    wide = len(images) < images.shape[1]
    # of the two matrices of products, the smaller one has the same spectrum
    values, vectors = np.linalg.eigh(centered @ centered.T if wide else centered.T @ centered)
    kept = np.flatnonzero(values > _NOTHING * values.max(initial=0.0))[::-1][:most]
    directions = (vectors[:, kept] / np.sqrt(values[kept])).T @ centered if wide else vectors[:, kept].T
    return Components(mean, directions)
