"""From a connectivity to couplings: asking for its pairs and checking them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.blocks import block_size
from thermozoo.computer.couplings import BilinearCouplings, DenseCouplings, EdgeCouplings
from thermozoo.errors import ShapeError
from thermozoo.interfaces import Connectivity, UnitLayout
from thermozoo.symbolic.guard import ask, where_written

__all__ = ["connect", "pairs_of"]

#: Pairs of groups, and where there are none, pairs of units of shape (E, 2).
Pairs = tuple[list[tuple[str, str]] | None, npt.NDArray[np.integer[Any]] | None]


def connect(connectivity: Connectivity, layout: UnitLayout) -> BilinearCouplings:
    """Ask a connectivity for its pairs and return zero couplings of that structure.

    Parameters
    ----------
    connectivity : Connectivity
        The plugin.
    layout : UnitLayout
        Groups of units.

    Raises
    ------
    ShapeError
        When the connectivity refuses the groups, or pairs are out of range, couple a unit with itself, or come twice.
    PluginError
        When a method of the connectivity raises anything else.
    """
    groups, edges = pairs_of(connectivity, layout)
    if groups is not None:
        with _naming(connectivity):
            return _from_groups(groups, layout)
    with _naming(connectivity, "edges"):
        return _from_edges(edges, layout.n)


def pairs_of(connectivity: Connectivity, layout: UnitLayout) -> Pairs:
    """Ask a connectivity for its pairs: those of groups, or those of units.

    Parameters
    ----------
    connectivity : Connectivity
        The plugin.
    layout : UnitLayout
        Groups of units.

    Raises
    ------
    ShapeError
        When the connectivity refuses the groups, or returns no pairs.
    PluginError
        When a method of the connectivity raises anything else.
    """
    with _naming(connectivity):
        groups = ask(connectivity, "blocks", layout)
        edges = ask(connectivity, "edges", layout) if groups is None else None
    if groups is not None:
        with _naming(connectivity, "blocks"):
            return _groups(groups), None
    with _naming(connectivity, "blocks" if type(connectivity).edges is Connectivity.edges else "edges"):
        return None, _edges(edges)


@contextlib.contextmanager
def _naming(connectivity: Connectivity, method: str = "") -> Iterator[None]:
    """Say in a ShapeError which connectivity it is about and, where a method returned nonsense, where that stands."""
    try:
        yield
    except ShapeError as error:
        place = f" ({where_written(getattr(connectivity, method))})" if method else ""
        raise ShapeError(f"connectivity {connectivity.name!r}: {error}{place}") from error


def _groups(pairs: Any) -> list[tuple[str, str]]:
    try:
        named = [(first, second) for first, second in pairs]
    except (TypeError, ValueError):
        named = [(None, None)]
    if not all(isinstance(group, str) for pair in named for group in pair):
        raise ShapeError(f"blocks(layout) must return pairs of names of groups, got {pairs!r}")
    return named


def _edges(edges: Any) -> npt.NDArray[np.integer[Any]]:
    if edges is None:
        raise ShapeError("both edges(layout) and blocks(layout) returned None: one must return pairs")
    try:
        array = np.asarray(edges)
    except ValueError:
        raise ShapeError("edges(layout) must return integers of shape (E, 2), got rows of unequal length") from None
    if array.size == 0:
        array = np.empty((0, 2), dtype=np.int64)
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        raise ShapeError(
            f"edges(layout) must return integers of shape (E, 2), got {array.dtype} of shape {array.shape}"
        )
    return array


def _from_edges(edges: Any, n: int) -> EdgeCouplings:
    array = edges.astype(np.int64)
    if array.size and (array.min() < 0 or array.max() >= n):
        strange = array.min() if array.min() < 0 else array.max()
        raise ShapeError(f"edges(layout) names unit {strange}, but units are numbered 0 to {n - 1}")
    loops = array[array[:, 0] == array[:, 1]]
    if len(loops):
        raise ShapeError(f"edges(layout) couples unit {loops[0, 0]} with itself: J_ii = 0, leave the pair out")
    ordered = np.sort(array, axis=1)
    unique, counts = np.unique(ordered, axis=0, return_counts=True)
    if len(unique) < len(ordered):
        i, j = unique[counts > 1][0]
        raise ShapeError(f"edges(layout) returns the pair ({i}, {j}) more than once: list each pair once")
    return EdgeCouplings(n, ordered, np.zeros(len(ordered)))


def _from_groups(pairs: list[tuple[str, str]], layout: UnitLayout) -> DenseCouplings:
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
