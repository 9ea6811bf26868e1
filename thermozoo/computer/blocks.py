"""Dense blocks of couplings, and the order in which a vector holds them."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["Block", "Part", "block_size", "parts_of"]

Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]


@attrs.frozen(eq=False)
class Block:
    """One dense block of J.

    Parameters
    ----------
    rows, columns : slice
        Ranges of units; a diagonal block has both equal.
    values : ndarray, shape (rows, columns)
        J_ij [energy]; all of it, so that a diagonal block is symmetric.
    """

    rows: slice
    columns: slice
    values: Array

    @property
    def diagonal(self) -> bool:
        """Whether the block couples a group with itself."""
        return self.rows == self.columns


@attrs.frozen(eq=False)
class Part:
    """The part of a vector of couplings that holds those between two ranges of units.

    Parameters
    ----------
    rows, columns : slice
        The ranges.
    part : slice
        Where the vector holds their couplings.
    places : (ndarray, ndarray) or None
        Row and column, within the block, of each coupling of a range with itself; None where the vector holds the
        whole block, row by row.
    """

    rows: slice
    columns: slice
    part: slice
    places: tuple[Indices, Indices] | None

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the block."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start

    @property
    def edges(self) -> Indices:
        """Coupled pairs in the order of the vector, shape (E, 2)."""
        i, j = np.indices(self.shape).reshape(2, -1) if self.places is None else self.places
        return np.stack([i + self.rows.start, j + self.columns.start], axis=1)

    def once(self, vector: Array) -> Array:
        """Return the block with every coupling once: of a range with itself, the other half is zero."""
        if self.places is None:
            return vector[self.part].reshape(self.shape)
        matrix = np.zeros(self.shape)
        matrix[self.places] = vector[self.part]
        return matrix

    def whole(self, vector: Array) -> Array:
        """Return the block of J; of a range with itself, it is symmetric."""
        matrix = self.once(vector)
        if self.places is not None:
            matrix.T[self.places] = vector[self.part]
        return matrix

    def couplings(self, matrix: Array) -> Array:
        """Return what the vector holds of a block: the reverse of `once` and of `whole`."""
        return matrix.ravel() if self.places is None else matrix[self.places]


def parts_of(pairs: Iterable[tuple[slice, slice]]) -> tuple[Part, ...]:
    """Return the parts of a vector that holds block after block, row by row, of a diagonal block the upper triangle.

    Parameters
    ----------
    pairs : iterable of (slice, slice)
        Coupled ranges of units; a range with itself couples all of its pairs.
    """
    parts, start = [], 0
    for rows, columns in pairs:
        stop = start + block_size((rows, columns))
        places = _upper(rows.stop - rows.start) if rows == columns else None
        parts.append(Part(rows, columns, slice(start, stop), places))
        start = stop
    return tuple(parts)


@functools.lru_cache(maxsize=32)
def _upper(size: int) -> tuple[Indices, Indices]:
    i, j = np.triu_indices(size, k=1)
    return i, j


def block_size(pair: tuple[slice, slice]) -> int:
    """Return the number of couplings between two ranges of units."""
    rows, columns = (int(s.stop - s.start) for s in pair)
    return rows * (rows - 1) // 2 if pair[0] == pair[1] else rows * columns
