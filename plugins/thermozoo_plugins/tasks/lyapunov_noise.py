"""The covariance of the noise across units, and the baths that make it."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError

__all__ = ["Noise", "built_in_noise", "checked_noise"]

Array = npt.NDArray[np.float64]

#: What rounding leaves of symmetry, relative to the largest entry.
_ROUNDING = 1e-12


@attrs.frozen(eq=False)
class Noise:
    r"""Noise of covariance R, as independent noises along the axes of its ellipsoid: R = U diag(strengths) U^T.

    Parameters
    ----------
    values : ndarray, shape (n, n)
        R.
    directions : ndarray, shape (n, n)
        U, whose columns are the axes. It is orthogonal: a matrix of couplings stays symmetric when units turn with it.
    strengths : ndarray, shape (n,)
        Variances along the axes, zero or more.
    """

    values: Array
    directions: Array
    strengths: Array

    def turned(self, matrix: Array) -> Array:
        """Return U^T A U: a symmetric matrix as units along the axes of the noise hold it."""
        found: Array = self.directions.T @ matrix @ self.directions
        return (found + found.T) / 2


def built_in_noise(n: int, seed: int) -> Array:
    """Return a Wishart matrix: the mean of n products of standard normal vectors with themselves."""
    samples = np.random.default_rng([seed, 2]).standard_normal((n, n))
    found: Array = samples @ samples.T / n
    return found


def checked_noise(values: Array, n: int) -> Noise:
    """Return the noise whose covariance is a matrix of n rows.

    Raises
    ------
    DataError
        When it has another shape, is not symmetric, has a negative eigenvalue, or is zero.
    """
    if values.shape != (n, n):
        shape = " x ".join(map(str, values.shape)) if values.ndim == 2 else f"{len(values)} numbers"
        raise DataError(f"expected a matrix of {n} x {n}, as the matrix A is, got {shape}")
    size = float(np.abs(values).max())
    if size == 0:
        raise DataError("expected a covariance that is not zero: without noise the solution is zero")
    off = np.abs(values - values.T)
    if off.max() > _ROUNDING * size:
        i, j = sorted(np.unravel_index(int(off.argmax()), off.shape))
        raise DataError(
            f"the covariance of the noise is not symmetric: entry ({i}, {j}) is {values[i, j]:g} and entry ({j}, {i}) "
            f"is {values[j, i]:g}, counted from 0"
        )
    symmetric = (values + values.T) / 2
    strengths, directions = np.linalg.eigh(symmetric)
    rounding = n * np.finfo(float).eps * float(np.abs(strengths).max())
    if strengths[0] < -rounding:
        raise DataError(
            f"the covariance of the noise has the negative eigenvalue {strengths[0]:.6g}, and no variance is below "
            "zero: of a symmetric R that is no covariance, solve for two that are, whose difference it is"
        )
    strengths[np.abs(strengths) <= rounding] = 0.0  # directions without noise, which rounding leaves on either side
    return Noise(symmetric, directions, strengths)
