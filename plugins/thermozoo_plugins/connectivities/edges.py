"""Tuples of units from a file."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Connectivity, EdgeTable, option, read_edges
from thermozoo.errors import ShapeError
from thermozoo.interfaces import UnitLayout


@attrs.frozen
class Edges(Connectivity):
    r"""The tuples of units that a file lists, with their strengths where it has them.

    .. math:: V_J(x) = \sum_{e \in \text{file}} J_e \, \phi(x_{e_1}, \dots, x_{e_k})

    with phi the energy of the interaction, x_i x_j unless another is chosen. The file is one of these:

    - comma-separated (its name ends in ``.csv``): units of a tuple, numbered from 0, in two or more columns. Lines that
      begin with # are comments. A header may name the columns: units ``i``, ``j``, ... or ``unit ...``, and a last one
      ``strength``, without which there are no strengths.
    - Matrix Market (it begins with ``%%MatrixMarket``): a symmetric matrix J, real or integer, units numbered from 1,
      no diagonal; with the field ``pattern`` there are no strengths.
    - a G-set (any other name): a line with the number of units and of pairs, then two units, numbered from 1, and the
      weight of each pair, which is its strength.

    Strengths are those with which the computer begins; where the file has none, they are zero.

    References
    ----------
    R. F. Boisvert, R. Pozo and K. A. Remington, The Matrix Market exchange formats, NISTIR 5935 (1996). C. Helmberg and
    F. Rendl, A spectral bundle method for semidefinite programming, SIAM J. Optim. 10, 673 (2000), for the G-set.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import thermozoo as tz
    >>> from thermozoo_plugins.connectivities import Edges
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "triangle.csv"
    ...     _ = file.write_text("i, j, strength\n0, 1, -1\n1, 2, 0.5\n2, 0, 1\n")
    ...     computer = tz.assemble({"spins": 3}, tz.get("double-well"), Edges(path=str(file)))
    >>> computer.couplings.matrix()
    array([[ 0. , -1. ,  1. ],
           [-1. ,  0. ,  0.5],
           [ 1. ,  0.5,  0. ]])
    """

    name = "edges"

    path: str = option("edges.csv", doc="the file")

    @functools.cached_property
    def _table(self) -> EdgeTable:
        """What the file holds, read once: the tuples stay the same whatever becomes of the file."""
        return read_edges(Path(self.path))

    def edges(self, layout: UnitLayout) -> npt.NDArray[np.integer[Any]]:
        """Return the tuples in the order of the file."""
        table = self._table
        if table.n is not None and table.n != layout.n:
            raise ShapeError(
                f"{table.file}, line {table.header}: it is for {table.n} units, but the computer has {layout.n}: set "
                "the sizes of groups, or take another file"
            )
        unknown = np.argwhere(table.units >= layout.n)
        if len(unknown):
            row, column = unknown[0]
            raise ShapeError(
                f"{table.file}, line {table.lines[row]}: no unit {table.units[row, column]}: the computer has "
                f"{layout.n} units, numbered 0 to {layout.n - 1}"
            )
        return table.units

    def strengths(self, layout: UnitLayout) -> npt.NDArray[np.floating[Any]] | None:
        """Return those of the file."""
        return self._table.strengths
