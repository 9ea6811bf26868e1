"""Where the numbers of a batch lie in the layout of a kernel, and how rows get there and come back."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.laws import Law, aligned
from thermozoo.dynamics.engines.products import BLOCK, TILE
from thermozoo.dynamics.engines.vectors import LINE

__all__ = ["StateLayout"]

Array = npt.NDArray[np.floating[Any]]


@attrs.frozen
class StateLayout:
    """Chunk after chunk of trajectories, with trajectories or units side by side in lines.

    Parameters
    ----------
    rows, units : int
        Trajectories, and units of each.
    dtype : data type
        Of the numbers.
    unit_layout : bool
        Whether units lie side by side, one trajectory a chunk; else trajectories.
    blocks : int
        Blocks of units in a chunk.
    room : int
        Units for which a chunk has room.
    """

    rows: int
    units: int
    dtype: np.dtype[Any] = attrs.field(converter=np.dtype)
    unit_layout: bool
    blocks: int
    room: int

    @classmethod
    def of(cls, law: Law, rows: int, units: int, dtype: Any, unit_layout: bool) -> StateLayout:
        """Return the layout that the kernel of a law reads."""
        blocks = len(law.arguments.range_starts) - 1
        # tiles of a product may end beyond the last unit, and a line that is read ahead beyond the last of a block
        tiles = law.couplings.packed.size > 0 or law.terms.packed.size > 0
        extra = BLOCK if unit_layout else TILE * tiles
        return cls(rows, units, dtype, unit_layout, blocks, len(law.arguments.bias) + extra)

    @property
    def width(self) -> int:
        """Trajectories of a chunk."""
        return 1 if self.unit_layout else LINE // self.dtype.itemsize

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.rows // self.width)

    @property
    def size(self) -> int:
        """Numbers of a chunk."""
        return self.room * self.width

    def pack(self, rows: Array) -> Array:
        """Return rows, shape (trajectories, units), in this layout, zero where there is no trajectory or no unit."""
        packed = aligned(self.chunks * self.size, self.dtype)
        view, whole = self._view(packed), self.rows // self.width
        lines = rows[: whole * self.width].reshape(whole, self.width, self.units)
        view[:whole, : self.units] = lines.transpose(0, 2, 1)
        if whole < self.chunks:
            rest = rows[whole * self.width :]
            view[whole, : self.units, : len(rest)] = rest.T
        return packed

    def unpack(self, packed: Array) -> Array:
        """Return what lies in this layout as rows."""
        rows = np.empty((self.rows, self.units), self.dtype)
        view, whole = self._view(packed), self.rows // self.width
        lines = rows[: whole * self.width].reshape(whole, self.width, self.units)
        lines[:] = view[:whole, : self.units].transpose(0, 2, 1)
        if whole < self.chunks:
            rest = rows[whole * self.width :]
            rest[:] = view[whole, : self.units, : len(rest)].T
        return rows

    def finite(self, packed: Array) -> bool:
        """Return whether all numbers of trajectories and units are finite; what fills up lines counts for nothing."""
        view, whole = self._view(packed)[:, : self.units], self.rows // self.width
        rest = self.rows - whole * self.width
        return bool(np.isfinite(view[:whole]).all() and np.isfinite(view[whole:, :, :rest]).all())

    def _view(self, packed: Array) -> Array:
        return packed.reshape(self.chunks, -1, self.width)
