"""Patterns from a file: one a row."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.array_files import read_array
from thermozoo.errors import DataError
from thermozoo.given_files import read_file

__all__ = ["load_patterns"]

_EXPECTED = "real numbers, one pattern a row"


def load_patterns(path: str | Path) -> npt.NDArray[np.floating[Any]]:
    """Return the patterns of a file, shape (K, entries).

    Parameters
    ----------
    path : str or Path
        ``.npy``, an array of numbers, whose further dimensions are joined; or ``.csv``, one pattern a line, without a
        header. Files that hold Python objects are not read.

    Raises
    ------
    DataError
        When there is no such file, or it holds anything else.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in (".npy", ".csv"):
        raise DataError(f"patterns are read from .npy or .csv files, got {path.name!r}: save them as one of these")
    read = read_array(path, "the patterns", _EXPECTED) if kind == ".npy" else _comma_separated(path)
    if read.ndim < 2 or not read.size:
        raise DataError(f"{path}: expected real numbers, one pattern a row, got shape {read.shape} of {read.dtype}")
    with np.errstate(invalid="ignore"):  # of a signaling NaN, which is found below
        rows = read.reshape(len(read), -1).astype(np.float64)
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = bad[0]
        raise DataError(f"{path}: pattern {row} is {rows[row, column]} at entry {column}, expected finite numbers")
    return rows


def _comma_separated(path: Path) -> npt.NDArray[np.floating[Any]]:
    content = read_file(path, "the patterns", _EXPECTED)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an empty file, which is refused elsewhere
            rows = np.loadtxt(io.StringIO(content.decode("utf-8-sig")), delimiter=",", ndmin=2, comments="#")
    except ValueError as error:
        said = str(error).splitlines()[0]
        raise DataError(f"cannot read the patterns {path}: {said}; expected {_EXPECTED}") from error
    return rows
