"""Matrices and vectors from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.errors import DataError

__all__ = ["read_numbers"]

_BANNER = b"%%matrixmarket"


def read_numbers(path: str) -> npt.NDArray[np.float64]:
    """Return the finite numbers of a .npy, Matrix Market or comma-separated file, in one or two dimensions.

    Raises
    ------
    DataError
        When the file cannot be read, or holds anything else.
    """
    from thermozoo_plugins.encodings.table_files import read_table  # whose neighbors need sympy

    file = Path(path)
    try:
        file = file.expanduser()
        if file.exists() and not file.is_file():  # a pipe would be waited for
            raise OSError("it is no file")
        with file.open("rb") as opened:
            marked = opened.read(len(_BANNER)).lower() == _BANNER
        if file.suffix != ".npy" and not marked:
            return read_table(file, "numbers")
        found = _matrix_market(file) if marked else np.load(file, allow_pickle=False)
    except DataError:
        raise
    except Exception as error:  # what NumPy and SciPy raise of a damaged file is of many kinds
        reason = str(getattr(error, "strerror", None) or error).partition("\n")[0]
        raise DataError(f"cannot read {path}: {reason}; expected a .npy, Matrix Market or .csv file") from error
    numbers = np.asarray(found)
    if numbers.ndim not in (1, 2) or numbers.dtype.kind not in "iuf" or not numbers.size:
        raise DataError(f"{path} holds {numbers.dtype} of shape {numbers.shape}; expected real numbers of a matrix")
    numbers = numbers.astype(np.float64)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        place = tuple(bad[0].tolist())
        raise DataError(f"{path} has {numbers[place]:g} at {place}; expected finite numbers")
    return numbers


def _matrix_market(file: Path) -> Any:
    from scipy.io import mmread

    found = mmread(file)
    return found if isinstance(found, np.ndarray) else found.toarray()
