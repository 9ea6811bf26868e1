"""Pairs of units and their weights from a file of the G-set, the benchmark of maximum cuts."""

from __future__ import annotations

from thermozoo.errors import shown
from thermozoo.problems.edge_table import EdgeSource, EdgeTable, Tuples

__all__ = ["read_g_set"]


def read_g_set(source: EdgeSource, comment: str = "") -> EdgeTable:
    """Return the pairs of a file: a line with the numbers of units and of pairs, then pairs and weights.

    Files of the G-set have no comments; those of the Biq Mac Library, which are else the same, begin them with a #.

    Raises
    ------
    DataError
        With the line where anything is wrong.
    """
    rows = source.numbered(comment)
    header, text = next(rows, (1, ""))
    cells = text.split()
    if len(cells) != 2:
        raise source.fault(
            header,
            f"expected the numbers of {source.word}s and of pairs of a G-set file, such as 800 19176, got "
            f"'{shown(text, 40)}'; "
            "names of comma-separated files end in .csv, and Matrix Market files begin with %%MatrixMarket",
        )
    n, promised = (source.whole(header, cell, f"the numbers of {source.word}s and of pairs") for cell in cells)
    tuples = Tuples(source, first=1, n=n, header=header)
    for line, text in rows:
        cells = text.split()
        if len(cells) != 3:
            raise source.fault(line, f"expected two {source.word}s and a weight, got '{shown(text, 40)}'")
        tuples.add(line, cells[:2], cells[2])
    if len(tuples) != promised:
        raise source.fault(header, f"says {promised} pairs, but the file has {len(tuples)}")
    return tuples.table()
