"""Files that list tuples of units: which format one has, and what holds for all of them."""

from __future__ import annotations

from pathlib import Path

from thermozoo.errors import DataError, shown
from thermozoo.given_files import read_file
from thermozoo.problems.comma_separated import read_comma_separated
from thermozoo.problems.edge_table import EdgeSource, EdgeTable
from thermozoo.problems.g_set import read_g_set
from thermozoo.problems.matrix_market import BANNER, read_matrix_market

__all__ = ["EdgeTable", "lines_of", "read_edges"]


def read_edges(path: Path) -> EdgeTable:
    """Return the tuples of a file, each once, of different units.

    Raises
    ------
    DataError
        When the file cannot be read, or is not what its format says: with the line and what is wrong there.
    """
    source = EdgeSource(shown(path, 200), lines_of(path))
    if source.lines and source.lines[0].lower().startswith(BANNER):
        return read_matrix_market(source)
    suffix = path.suffix.lower()
    if suffix == ".mtx":
        raise source.fault(1, "expected a Matrix Market file, which begins with %%MatrixMarket")
    return read_comma_separated(source) if suffix == ".csv" else read_g_set(source)


def lines_of(path: Path) -> list[str]:
    """Return the lines of a text file, whatever they end with.

    Raises
    ------
    DataError
        When the file cannot be read, or holds no text.
    """
    data = read_file(path, "the edge file", "a .csv, Matrix Market or G-set file")
    ends = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        text = ends.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = ends.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{shown(path, 200)}, line {line}: no UTF-8 text (byte 0x{ends[error.start]:02x}): expected a .csv, Matrix "
            "Market or G-set file, not packed"
        ) from error
    # only these end a line here: str.splitlines knows others, and numbers that no editor shows
    return text.split("\n")
