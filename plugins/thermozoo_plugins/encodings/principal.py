"""Principal directions whose sign, and whose choice among equals, rounding cannot turn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["principal_directions"]

Array = npt.NDArray[np.float64]

#: Part of the images' squares below which a variance is rounding.
_ROUNDING = 1e-12

#: Variances, and pixels of a direction, that differ by less than this part are equals.
_EQUAL = 1e-9


def principal_directions(images: Array, about: Array, count: int) -> Array:
    """Return the directions in which images vary most about a center, the strongest first.

    The pixel at which a direction is strongest is positive in it, the first of several such pixels; of several
    directions with one variance, those with the most at the first such pixel come first. So neither the library that
    computes them nor its version decides.

    Parameters
    ----------
    images : ndarray, shape (n, pixels)
        The images.
    about : ndarray, broadcasts to (n, pixels)
        What they vary about.
    count : int
        Directions that are wanted.

    Returns
    -------
    ndarray, shape (found, pixels)
        Unit vectors, orthogonal to each other: fewer than wanted where images vary in fewer directions.
    """
    rows = images - about
    wide = rows.shape[0] < rows.shape[1]  # the smaller of two matrices with the same variances
    variances, vectors = np.linalg.eigh(rows @ rows.T if wide else rows.T @ rows)
    real = variances > _ROUNDING * (images**2).sum()
    variances, vectors = variances[real][::-1], vectors[:, real][:, ::-1]
    if wide:
        vectors = rows.T @ vectors / np.sqrt(variances)
    found: list[Array] = []
    for variance in variances[:count]:
        equals = vectors[:, np.abs(variances - variance) <= _EQUAL * variances[0]]
        for other in found:
            equals = equals - np.outer(other, other @ equals)
        # the rows of a basis of equals, and so their products, are the same in every basis of the same space
        strength = (equals**2).sum(axis=1)
        place = int(np.argmax(strength >= (1 - _EQUAL) * strength.max()))
        found.append(equals @ equals[place] / np.sqrt(strength[place]))
    return np.array(found).reshape(-1, rows.shape[1])
