"""Tuples of units from comma-separated values."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from thermozoo.errors import shown
from thermozoo.problems.edge_table import EdgeSource, EdgeTable, Tuples

__all__ = ["read_comma_separated"]

#: What a header calls a column of units, and the column of strengths. Another name is refused: weights would else be
#: taken for units, as both may be whole numbers.
_UNIT, _STRENGTH = re.compile(r"unit[ _]?\d*|[i-n]|source|target"), "strength"


def read_comma_separated(source: EdgeSource) -> EdgeTable:
    """Return the tuples of a file: units, numbered from 0, and where a header says so, last a strength.

    Raises
    ------
    DataError
        With the line where anything is wrong.
    """
    tuples = Tuples(source, first=0)
    columns, opening, stated = 0, 0, False
    for line, cells in _rows(source):
        if not columns:
            columns, opening = len(cells), line
            named = _is_header(cells)
            stated = named and _header(source, line, cells)
            if columns - stated < 2:
                raise source.fault(line, f"expected two or more columns of {source.word}s, got {columns - stated}")
            if named:
                continue
        if len(cells) != columns:
            raise source.fault(line, f"has {len(cells)} columns, but line {opening} has {columns}")
        tuples.add(line, cells[:-1] if stated else cells, cells[-1] if stated else None)
    return tuples.table()


def _rows(source: EdgeSource) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of every row."""
    line = 0

    def texts() -> Iterator[str]:
        nonlocal line
        for line, text in source.numbered("#"):  # noqa: B007 - the row that the reader makes of it ends there
            yield text

    rows = csv.reader(texts(), skipinitialspace=True, strict=True)
    try:
        for cells in rows:
            yield line, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise source.fault(line, f"no comma-separated values: {error}") from error


def _is_header(cells: list[str]) -> bool:
    """Tell whether the first row has a word."""
    return any(re.match(r"[^\W\d_]", cell) and cell.lower() not in ("nan", "inf", "infinity") for cell in cells)


def _header(source: EdgeSource, line: int, cells: list[str]) -> bool:
    """Return whether the last column has strengths."""
    stated = cells[-1] == _STRENGTH
    for name in cells[:-1] if stated else cells:
        if not _UNIT.fullmatch(name):
            raise source.fault(
                line,
                f"the column '{shown(name, 40)}' is neither a unit nor a strength: expected names of units (i, j, k, "
                "or unit 1, unit 2, ...) and, where the last column has them, 'strength'",
            )
    return stated
