"""Patterns from a file: one a row."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError

__all__ = ["load_patterns"]


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
    try:
        if kind == ".npy":
            read: Any = np.load(path, allow_pickle=False)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of an empty file, which is refused below
                read = np.loadtxt(path, delimiter=",", ndmin=2, comments="#")
    except (OSError, ValueError, EOFError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
        raise DataError(f"cannot read patterns from {path}: {said}") from error
    if not isinstance(read, np.ndarray) or read.dtype.kind not in "iuf" or read.ndim < 2 or not read.size:
        found = f"shape {read.shape} of {read.dtype}" if isinstance(read, np.ndarray) else type(read).__name__
        raise DataError(f"{path}: expected real numbers, one pattern a row, got {found}")
    rows = read.reshape(len(read), -1).astype(np.float64)
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = bad[0]
        raise DataError(f"{path}: pattern {row} is {rows[row, column]} at entry {column}, expected finite numbers")
    return rows
