"""Couplings in the order in which kernels read them; see `thermozoo.dynamics.engines.products` for that order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.blocks import Block
from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import BilinearCouplings
from thermozoo.computer.layout import Layout
from thermozoo.computer.terms.circulating import circulating_force
from thermozoo.dynamics.engines.arguments import PackedCouplings
from thermozoo.dynamics.engines.products import BLOCK, DEPTH, TILE
from thermozoo.dynamics.engines.vectors import LINE

__all__ = ["pack", "pack_blocks", "pack_parts", "room_of", "sliced"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]
Oriented = tuple[slice, slice, Array]


def room_of(units: int, unit_layout: bool) -> int:
    """Return the units that arrays of a layout have room for: whole blocks where units lie side by side."""
    return -(-units // BLOCK) * BLOCK if unit_layout else units


def pack(computer: Computer, dtype: Any, unit_layout: bool) -> PackedCouplings:
    """Return the couplings by products of two states in the order in which the kernel of one layout reads them.

    Rows of clamped units are left out: nothing acts on them. Main couplings by another interaction are none of these.
    The antisymmetric part of asymmetric ones is among their numbers: kernels multiply with any matrix.
    """
    couplings = computer.couplings
    nothing = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=dtype)
    if couplings.size == 0 or not isinstance(couplings, BilinearCouplings):
        return PackedCouplings(np.zeros((0, 5), dtype=np.int64), np.zeros(0, dtype=dtype), *nothing)
    if couplings.blocks is None:
        table, packed = np.zeros((0, 5), dtype=np.int64), np.zeros(0, dtype=dtype)
        sparse = _compressed_rows(computer, dtype)
        return PackedCouplings(table, packed, *(sliced(*sparse) if unit_layout else sparse))
    both, force = _both_ways(couplings.blocks), circulating_force(computer)
    if force is not None and force.parts is not None:
        both = [(rows, columns, s + a) for (rows, columns, s), (_, _, a) in zip(both, force.parts, strict=True)]
    table, packed = pack_parts(_onto_free(both, computer.layout), dtype, unit_layout)
    return PackedCouplings(table, packed, *nothing)


def pack_blocks(blocks: Iterable[Block], layout: Layout, dtype: Any, unit_layout: bool) -> tuple[Indices, Array]:
    """Return the table of the dense parts of J that act on free units, and their numbers."""
    return pack_parts(_onto_free(_both_ways(blocks), layout), dtype, unit_layout)


def pack_parts(matrices: Iterable[tuple[slice, slice, Array]], dtype: Any, unit_layout: bool) -> tuple[Indices, Array]:
    """Return the table and the numbers of matrices that multiply some columns and are added to some rows."""
    entries, parts, place = [], [], 0
    for rows, columns, matrix in matrices:
        part, first, tiles = (_pack_unit if unit_layout else _pack_batch)(matrix.astype(dtype), rows.start)
        entries.append((first, tiles, columns.start, columns.stop - columns.start, place))
        parts.append(part)
        place += part.size
    numbers = np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)
    return np.array(entries, dtype=np.int64).reshape(-1, 5), numbers


def _both_ways(blocks: Iterable[Block]) -> list[Oriented]:
    """Return (rows, columns, matrix) of every dense part, and of how its rows act on its columns."""
    both = []
    for block in blocks:
        both.append((block.rows, block.columns, block.values))
        if not block.diagonal:
            both.append((block.columns, block.rows, block.values.T))
    return both


def _onto_free(both: Iterable[Oriented], layout: Layout) -> list[Oriented]:
    """Return what of dense parts acts on free units, in the order of columns."""
    free = [layout.slice(g) for g in layout.groups if g not in layout.clamped]
    parts = []
    for rows, columns, matrix in both:
        for group in free:
            start, stop = max(rows.start, group.start), min(rows.stop, group.stop)
            if start < stop and columns.stop > columns.start:
                inside = matrix[start - rows.start : stop - rows.start]
                parts.append((slice(start, stop), columns, inside))
    return sorted(parts, key=lambda part: (part[1].start, part[0].start))


def _pack_batch(matrix: Array, row: int) -> tuple[Array, int, int]:
    """Return the numbers of a matrix as [columns by depth][tile][column][row of the tile], first row and tiles."""
    rows, columns = matrix.shape
    tiles = -(-rows // TILE)
    padded = np.zeros((tiles * TILE, columns), dtype=matrix.dtype)
    padded[:rows] = matrix
    parts = [
        padded[:, k : k + DEPTH].reshape(tiles, TILE, -1).transpose(0, 2, 1).ravel() for k in range(0, columns, DEPTH)
    ]
    return np.concatenate(parts), row, tiles


def _pack_unit(matrix: Array, row: int) -> tuple[Array, int, int]:
    """Return the numbers as [tile][column][unit of the tile]; tiles are aligned to blocks of units."""
    rows, columns = matrix.shape
    wide = 4 * LINE // matrix.itemsize
    first = row // wide * wide
    tiles = -(-(row + rows - first) // wide)
    padded = np.zeros((tiles * wide, columns), dtype=matrix.dtype)
    padded[row - first : row - first + rows] = matrix
    return padded.reshape(tiles, wide, columns).transpose(0, 2, 1).ravel(), first, tiles


def _compressed_rows(computer: Computer, dtype: Any) -> tuple[Indices, npt.NDArray[np.int32], Array]:
    """Return compressed rows, as many as there are units in whole blocks."""
    csr: Any = computer.couplings.csr  # type: ignore[attr-defined]
    force = circulating_force(computer)
    if force is not None:
        csr = csr + force.csr
        csr.sort_indices()
    counts = np.diff(csr.indptr) * computer.layout.free
    kept = np.repeat(computer.layout.free, np.diff(csr.indptr))
    starts = np.zeros(-(-computer.n // BLOCK) * BLOCK + 1, dtype=np.int64)
    starts[1 : computer.n + 1] = np.cumsum(counts)
    starts[computer.n + 1 :] = starts[computer.n]
    return starts, csr.indices[kept].astype(np.int32), csr.data[kept].astype(dtype)


def sliced(
    starts: Indices, columns: npt.NDArray[np.int32], values: Array
) -> tuple[Indices, npt.NDArray[np.int32], Array]:
    """Return compressed rows cut into slices of as many rows as a line holds, each [entry][row].

    Shorter rows are filled up with couplings of strength zero of a unit to itself, so that a state that is not finite
    spreads to no unit that it is not coupled to.

    The columns come in two parts: a number for each line of strengths, and then lines of columns. The number is the
    first column where a line names consecutive units, as it does inside of lattices, so that they are read at once and
    their columns not at all; else it is -1 - k, where k counts the lines of columns.
    """
    line = LINE // values.itemsize
    counts = np.diff(starts)
    entries = counts.reshape(-1, line).max(axis=1)
    begin = np.concatenate([[0], np.cumsum(entries * line)]).astype(np.int64)
    unit = np.arange(len(counts))
    own = np.repeat(unit.reshape(-1, line), entries, axis=0).ravel()
    which, strength = own.astype(np.int32), np.zeros(len(own), dtype=values.dtype)
    row = np.repeat(unit, counts)
    place = begin[row // line] + (np.arange(len(row)) - starts[row]) * line + row % line
    which[place], strength[place] = columns, values
    lines = which.reshape(-1, line)
    scattered = np.any(np.diff(lines, axis=1) != 1, axis=1)
    heads = np.where(scattered, -np.cumsum(scattered), lines[:, 0]).astype(np.int32)
    return begin, np.concatenate([heads, lines[scattered].ravel()]), strength
