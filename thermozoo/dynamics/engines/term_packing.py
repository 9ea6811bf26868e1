"""Coupling terms in the order in which kernels read them; see `thermozoo.dynamics.engines.term_source`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.layout import Layout
from thermozoo.dynamics.engines.arguments import TermArguments
from thermozoo.dynamics.engines.packing import pack_blocks, room_of
from thermozoo.dynamics.engines.products import BLOCK
from thermozoo.dynamics.engines.projection_forces import ProjectionForce
from thermozoo.dynamics.engines.projection_packing import pack_patterns, pack_weights
from thermozoo.dynamics.engines.term_forces import Force, TermForce
from thermozoo.dynamics.engines.vectors import LINE

__all__ = ["TupleRows", "pack_terms", "tuple_rows"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]
Columns = npt.NDArray[np.int32]


@attrs.frozen(eq=False)
class TupleRows:
    """Tuples as each of their units sees them: one entry for a tuple and a unit of it, sorted by units, then others.

    Parameters
    ----------
    starts : ndarray, shape (units + 1,)
        Where the entries of each unit start, of as many units as there are in whole blocks.
    others : ndarray, shape (entries, order - 1)
        The other units of the tuple.
    values : ndarray, shape (entries,)
        Strengths.
    """

    starts: Indices
    others: Indices
    values: Array


def tuple_rows(tuples: Indices, strengths: Array, places: Sequence[int], layout: Layout, alike: bool) -> TupleRows:
    """Return the entries of units at some places of tuples; clamped units, on which nothing acts, have none.

    Parameters
    ----------
    tuples, strengths : ndarray, shapes (E, order) and (E,)
        Coupled units and J.
    places : sequence of int
        Places in the tuple.
    layout : Layout
        Which units are clamped.
    alike : bool
        Whether the other units may be exchanged: they are sorted.
    """
    own = np.concatenate([tuples[:, place] for place in places])
    others = np.concatenate([np.delete(tuples, place, axis=1) for place in places])
    if alike:
        others = np.sort(others, axis=1)
    values = np.tile(strengths, len(places))
    order = np.lexsort([*others.T[::-1], own])
    order = order[layout.free[own[order]]]
    own = own[order]
    starts = np.zeros(-(-layout.n // BLOCK) * BLOCK + 1, dtype=np.int64)
    np.cumsum(np.bincount(own, minlength=len(starts) - 1), out=starts[1:])
    return TupleRows(starts, others[order], values[order])


def _sliced(rows: TupleRows, dtype: Any) -> tuple[Indices, Columns, Array, Columns]:
    """Return starts, heads, values and columns of rows in slices: as many rows as a line holds, side by side.

    An entry of a slice is a line of strengths and, for each other unit of the tuple, a head. Where the others of a line
    are consecutive units, as inside of lattices, the head is the first of them and they are read at once; else it is
    -1 - k, where k counts the lines of columns. Places that no tuple fills have the strength zero, of which a kernel
    makes nothing; they count for consecutive units whatever is read there.
    """
    line = LINE // np.dtype(dtype).itemsize
    unit = np.repeat(np.arange(len(rows.starts) - 1), np.diff(rows.starts))
    part, lane = unit // line, unit % line
    parts = (len(rows.starts) - 1) // line
    most = np.diff(rows.starts).reshape(-1, line).max(axis=1)
    # entries with the same distances side by side, which keeps the order of every row; unless that takes many more
    steps = rows.others - unit[:, None]
    order = np.lexsort([*steps.T[::-1], part])
    new = np.ones(len(order), dtype=bool)
    new[1:] = (part[order[1:]] != part[order[:-1]]) | (steps[order[1:]] != steps[order[:-1]]).any(axis=1)
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(new) - 1
    kinds = np.bincount(part[order[new]], minlength=parts)
    even = kinds <= 2 * most
    rank = group - (np.cumsum(kinds) - kinds)[part]
    slot = np.where(even[part], rank, np.arange(len(unit)) - rows.starts[unit])
    entries = np.where(even, kinds, most)
    starts = np.concatenate([[0], np.cumsum(entries)]).astype(np.int64)
    total = int(starts[-1])
    values = np.zeros((total, line), dtype=dtype)
    columns = np.zeros((rows.others.shape[1], total, line), dtype=np.int64)
    columns[:] = np.repeat(np.arange(parts) * line, entries)[:, None] + np.arange(line)
    filled = np.zeros((total, line), dtype=bool)
    place = starts[part] + slot, lane
    values[place], filled[place] = rows.values, True
    heads = np.empty((total, rows.others.shape[1]), dtype=np.int32)
    lines: list[Columns] = []
    count = 0
    for k, others in enumerate(rows.others.T):
        columns[k][place] = others
        first = columns[k] - np.arange(line)
        low = np.where(filled, first, np.iinfo(np.int64).max).min(axis=1)
        high = np.where(filled, first, -1).max(axis=1)
        scattered = (low != high) | (low < 0)
        heads[:, k] = np.where(scattered, -count - np.cumsum(scattered), low)
        lines.append(columns[k][scattered].astype(np.int32).ravel())
        count += int(scattered.sum())
    return starts, heads.ravel(), values.ravel(), np.concatenate(lines)


def _in_rows(rows: TupleRows, dtype: Any) -> tuple[Indices, Columns, Array, Columns]:
    return rows.starts, rows.others.astype(np.int32).ravel(), rows.values.astype(dtype), np.zeros(0, dtype=np.int32)


def pack_terms(forces: Sequence[Force], layout: Layout, dtype: Any, unit_layout: bool) -> TermArguments:
    """Return terms in the order in which the kernel of one layout reads them."""
    units = room_of(layout.n, unit_layout)
    table: list[Indices] = [np.zeros((0, 5), dtype=np.int64)]
    packed: list[Array] = [np.zeros(0, dtype=dtype)]
    sums: list[Array] = [np.zeros(0, dtype=dtype)]
    parts, places = [0], []
    streams: list[list[npt.NDArray[Any]]] = [[], [], [], []]
    ends = [0, 0, 0, 0]
    constants: list[float] = []

    def put(blocks: Indices, numbers: Array) -> None:
        blocks[:, 4] += sum(part.size for part in packed)
        table.append(blocks)
        packed.append(numbers)
        parts.append(parts[-1] + len(blocks))

    projected = [force for force in forces if isinstance(force, ProjectionForce)]
    begins = []
    for force in forces:
        begin = len(constants)
        constants += force.numbers
        if not isinstance(force, TermForce):
            begins.append(begin)
            continue
        if force.products is not None:
            put(*pack_blocks(force.couplings.blocks or (), layout, dtype, unit_layout))
            if force.products.rows:
                row = np.zeros(units)
                for block in force.couplings.blocks or ():
                    row[block.rows] += block.values.sum(axis=1)
                    if not block.diagonal:
                        row[block.columns] += block.values.sum(axis=0)
                sums.append(row.astype(dtype))
            continue
        edges, strengths = np.asarray(force.couplings.edges, dtype=np.int64), force.couplings.vector
        alike = force.formulas.symmetric
        for plan in force.tuples:
            which = range(edges.shape[1]) if alike else (plan.place,)
            rows = tuple_rows(edges, strengths, which, layout, alike)
            places.append(list(ends))
            arrays: tuple[npt.NDArray[Any], ...] = (_sliced if unit_layout else _in_rows)(rows, dtype)
            for k, array in enumerate(arrays):
                streams[k].append(array)
                ends[k] += array.size
    for one in projected:
        for blocks, numbers in pack_patterns(one, layout, dtype, unit_layout):
            put(blocks, numbers)
    projections, weights = pack_weights(projected, begins, dtype)
    kinds = (np.int64, np.int32, dtype, np.int32)
    starts, heads, values, columns = (
        np.concatenate([np.zeros(0, dtype=kind), *stream]) for kind, stream in zip(kinds, streams, strict=True)
    )
    return TermArguments(
        table=np.concatenate(table),
        parts=np.array(parts, dtype=np.int64),
        packed=np.concatenate(packed),
        sums=np.concatenate(sums),
        places=np.array(places, dtype=np.int64).reshape(-1, 4),
        starts=starts,
        heads=heads,
        values=values,
        columns=columns,
        constants=np.array(constants or [0.0], dtype=dtype),
        projections=projections,
        weights=weights,
    )
