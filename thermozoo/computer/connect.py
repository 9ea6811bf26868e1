"""From a connectivity to couplings: asking for its pairs and checking them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from thermozoo.computer.blocks import block_size
from thermozoo.computer.couplings import Couplings, DenseCouplings, EdgeCouplings
from thermozoo.errors import ShapeError
from thermozoo.interfaces import Connectivity, UnitLayout

__all__ = ["connect"]


def connect(connectivity: Connectivity, layout: UnitLayout) -> Couplings:
    """Ask a connectivity for its pairs and return zero couplings of that structure.

    Raises
    ------
    ShapeError
        When pairs are out of range, couple a unit with itself, or come twice.
    """
    pairs = connectivity.blocks(layout)
    if pairs is not None:
        return _from_groups(pairs, layout)
    edges = connectivity.edges(layout)
    name = type(connectivity).__name__
    if edges is None:
        raise ShapeError(f"{name}: both edges(layout) and blocks(layout) returned None: one must return pairs")
    array = np.asarray(edges)
    if array.size == 0:
        array = np.empty((0, 2), dtype=np.int64)
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        raise ShapeError(f"{name}.edges must return integers of shape (E, 2), got {array.dtype} of shape {array.shape}")
    array = array.astype(np.int64)
    if array.size and (array.min() < 0 or array.max() >= layout.n):
        strange = array.min() if array.min() < 0 else array.max()
        raise ShapeError(f"{name}.edges names unit {strange}, but units are numbered 0 to {layout.n - 1}")
    loops = array[array[:, 0] == array[:, 1]]
    if len(loops):
        raise ShapeError(f"{name}.edges couples unit {loops[0, 0]} with itself: J_ii = 0, leave the pair out")
    ordered = np.sort(array, axis=1)
    unique, counts = np.unique(ordered, axis=0, return_counts=True)
    if len(unique) < len(ordered):
        i, j = unique[counts > 1][0]
        raise ShapeError(f"{name}.edges returns the pair ({i}, {j}) more than once: list each pair once")
    return EdgeCouplings(layout.n, ordered, np.zeros(len(ordered)))


def _from_groups(pairs: Sequence[tuple[str, str]], layout: UnitLayout) -> DenseCouplings:
    slices = []
    seen = set()
    for first, second in pairs:
        key = frozenset((first, second))
        if key in seen:
            raise ShapeError(f"the pair of groups ({first!r}, {second!r}) is coupled more than once: list it once")
        seen.add(key)
        slices.append((layout.slice(first), layout.slice(second)))
    kept = tuple(pair for pair in slices if block_size(pair) > 0)
    return DenseCouplings(layout.n, kept, np.zeros(sum(map(block_size, kept))))
