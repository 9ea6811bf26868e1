"""Matrices and vectors from files."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo import memory_left, read_array, read_file
from thermozoo.errors import DataError, shown

__all__ = ["read_numbers"]

_BANNER = b"%%matrixmarket"
_EXPECTED = "a .npy, Matrix Market or .csv file"

#: The numbers of rows, of columns and, of a sparse matrix, of entries.
_SIZES = re.compile(rb"[ \t]*(\d{1,18})[ \t]+(\d{1,18})(?:[ \t]+(\d{1,18}))?[ \t]*\r?")


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
        if content[: len(_BANNER)].lower() != _BANNER:
            return read_table(file, "numbers")
        numbers = _matrix_market(path, content)
    if numbers.ndim not in (1, 2) or numbers.dtype.kind not in "iuf" or not numbers.size:
        raise DataError(f"{path} holds {numbers.dtype} of shape {numbers.shape}; expected real numbers of a matrix")
    numbers = numbers.astype(np.float64)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        place = tuple(bad[0].tolist())
        raise DataError(f"{path} has {numbers[place]:g} at {place}; expected finite numbers")
    return numbers


def _matrix_market(path: str, content: bytes) -> npt.NDArray[Any]:
    """Return the matrix of a file, dense, after a look at what its header promises."""
    from scipy.io import mmread

    try:
        _check_sizes(content)
        found = mmread(io.BytesIO(content))
        return np.asarray(found if isinstance(found, np.ndarray) else found.toarray())
    except Exception as error:  # what SciPy raises of a damaged file is of many kinds
        raise DataError(f"cannot read {path}: {shown(error, 200)}; expected {_EXPECTED}") from error


def _check_sizes(content: bytes) -> None:
    """Raise ValueError for a header that promises more than the file or the memory holds."""
    lines = (line for line in content.split(b"\n")[1:] if line.strip() and not line.lstrip().startswith(b"%"))
    line = next(lines, b"")
    found = _SIZES.fullmatch(line)
    if not found:
        raise ValueError(f"expected the numbers of rows and columns, got {shown(line[:40].decode('latin-1'))!r}")
    rows, columns, entries = (int(one or 0) for one in found.groups())
    half = rows * columns // 2 if b"symmetric" in content.partition(b"\n")[0].lower() else rows * columns
    # an entry takes two bytes at least, of a sparse matrix four
    if (4 * entries if found[3] else 2 * half) > len(content) + 2:
        raise ValueError(
            f"its header promises {rows} x {columns}{f' and {entries} entries' if found[3] else ''}, more than fit into "
            f"the {len(content)} bytes of the file"
        )
    left = memory_left()
    if 16 * rows * columns > left:
        raise ValueError(f"a matrix of {rows} x {columns} takes more than the {left} bytes of memory that are left")
