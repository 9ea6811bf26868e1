"""Units in whole cache lines, and dense blocks of couplings in panels: what compiled training works on.

Ranges of units that groups or couplings tell apart each begin a line of their own, filled up with slots that are no
unit and hold zeros. See `thermozoo.dynamics.engines.panels` for panels.
"""

from __future__ import annotations

import itertools
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.blocks import Part
from thermozoo.computer.couplings import DenseCouplings
from thermozoo.computer.layout import Layout
from thermozoo.dynamics.engines.laws import aligned
from thermozoo.dynamics.engines.vectors import LINE

__all__ = ["PlacedBlock", "Slots", "apart"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]


def apart(rows: int, line: int) -> int:
    """Return the rows of a panel that holds so many: an odd number of lines, so that panels do not share cache sets."""
    lines = -(-rows // line)
    return (lines + 1 - lines % 2) * line


@attrs.frozen(eq=False)
class PlacedBlock:
    """A block of couplings in panels.

    Parameters
    ----------
    part : Part
        Which couplings.
    rows, columns : slice
        Their lines.
    height : int
        Rows of a panel, with those that fill it up.
    place : int
        Where its numbers begin.
    """

    part: Part
    rows: slice
    columns: slice
    height: int
    place: int

    @property
    def diagonal(self) -> bool:
        """Whether it couples a range with itself."""
        return self.part.places is not None


@attrs.frozen(eq=False, slots=False)
class Slots:
    """Slots of units, and the order of couplings.

    Parameters
    ----------
    layout : Layout
        Groups of units.
    couplings : DenseCouplings
        The structure; strengths do not matter.
    dtype : dtype
        Of states.
    """

    layout: Layout
    couplings: DenseCouplings
    dtype: Any
    line: int = attrs.field(init=False)
    segments: tuple[slice, ...] = attrs.field(init=False, repr=False)
    lines: tuple[slice, ...] = attrs.field(init=False, repr=False)
    blocks: tuple[PlacedBlock, ...] = attrs.field(init=False, repr=False)

    @line.default
    def _line(self) -> int:
        return int(LINE // np.dtype(self.dtype).itemsize)

    @segments.default
    def _segments(self) -> tuple[slice, ...]:
        ranges = [self.layout.slice(g) for g in self.layout.groups]
        ranges += [one for pair in self.couplings.pairs for one in pair]
        cuts = sorted({0, self.layout.n, *(s.start for s in ranges), *(s.stop for s in ranges)})
        return tuple(slice(a, b) for a, b in itertools.pairwise(cuts))

    @lines.default
    def _lines(self) -> tuple[slice, ...]:
        """Return the lines of every segment."""
        counts = [-(-(s.stop - s.start) // self.line) for s in self.segments]
        ends = np.cumsum([0, *counts]).tolist()
        return tuple(slice(a, b) for a, b in itertools.pairwise(ends))

    @blocks.default
    def _blocks(self) -> tuple[PlacedBlock, ...]:
        placed, place = [], 0
        for part in self.couplings.parts:
            rows, columns = self.lines_of(part.rows), self.lines_of(part.columns)
            if rows.stop == rows.start or columns.stop == columns.start:
                continue
            height = apart((rows.stop - rows.start) * self.line, self.line)
            placed.append(PlacedBlock(part, rows, columns, height, place))
            place += height * (columns.stop - columns.start) * self.line
        return tuple(placed)

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self.lines[-1].stop if self.lines else 0

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return self.count * self.line

    @property
    def size(self) -> int:
        """How many numbers the blocks take."""
        return sum(b.height * (b.columns.stop - b.columns.start) * self.line for b in self.blocks)

    def lines_of(self, units: slice) -> slice:
        """Return the lines of a range of units that begins and ends with segments."""
        held = [
            one
            for s, one in zip(self.segments, self.lines, strict=True)
            if units.start <= s.start and s.stop <= units.stop
        ]
        return slice(held[0].start, held[-1].stop) if held else slice(0, 0)

    @property
    def where(self) -> Indices:
        """The slot of every unit, shape (n,)."""
        found = [
            np.arange(s.stop - s.start) + one.start * self.line
            for s, one in zip(self.segments, self.lines, strict=True)
        ]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    def spread(self, values: npt.ArrayLike, dtype: Any) -> Array:
        """Return numbers of units, one each, in slots."""
        result = aligned(self.slots, dtype)
        result[self.where] = values
        return result

    def table(self, kinds: dict[str, int]) -> Indices:
        """Return first unit, units, potential (none: -1) and segment of every line.

        Parameters
        ----------
        kinds : dict of str to int
            The potential of each group, as far as it counts.
        """
        rows = []
        held = [(self.layout.slice(g).stop, g) for g in self.layout.groups if self.layout.sizes[g]]
        for k, (segment, lines) in enumerate(zip(self.segments, self.lines, strict=True)):
            group = next(g for stop, g in held if segment.start < stop)
            for line in range(lines.stop - lines.start):
                first = segment.start + line * self.line
                rows.append((first, min(self.line, segment.stop - first), kinds.get(group, -1), k))
        return np.array(rows, dtype=np.int64).reshape(-1, 4)

    def _places(self, units: slice, lines: slice) -> list[tuple[slice, slice]]:
        """Return, of a range of a block, pairs of (units, slots), both counted from its beginning."""
        return [
            (
                slice(s.start - units.start, s.stop - units.start),
                slice((one.start - lines.start) * self.line, (one.start - lines.start) * self.line + s.stop - s.start),
            )
            for s, one in zip(self.segments, self.lines, strict=True)
            if units.start <= s.start and s.stop <= units.stop
        ]

    def _view(self, block: PlacedBlock, panels: Array) -> Array:
        """Return the numbers of a block as [row][panel][column of the panel]."""
        columns = block.columns.stop - block.columns.start
        numbers = panels[block.place : block.place + block.height * columns * self.line]
        return numbers.reshape(columns, block.height, self.line).transpose(1, 0, 2)

    def pack(self, vector: Array, dtype: Any = None) -> Array:
        """Return strengths in panels; blocks of a range with itself are whole."""
        panels = aligned(self.size, self.dtype if dtype is None else dtype)
        for block in self.blocks:
            columns = block.columns.stop - block.columns.start
            padded = np.zeros((block.height, columns * self.line), dtype=panels.dtype)
            matrix = block.part.whole(vector)
            for units, rows in self._places(block.part.rows, block.rows):
                for others, across in self._places(block.part.columns, block.columns):
                    padded[rows, across] = matrix[units, others]
            self._view(block, panels)[:] = padded.reshape(block.height, columns, self.line)
        return panels

    def symmetrize(self, panels: Array) -> None:
        """Add to the blocks of a range with itself their transpose, in place, with zeros on the diagonal."""
        for block in self.blocks:
            if not block.diagonal:
                continue
            view = self._view(block, panels)
            size = (block.columns.stop - block.columns.start) * self.line
            square = view.reshape(block.height, size)[:size]
            square = square + square.T
            np.fill_diagonal(square, 0.0)
            view[:size] = square.reshape(size, -1, self.line)

    def unpack(self, panels: Array) -> Array:
        """Return the numbers of couplings in the order of their vector, in double precision.

        Of a range with itself they are those above the diagonal.
        """
        result = np.zeros(self.couplings.size)
        for block in self.blocks:
            padded = self._view(block, panels).reshape(block.height, -1)
            matrix = np.empty(block.part.shape)
            for units, rows in self._places(block.part.rows, block.rows):
                for others, across in self._places(block.part.columns, block.columns):
                    matrix[units, others] = padded[rows, across]
            result[block.part.part] = block.part.couplings(matrix)
        return result
