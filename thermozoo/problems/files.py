"""Problems from files: which format one has, and what its numbers mean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from thermozoo.arguments import choice
from thermozoo.errors import DataError, ParameterError, shown
from thermozoo.problems.assembly import UNSTATED, assembled
from thermozoo.problems.comma_separated import read_comma_separated
from thermozoo.problems.coordinates import read_coordinates
from thermozoo.problems.edge_files import lines_of
from thermozoo.problems.edge_table import EdgeSource, EdgeTable
from thermozoo.problems.g_set import read_g_set
from thermozoo.problems.matrix_market import BANNER, read_entries, read_matrix_market
from thermozoo.problems.problem import KINDS, MOST_VARIABLES, IsingProblem

__all__ = ["read_problem"]


def read_problem(path: str | os.PathLike[str], kind: str | None = None) -> IsingProblem:
    """Return the problem of a file.

    The file is one of these:

    - Matrix Market (it begins with ``%%MatrixMarket``), variables numbered from 1: of a QUBO, x^T Q x with any Q; else
      each pair once, from a symmetric matrix or from one half of it, without diagonal.
    - comma-separated (its name ends in ``.csv``): two variables, numbered from 0, and under a header a ``strength``.
    - a graph of the G-set or of the Biq Mac Library: a line with the numbers of vertices and of edges, then two
      vertices, numbered from 1, and the weight of each edge. It is a max-cut unless another kind is stated.
    - a QUBO of the Biq Mac Library (its name ends in ``.sparse``): the same lines, where Q is symmetric and each entry
      is there once: the value is x^T Q x, in which what is not on the diagonal counts twice.
    - coordinates (COO): lines of row, column and value, numbered from 0; on the diagonal the coefficients of single
      variables. A comment ``# vartype=SPIN`` or ``# vartype=BINARY`` may state what the variables are.

    Variables are labeled as the file numbers them; where it does not say how many there are, they are those that occur.

    Parameters
    ----------
    path : str or path
        The file.
    kind : str or None
        ``"ising"``, ``"qubo"`` or ``"max-cut"``; None where the format says it.

    Raises
    ------
    DataError
        When the file cannot be read, is not what its format says (with the line), or does not tell what its variables
        are and no kind is stated.
    """
    if kind is not None:
        choice("kind", kind, KINDS)
    path = Path(path)
    source = EdgeSource(shown(path, 200), lines_of(path), "variable")
    suffix = path.suffix.lower()
    if source.lines[0].lower().startswith(BANNER):
        return _of_table(*_matrix(source, kind))
    if suffix == ".mtx":
        raise source.fault(1, "expected a Matrix Market file, which begins with %%MatrixMarket")
    if suffix == ".csv":
        return _of_table(*_listed(source, kind))
    first = next(source.numbered("#"), (0, ""))[1].split()
    if suffix != ".sparse" and len(first) == 3:
        return _of_table(*read_coordinates(source, kind))
    return _of_table(*_with_header(source, kind or ("qubo" if suffix == ".sparse" else "max-cut")))


def _stated(source: EdgeSource, kind: str | None) -> str:
    if kind is None:
        raise DataError(f"{source.file} {UNSTATED}")
    return kind


def _matrix(source: EdgeSource, kind: str | None) -> tuple[EdgeTable, str]:
    kind = _stated(source, kind)
    if kind != "qubo":
        return read_matrix_market(source, triangular=True), kind
    tuples, symmetric = read_entries(attrs.evolve(source, loops=True))
    table = tuples.table(ordered=not symmetric)
    return (_twice(table) if symmetric else table), kind


def _listed(source: EdgeSource, kind: str | None) -> tuple[EdgeTable, str]:
    kind = _stated(source, kind)
    table = read_comma_separated(attrs.evolve(source, loops=kind == "qubo"))
    if table.units.shape[1] != 2:
        raise source.fault(
            int(table.lines[0]),
            f"expected pairs of variables, got {table.units.shape[1]} columns of them: where the last one has "
            "strengths, begin with the header i, j, strength",
        )
    return table, kind


def _with_header(source: EdgeSource, kind: str) -> tuple[EdgeTable, str]:
    if kind != "qubo":
        return read_g_set(source), kind
    return _twice(read_g_set(attrs.evolve(source, loops=True), comment="#")), kind


def _twice(table: EdgeTable) -> EdgeTable:
    """Return a symmetric matrix of which each entry is there once, with coefficients of pairs."""
    if table.strengths is None:
        return table
    apart = table.units[:, 0] != table.units[:, 1]
    return attrs.evolve(table, strengths=np.where(apart, 2.0, 1.0) * table.strengths)


def _of_table(table: EdgeTable, kind: str) -> IsingProblem:
    """Return the problem of a file's pairs."""
    values: Any = table.strengths
    if values is None:
        if kind != "max-cut":
            raise DataError(f"{table.file} has no strengths, and is a problem of kind '{kind}': expected them")
        values = np.ones(len(table.units))
    if table.n is None:
        numbers, pairs = np.unique(table.units, return_inverse=True)
        return _built(table, pairs, values, len(numbers), kind, tuple(numbers.tolist()))
    if table.n > MOST_VARIABLES:
        raise DataError(
            f"{table.file}, line {table.header}: says {table.n} variables; expected at most {MOST_VARIABLES:,}"
        )
    return _built(table, table.units, values, table.n, kind, range(1, table.n + 1))


def _built(table: EdgeTable, pairs: Any, values: Any, n: int, kind: str, labels: Any) -> IsingProblem:
    try:
        return assembled(table.file, pairs, values, n, kind, labels=labels)
    except ParameterError as error:  # of numbers whose sum is not finite
        raise DataError(f"{table.file}: {error}") from error
