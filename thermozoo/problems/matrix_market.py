"""Pairs of units and their strengths from a symmetric matrix in a Matrix Market file.

The format is read here, and not by `scipy.io.mmread`, because its numbers forget their lines.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import shown
from thermozoo.problems.edge_table import EdgeSource, EdgeTable, Tuples

__all__ = ["BANNER", "read_entries", "read_matrix_market"]

#: How every file begins, whatever its case.
BANNER = "%%matrixmarket"

_WORDS = (
    ("object", ("matrix",)),
    ("format", ("coordinate", "array")),
    ("field", ("real", "double", "integer", "pattern")),
    ("symmetry", ("symmetric", "general")),
)


@attrs.frozen
class _Header:
    dense: bool
    pattern: bool
    symmetric: bool
    line: int
    n: int
    entries: int


def read_matrix_market(source: EdgeSource, triangular: bool = False) -> EdgeTable:
    """Return the pairs of a symmetric matrix without diagonal, or, where that may be, of one that has one half alone.

    Of a dense one (format ``array``), those that are not zero; of a sparse one, all that are stored.

    Raises
    ------
    DataError
        With the line where anything is wrong.
    """
    tuples, symmetric = read_entries(source)
    return tuples.table(None if symmetric or (triangular and _has_one_half(tuples)) else _lower_half(tuples))


def read_entries(source: EdgeSource) -> tuple[Tuples, bool]:
    """Return the entries of a matrix, and whether those that are not on the diagonal stand for two each.

    Raises
    ------
    DataError
        With the line where anything is wrong.
    """
    header = _header(source)
    tuples = Tuples(source, first=1, n=header.n, header=header.line)
    found = 0
    for line, i, j, value in _dense(source, header) if header.dense else _sparse(source, header):
        found += 1
        if found > header.entries:
            raise source.fault(line, f"is entry {found}, but line {header.line} says {header.entries}")
        if not header.dense or source.real(line, str(value)) != 0.0:
            tuples.add(line, (i, j), value)
    if found < header.entries:
        raise source.fault(header.line, f"says {header.entries} entries, but the file has {found}")
    return tuples, header.symmetric


def _header(source: EdgeSource) -> _Header:
    words = source.lines[0].lower().split()[1:]
    if len(words) != len(_WORDS):
        raise source.fault(
            1, f"expected %%MatrixMarket and {', '.join(name for name, _ in _WORDS)}, got {len(words)} words"
        )
    for word, (name, known) in zip(words, _WORDS, strict=True):
        if word not in known:
            raise source.fault(
                1, f"the {name} '{shown(word, 40)}' is no symmetric real matrix: expected {' or '.join(known)}"
            )
    dense, pattern, symmetric = words[1] == "array", words[2] == "pattern", words[3] == "symmetric"
    if dense and pattern:
        raise source.fault(1, "the field 'pattern' goes with the format 'coordinate' alone")
    line, text = next(source.numbered("%", after=1), (len(source.lines), ""))
    cells = text.split()
    if len(cells) != (2 if dense else 3):
        wanted = "rows and columns" if dense else "rows, columns and entries"
        raise source.fault(line, f"expected the numbers of {wanted}, got '{shown(text, 40)}'")
    rows, columns, *entries = (source.whole(line, cell, "a size") for cell in cells)
    if rows != columns:
        raise source.fault(line, f"expected a square matrix, got {rows} x {columns}")
    of_half = rows * (rows + 1) // 2
    return _Header(dense, pattern, symmetric, line, rows, entries[0] if entries else of_half if symmetric else rows**2)


def _sparse(source: EdgeSource, header: _Header) -> Iterator[tuple[int, str, str, str | None]]:
    """Yield line, row, column and value of each entry."""
    for line, text in source.numbered("%", after=header.line):
        cells = text.split()
        if len(cells) != (2 if header.pattern else 3):
            wanted = "row and column" if header.pattern else "row, column and value"
            raise source.fault(line, f"expected {wanted}, got '{shown(text, 40)}'")
        yield line, cells[0], cells[1], None if header.pattern else cells[2]


def _dense(source: EdgeSource, header: _Header) -> Iterator[tuple[int, str, str, str]]:
    """Yield line, row, column and value of each entry, column by column, symmetric ones from the diagonal on."""
    i = j = 1
    for line, text in source.numbered("%", after=header.line):
        for cell in text.split():
            yield line, str(i), str(j), cell
            i += 1
            if i > header.n:
                j += 1
                i = j if header.symmetric else 1


def _has_one_half(tuples: Tuples) -> bool:
    """Tell whether no entry is in the upper half of a matrix, or none in the lower one."""
    upper = tuples.units[:, 0] < tuples.units[:, 1]
    return bool(upper.all() or not upper.any())


def _lower_half(tuples: Tuples) -> npt.NDArray[np.bool_]:
    """Return which entries lie in the lower half of a matrix; refuse one that is not the same in the upper half."""
    units, lines, strengths = tuples.units, tuples.lines, tuples.strengths
    tuples.refuse_again(units, lines)  # in either half
    values = np.zeros(len(units)) if strengths is None else strengths
    span = int(units.max(initial=0)) + 1
    keys, mirrored = units @ (span, 1), units @ (1, span)
    order = np.argsort(keys)
    place = order[np.searchsorted(keys, mirrored, sorter=order) % max(1, len(keys))]
    missing = keys[place] != mirrored
    wrong = np.flatnonzero(missing | (values[place] != values))
    if len(wrong):
        k = int(wrong[0])
        i, j = units[k].tolist()
        there = "not there" if missing[k] else f"{values[place[k]]:g}"
        raise tuples.source.fault(
            int(lines[k]),
            f"the matrix is not symmetric: entry ({i}, {j}) is {values[k]:g}, and entry ({j}, {i}) is {there}",
        )
    lower: npt.NDArray[np.bool_] = units[:, 0] > units[:, 1]
    return lower
