"""The symmetric positive definite matrix, and the right-hand side, of a task of linear algebra."""

from __future__ import annotations

import functools

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError

__all__ = ["Matrix", "built_in_matrix", "built_in_vector", "checked_matrix", "checked_vector"]

Array = npt.NDArray[np.float64]

#: What rounding leaves of symmetry, relative to the largest entry.
_ROUNDING = 1e-12


@attrs.frozen(eq=False)
class Matrix:
    """A symmetric positive definite matrix.

    Parameters
    ----------
    values : ndarray, shape (n, n)
        Its entries.
    smallest, largest : float
        Its eigenvalues at either end.
    """

    values: Array
    smallest: float
    largest: float

    @functools.cached_property
    def n(self) -> int:
        """Its dimension."""
        return len(self.values)


def built_in_matrix(dimension: int, condition: float, seed: int) -> Array:
    """Return a matrix whose eigenvalues fall from 1 to 1 / condition by equal factors, along random directions."""
    rng = np.random.default_rng([seed, 0])
    directions, _ = np.linalg.qr(rng.standard_normal((dimension, dimension)))
    eigenvalues = np.geomspace(1.0, 1.0 / condition, dimension)
    found: Array = (directions * eigenvalues) @ directions.T
    return (found + found.T) / 2


def built_in_vector(dimension: int, seed: int) -> Array:
    """Return standard normal numbers."""
    return np.random.default_rng([seed, 1]).standard_normal(dimension)


def checked_matrix(values: Array) -> Matrix:
    """Return the matrix of some numbers.

    Raises
    ------
    DataError
        When it is not square, not symmetric, not positive definite, or singular.
    """
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        shape = " x ".join(map(str, values.shape))
        raise DataError(f"expected a square matrix, got {shape}")
    size = float(np.abs(values).max())
    off = np.abs(values - values.T)
    if off.max() > _ROUNDING * size:
        i, j = sorted(np.unravel_index(int(off.argmax()), off.shape))
        raise DataError(
            f"the matrix is not symmetric: entry ({i}, {j}) is {values[i, j]:g} and entry ({j}, {i}) is "
            f"{values[j, i]:g}, counted from 0; the energy of a computer knows their mean alone"
        )
    symmetric = (values + values.T) / 2
    eigenvalues = np.linalg.eigvalsh(symmetric)
    smallest, largest = float(eigenvalues[0]), float(eigenvalues[-1])
    rounding = len(values) * np.finfo(float).eps * float(np.abs(eigenvalues).max())
    if abs(smallest) <= rounding:
        raise DataError(
            f"the matrix is singular: its smallest eigenvalue is {smallest:.3g}, zero to rounding, so that nothing "
            "holds states along its direction and there is no inverse"
        )
    if smallest < 0:
        raise DataError(
            f"the matrix is not positive definite: its smallest eigenvalue is {smallest:.6g}, so that states run away "
            "along its direction; of A x = b with any A that is not singular, solve (A^T A) x = A^T b"
        )
    return Matrix(symmetric, smallest, largest)


def checked_vector(values: Array, n: int) -> Array:
    """Return the vector of some numbers; a single row or column is one.

    Raises
    ------
    DataError
        When it has another length than `n`, or is zero.
    """
    if values.ndim == 2 and 1 not in values.shape:
        raise DataError(f"expected a vector, got a matrix of {values.shape[0]} x {values.shape[1]}")
    found = values.ravel()
    if len(found) != n:
        raise DataError(f"expected {n:,} numbers, one a row of the matrix, got {len(found):,}")
    if not found.any():
        raise DataError("expected a vector that is not zero: the solution is zero as well, and has no relative error")
    return found
