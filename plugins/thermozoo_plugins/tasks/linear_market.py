"""Dense matrices from Matrix Market files.

The format is read here, and not by `scipy.io.mmread`, which allocates what a header promises, and of which a damaged
header ends the whole process.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from thermozoo import memory_left
from thermozoo.errors import shown

__all__ = ["BANNER", "matrix_of"]

#: How every file begins, whatever its case.
BANNER = b"%%matrixmarket"

_KNOWN = (
    ("object", ("matrix",)),
    ("format", ("coordinate", "array")),
    ("field", ("real", "double", "integer", "unsigned-integer", "pattern")),
    ("symmetry", ("general", "symmetric", "skew-symmetric", "hermitian")),
)

#: Bytes of memory for an entry of the matrix: it, and one of what is made of it.
_HELD = 16


def matrix_of(content: bytes) -> npt.NDArray[np.float64]:
    """Return the matrix of a file's bytes; entries that a sparse one has twice are added.

    Raises
    ------
    ValueError
        With what is wrong, and its line.
    """
    lines = content.decode("latin-1").replace("\r\n", "\n").split("\n")
    dense, pattern, symmetry = _words(lines[0])
    rows = _rows(lines)
    number, cells = next(rows, (len(lines), []))
    sizes = [_whole(number, cell) for cell in cells]
    if len(sizes) != (2 if dense else 3):
        raise ValueError(f"line {number}: expected {'two' if dense else 'three'} sizes, got {len(sizes)}")
    height, width = sizes[:2]
    if symmetry and height != width:
        raise ValueError(f"line {number}: {height} x {width} is not square, and the first line says {symmetry}")
    _check_sizes(number, height, width, len(content), _stored(height, width, symmetry) if dense else sizes[2])
    found = np.zeros((height, width))
    sign, count = (-1.0 if symmetry == "skew-symmetric" else 1.0), 0
    for number, i, j, value in _dense(rows, height, width, symmetry) if dense else _sparse(rows, pattern):
        if not (0 <= i < height and 0 <= j < width):
            raise ValueError(f"line {number}: the entry ({i + 1}, {j + 1}) is outside of {height} x {width}")
        count += 1
        found[i, j] += value
        if symmetry and i != j:
            found[j, i] += sign * value
    expected = _stored(height, width, symmetry) if dense else sizes[2]
    if count != expected:
        raise ValueError(f"its header promises {expected} entries, and it has {count}")
    return found


def _words(line: str) -> tuple[bool, bool, str]:
    """Return whether a matrix is dense, whether it has no values, and its symmetry, if any."""
    words = line.lower().split()[1:]
    if len(words) != len(_KNOWN):
        raise ValueError(f"line 1: expected %%MatrixMarket and four words, got {len(words)}")
    for word, (name, known) in zip(words, _KNOWN, strict=True):
        if word not in known:
            raise ValueError(f"line 1: the {name} {shown(word, 40)!r} is none of {', '.join(known)}")
    dense, pattern = words[1] == "array", words[2] == "pattern"
    if dense and pattern:
        raise ValueError("line 1: the field 'pattern' goes with the format 'coordinate' alone")
    return dense, pattern, "" if words[3] == "general" else words[3]


def _rows(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each line that is neither empty nor a comment."""
    for number, line in enumerate(lines[1:], 2):
        text = line.strip()
        if text and not text.startswith("%"):
            yield number, text.split()


def _stored(height: int, width: int, symmetry: str) -> int:
    """Return how many entries a dense matrix has in its file."""
    if not symmetry:
        return height * width
    return height * (height - 1) // 2 if symmetry == "skew-symmetric" else height * (height + 1) // 2


def _check_sizes(number: int, height: int, width: int, held: int, entries: int) -> None:
    """Refuse what a header promises before anything is allocated."""
    if 2 * entries > held:  # a digit and what separates it from the next
        raise ValueError(f"line {number}: promises {entries} entries, more than fit into the {held} bytes of the file")
    left = memory_left()
    needed = _HELD * height * width
    if needed > left:
        raise ValueError(
            f"line {number}: a matrix of {height} x {width} takes {needed} bytes, of which {left} are left"
        )


def _dense(
    rows: Iterator[tuple[int, list[str]]], height: int, width: int, symmetry: str
) -> Iterator[tuple[int, int, int, float]]:
    """Yield line, row, column and value of the entries of a dense matrix, column by column."""
    below = 1 if symmetry == "skew-symmetric" else 0
    j, i = 0, below if symmetry else 0
    for number, cells in rows:
        for cell in cells:
            while symmetry and i >= height and j < width:
                j, i = j + 1, j + 1 + below
            yield number, i, j, _real(number, cell)
            i += 1
            if i >= height:
                j += 1
                i = j + below if symmetry else 0


def _sparse(rows: Iterator[tuple[int, list[str]]], pattern: bool) -> Iterator[tuple[int, int, int, float]]:
    """Yield line, row, column and value of the entries of a sparse matrix."""
    wanted = 2 if pattern else 3
    for number, cells in rows:
        if len(cells) != wanted:
            raise ValueError(f"line {number}: expected {wanted} numbers, got {len(cells)}")
        i, j = (_whole(number, cell) for cell in cells[:2])
        yield number, i - 1, j - 1, 1.0 if pattern else _real(number, cells[2])


def _whole(number: int, cell: str) -> int:
    if not (cell.isascii() and cell.isdecimal()) or len(cell) > 18:
        raise ValueError(f"line {number}: expected a whole number, got {shown(cell, 40)!r}")
    return int(cell)


def _real(number: int, cell: str) -> float:
    try:
        if cell.isascii() and "_" not in cell:
            return float(cell)
    except ValueError:
        pass
    raise ValueError(f"line {number}: expected a number, got {shown(cell, 40)!r}")
