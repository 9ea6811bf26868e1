"""Tables of numbers from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from thermozoo import read_array, read_file
from thermozoo.errors import DataError, shown

__all__ = ["read_table"]

_EXPECTED = "comma-separated numbers, or a .npy array of numbers"


def read_table(
    file: Path, wanted: str = "numbers with a row for each image and a column for each unit"
) -> npt.NDArray[np.float64]:
    """Return the finite numbers of a .csv or .npy file, one row a row; an error says what is wanted.

    Raises
    ------
    DataError
        When the file cannot be read, or holds anything else.
    """
    if file.suffix == ".npy":
        table = read_array(file, "the table", _EXPECTED)
    else:
        content = read_file(file, "the table", _EXPECTED)
        try:
            table = _comma_separated(content.decode("utf-8-sig"))
        except ValueError as error:
            raise DataError(f"cannot read the table {file}: {error}; expected {_EXPECTED}") from error
    if table.ndim != 2 or table.dtype.kind not in "iuf" or 0 in table.shape:
        raise DataError(f"the table {file} holds {table.dtype} of shape {table.shape}; expected {wanted}")
    with np.errstate(invalid="ignore"):  # of a signaling NaN, which is found below
        numbers: npt.NDArray[np.float64] = table.astype(np.float64)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        row, column = map(int, bad[0])
        raise DataError(
            f"the table {file} has {numbers[row, column]:g} in row {row + 1}, column {column + 1}; expected finite "
            "numbers"
        )
    return numbers


def _comma_separated(text: str) -> npt.NDArray[np.float64]:
    """Return the rows of a text; lines that are empty or begin with # are none.

    Raises
    ------
    ValueError
        With the line, when it has no numbers or another number of them than the first.
    """
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            rows.append([float(cell) for cell in line.split(",")])
        except ValueError as error:
            raise ValueError(f"line {number}: {shown(error, 100)}") from None
        if len(rows[-1]) != len(rows[0]):
            raise ValueError(f"line {number} has {len(rows[-1])} numbers, the first row {len(rows[0])}")
    return np.array(rows) if rows else np.zeros((0, 0))
