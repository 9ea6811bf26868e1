"""Coefficients of single variables and of pairs as lines of row, column and value (COO)."""

from __future__ import annotations

import re

import attrs

from thermozoo.errors import DataError, shown
from thermozoo.problems.assembly import UNSTATED
from thermozoo.problems.edge_table import EdgeSource, EdgeTable, Tuples

__all__ = ["read_coordinates"]

#: What a comment may say of the variables, and the kinds that have such.
_STATED = re.compile(r"#.*?vartype[:=]\s*([-\w.]+)", re.IGNORECASE)
_KINDS = {"SPIN": ("ising", "max-cut"), "BINARY": ("qubo",)}


def read_coordinates(source: EdgeSource, kind: str | None) -> tuple[EdgeTable, str]:
    """Return the coefficients of a file, and the kind of its problem.

    Variables are numbered from 0, and are those that occur. A row that is its own column has the coefficient of a
    single variable, which a graph has not.

    Raises
    ------
    DataError
        With the line where anything is wrong, or when neither the caller nor a comment ``# vartype=SPIN`` or
        ``# vartype=BINARY`` tells what the variables are.
    """
    for line, text in source.numbered():
        found = _STATED.match(text)
        if found:
            named = _KINDS.get(found[1].upper())
            if named is None:
                raise source.fault(line, f"expected vartype=SPIN or vartype=BINARY, got '{shown(found[1], 40)}'")
            if kind is not None and kind not in named:
                raise source.fault(line, f"says vartype={found[1]}, but the kind is stated as '{kind}'")
            kind = kind or named[0]
    if kind is None:
        raise DataError(f"{source.file} {UNSTATED}")
    tuples = Tuples(attrs.evolve(source, loops=kind != "max-cut"), first=0)
    for line, text in source.numbered("#"):
        cells = text.split()
        if len(cells) != 3:
            raise source.fault(line, f"expected row, column and value, got '{shown(text, 40)}'")
        tuples.add(line, cells[:2], cells[2])
    return tuples.table(), kind
