"""Matrices and vectors from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from thermozoo import read_array, read_file
from thermozoo.errors import DataError
from thermozoo_plugins.tasks.linear_market import BANNER, matrix_of

__all__ = ["read_numbers"]

_EXPECTED = "a .npy, Matrix Market or .csv file"


def read_numbers(path: str) -> npt.NDArray[np.float64]:
    """Return the finite numbers of a .npy, Matrix Market or comma-separated file, in one or two dimensions.

    Raises
    ------
    DataError
        When the file cannot be read, or holds anything else.
    """
    from thermozoo_plugins.encodings.table_files import read_table  # whose neighbors need sympy

    file = Path(path)
    if file.suffix == ".npy":
        numbers = read_array(file, expected=_EXPECTED)
    else:
        content = read_file(file, expected=_EXPECTED)
        if content[: len(BANNER)].lower() != BANNER:
            return read_table(file, "numbers")
        try:
            numbers = matrix_of(content)
        except ValueError as error:
            raise DataError(f"cannot read {path}: {error}; expected {_EXPECTED}") from error
    if numbers.ndim not in (1, 2) or numbers.dtype.kind not in "iuf" or not numbers.size:
        raise DataError(f"{path} holds {numbers.dtype} of shape {numbers.shape}; expected real numbers of a matrix")
    with np.errstate(invalid="ignore"):  # of a signaling NaN, which is found below
        found: npt.NDArray[np.float64] = numbers.astype(np.float64)
    bad = np.argwhere(~np.isfinite(found))
    if len(bad):
        place = tuple(bad[0].tolist())
        raise DataError(f"{path} has {found[place]:g} at {place}; expected finite numbers")
    return found
