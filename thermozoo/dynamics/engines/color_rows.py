"""The energy of discrete units as rows: for each unit, the products of other units that its gradient is a sum of.

A row is read entry by entry, in the order of the other units, pairs before longer tuples. Where units of a color lie
side by side, they stand in places of their own: color after color, each filled up to whole lines, then clamped units.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.discrete import monomials
from thermozoo.dynamics.engines.packing import sliced

__all__ = ["Places", "Rows", "fields", "in_places", "places_of", "rows_of"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]
Columns = npt.NDArray[np.int32]


@attrs.frozen(eq=False)
class Rows:
    """Entries of one order, by unit.

    Parameters
    ----------
    starts : ndarray of int, shape (units + 1,)
        Where the entries of each unit begin.
    others : tuple of ndarray of int, each of shape (entries,)
        The other units of each entry.
    values : ndarray, shape (entries,)
        Strengths [energy].
    """

    starts: Indices
    others: tuple[Columns, ...]
    values: Array


def fields(computer: Computer) -> Array:
    """Return the part of dV/dx of each unit that depends on no other unit, shape (n,) [energy]."""
    # the on-site energy of a discrete unit is linear; that of a clamped one does not matter
    total: Array = computer.biases + computer.onsite.gradient(np.ones(computer.n))
    for units, strengths in monomials(computer):
        if units.shape[1] == 1:
            np.add.at(total, units[:, 0], strengths)
    return total


def rows_of(computer: Computer) -> dict[int, Rows]:
    """Return the rows of free units by order, 2 and above; those of clamped units are empty.

    Parts of the energy of one order are added up in the order of the terms.
    """
    found: dict[int, Rows] = {}
    parts = monomials(computer)
    for order in sorted({units.shape[1] for units, _ in parts} - {1}):
        tuples = np.concatenate([units for units, _ in parts if units.shape[1] == order])
        strengths = np.concatenate([values for units, values in parts if units.shape[1] == order])
        places = range(order)
        own = np.concatenate([tuples[:, k] for k in places])
        others = np.concatenate([np.sort(np.delete(tuples, k, axis=1), axis=1) for k in places])
        values = np.tile(strengths, order)
        free = computer.layout.free[own]
        own, others, values = own[free], others[free], values[free]
        ranked = np.lexsort((*others.T[::-1], own))
        starts = np.concatenate([[0], np.cumsum(np.bincount(own, minlength=computer.n))]).astype(np.int64)
        columns = tuple(np.ascontiguousarray(one, dtype=np.int32) for one in others[ranked].T)
        found[order] = Rows(starts, columns, values[ranked])
    return found


@attrs.frozen(eq=False)
class Places:
    """Where units stand when those of a color lie side by side.

    Parameters
    ----------
    unit : ndarray of int, shape (places,)
        The unit of each place; a place without one has that of a free unit, whose state nobody reads there.
    place : ndarray of int, shape (n,)
        The place of each unit.
    lines : ndarray of int, shape (colors + 1,)
        The line where each color begins.
    filled : ndarray of bool, shape (places,)
        Which places have a unit.
    """

    unit: Columns
    place: Indices
    lines: Indices
    filled: npt.NDArray[np.bool_]


def places_of(computer: Computer, colors: tuple[Indices, ...], line: int) -> Places:
    """Return places of the units of each color, for lines of so many numbers."""
    clamped = np.flatnonzero(~computer.layout.free)
    unit: list[npt.NDArray[Any]] = []
    filled: list[npt.NDArray[np.bool_]] = []
    for units in (*colors, clamped):
        empty = -len(units) % line
        unit.append(np.concatenate([units, np.full(empty, units[-1] if len(units) else 0)]))
        filled.append(np.arange(len(units) + empty) < len(units))
    lines = np.concatenate([[0], np.cumsum([len(units) // line for units in unit[:-1]])]).astype(np.int64)
    which, there = np.concatenate(unit).astype(np.int32), np.concatenate(filled)
    place = np.zeros(computer.n, dtype=np.int64)
    place[which[there]] = np.flatnonzero(there)
    return Places(which, place, lines, there)


def in_places(rows: Rows, places: Places, dtype: Any) -> Rows:
    """Return rows as the lines of units that lie side by side read them.

    A line has as many entries as its longest row, each a line of numbers; the others are filled up with strengths of
    zero. The other units are as `thermozoo.dynamics.engines.packing.sliced` has them.
    """
    counts = np.diff(rows.starts)[places.unit] * places.filled
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    row = np.repeat(np.arange(len(counts)), counts)
    entry = rows.starts[places.unit[row]] + np.arange(len(row)) - starts[row]
    columns = [places.place[one[entry]].astype(np.int32) for one in rows.others]
    values = rows.values[entry].astype(dtype)
    cut = [sliced(starts, one, values) for one in columns]
    return Rows(cut[0][0], tuple(one[1] for one in cut), cut[0][2])
