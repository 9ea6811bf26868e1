"""From a connectivity to couplings: asking for its tuples of units and checking them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.blocks import block_size, parts_of
from thermozoo.computer.couplings import BilinearCouplings, DenseCouplings, EdgeCouplings
from thermozoo.errors import ShapeError, kind_of_values
from thermozoo.interfaces import Connectivity, UnitLayout
from thermozoo.symbolic.guard import ask, where_written

__all__ = ["Uncoupled", "connect", "pairs_of", "strengths_of", "tuples_of"]

#: Pairs of groups, and where there are none, tuples of units of shape (E, k).
Pairs = tuple[list[tuple[str, str]] | None, npt.NDArray[np.integer[Any]] | None]

Indices = npt.NDArray[np.int64]

#: The interaction of a computer that names none, which couples pairs.
_DEFAULT, _PAIR = "bilinear", 2


class Uncoupled(Connectivity):
    """Nothing is coupled: for a computer whose couplings come later."""

    name = "uncoupled"

    def edges(self, layout: UnitLayout) -> npt.NDArray[np.integer[Any]]:
        """Return no pair."""
        return np.empty((0, _PAIR), dtype=np.int64)


def connect(connectivity: Connectivity, layout: UnitLayout, interaction: str = _DEFAULT) -> BilinearCouplings:
    """Ask a connectivity for its pairs and return couplings of that structure, with the strengths that it states.

    Parameters
    ----------
    connectivity : Connectivity
        The plugin.
    layout : UnitLayout
        Groups of units.
    interaction : str
        Name of the interaction, for messages.

    Raises
    ------
    ShapeError
        When the connectivity refuses the groups, when it couples tuples of more than two units, when pairs are out of
        range, couple a unit with itself, or come twice, and when strengths are not one finite number a pair.
    PluginError
        When a method of the connectivity raises anything else.
    """
    groups, edges = pairs_of(connectivity, layout)
    couplings: BilinearCouplings
    if groups is not None:
        with _naming(connectivity):
            pairs = _slices(groups, layout)
        couplings = DenseCouplings(layout.n, pairs, np.zeros(sum(map(block_size, pairs))))
    else:
        ordered = np.sort(_checked(connectivity, layout, edges, _PAIR, interaction), axis=1)
        couplings = EdgeCouplings(layout.n, ordered, np.zeros(len(ordered)))
    strengths = _stated(connectivity, layout, couplings.size)
    return couplings if strengths is None else couplings.with_vector(strengths)


def tuples_of(connectivity: Connectivity, layout: UnitLayout, order: int, interaction: str = _DEFAULT) -> Indices:
    """Ask a connectivity for its tuples of units, for an interaction that couples so many.

    Parameters
    ----------
    connectivity : Connectivity
        The plugin.
    layout : UnitLayout
        Groups of units.
    order : int
        Units that the interaction couples, at least 2.
    interaction : str
        Its name, for messages.

    Returns
    -------
    ndarray of int, shape (E, order)
        Each tuple once, its units in the order in which the connectivity names them: an interaction may tell them
        apart. Where it names groups: block after block, row by row, of a group with itself the upper triangle.

    Raises
    ------
    ShapeError
        When the connectivity refuses the groups, when its tuples have another order, are out of range, have a unit
        twice, or come twice.
    PluginError
        When a method of the connectivity raises anything else.
    """
    groups, edges = pairs_of(connectivity, layout)
    if groups is None:
        return _checked(connectivity, layout, edges, order, interaction)
    if order != _PAIR:
        raise _other_order(connectivity, _PAIR, order, interaction)
    with _naming(connectivity):
        pairs = _slices(groups, layout)
    parts = [part.edges for part in parts_of(pairs)]
    return np.concatenate(parts) if parts else np.empty((0, _PAIR), dtype=np.int64)


def strengths_of(connectivity: Connectivity, layout: UnitLayout, count: int) -> npt.NDArray[np.float64]:
    """Return the strengths with which the tuples of a connectivity begin: those that it states, else zeros.

    Parameters
    ----------
    connectivity : Connectivity
        The plugin.
    layout : UnitLayout
        Groups of units.
    count : int
        How many tuples it couples.

    Returns
    -------
    ndarray, shape (count,)
        In the order of `tuples_of` [energy].

    Raises
    ------
    ShapeError
        When they are not one finite number a tuple.
    PluginError
        When the method of the connectivity raises anything else.
    """
    stated = _stated(connectivity, layout, count)
    return np.zeros(count) if stated is None else stated


def pairs_of(connectivity: Connectivity, layout: UnitLayout) -> Pairs:
    """Ask a connectivity for what it couples: pairs of groups, or tuples of units.

    Parameters
    ----------
    connectivity : Connectivity
        The plugin.
    layout : UnitLayout
        Groups of units.

    Raises
    ------
    ShapeError
        When the connectivity refuses the groups, or returns neither.
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
    wanted = "edges(layout) must return integers of shape (E, k), a row for each tuple of k units, k >= 2"
    try:
        array = np.asarray(edges)
    except ValueError:
        raise ShapeError(f"{wanted}, got rows of unequal length") from None
    if array.size == 0:
        return np.empty((0, max(_PAIR, array.shape[1] if array.ndim == 2 else 0)), dtype=np.int64)
    if array.ndim != 2 or array.shape[1] < _PAIR or array.dtype.kind not in "iu":
        raise ShapeError(f"{wanted}, got {array.dtype} of shape {array.shape}")
    return array


def _checked(connectivity: Connectivity, layout: UnitLayout, edges: Any, order: int, interaction: str) -> Indices:
    """Return tuples of an order, each once, of different units that exist."""
    found = edges.shape[1]
    if not len(edges):
        return np.empty((0, order), dtype=np.int64)  # no tuple at all has any order
    if found != order:
        raise _other_order(connectivity, found, order, interaction)
    with _naming(connectivity, "edges"):
        return _different(edges, layout.n)


def _other_order(connectivity: Connectivity, found: int, order: int, interaction: str) -> ShapeError:
    return ShapeError(
        f"connectivity {connectivity.name!r} has tuples of {found} units, the interaction {interaction!r} couples "
        f"{order}: take a connectivity with tuples of {order}, or an interaction of {found}"
    )


def _different(edges: npt.NDArray[np.integer[Any]], n: int) -> Indices:
    lowest, highest = edges.min(), edges.max()
    if lowest < 0 or highest >= n:
        strange = lowest if lowest < 0 else highest
        raise ShapeError(f"edges(layout) names unit {strange}, but units are numbered 0 to {n - 1}")
    array = edges.astype(np.int64)
    ordered = np.sort(array, axis=1)
    loops = ordered[(ordered[:, 1:] == ordered[:, :-1]).any(axis=1)]
    if len(loops):
        if len(loops[0]) == _PAIR:
            raise ShapeError(f"edges(layout) couples unit {loops[0, 0]} with itself: J_ii = 0, leave the pair out")
        raise ShapeError(f"edges(layout) has a unit twice in the tuple {_written(loops[0])}: leave the tuple out")
    ordered = ordered[np.lexsort(ordered.T[::-1])]
    twice = ordered[1:][(ordered[1:] == ordered[:-1]).all(axis=1)]
    if len(twice):
        what = "pair" if ordered.shape[1] == _PAIR else "tuple"
        raise ShapeError(f"edges(layout) returns the {what} {_written(twice[0])} more than once: list each {what} once")
    return array


def _written(units: Indices) -> str:
    return f"({', '.join(map(str, units.tolist()))})"


def _slices(pairs: list[tuple[str, str]], layout: UnitLayout) -> tuple[tuple[slice, slice], ...]:
    slices = []
    seen = set()
    for first, second in pairs:
        key = frozenset((first, second))
        if key in seen:
            raise ShapeError(f"the pair of groups ({first!r}, {second!r}) is coupled more than once: list it once")
        seen.add(key)
        slices.append((layout.slice(first), layout.slice(second)))
    return tuple(pair for pair in slices if block_size(pair) > 0)


def _stated(connectivity: Connectivity, layout: UnitLayout, count: int) -> npt.NDArray[np.float64] | None:
    with _naming(connectivity):
        strengths = ask(connectivity, "strengths", layout)
    if strengths is None:
        return None
    with _naming(connectivity, "strengths"):
        wanted = f"strengths(layout) must return {count} finite numbers, one a tuple, or None"
        try:
            array = np.asarray(strengths)
        except ValueError:
            raise ShapeError(f"{wanted}, got rows of unequal length") from None
        if array.shape != (count,) or array.dtype.kind not in "iuf":
            raise ShapeError(f"{wanted}, got {kind_of_values(array.dtype)} of shape {array.shape}")
        values = array.astype(np.float64)
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            raise ShapeError(f"{wanted}, got {values[wrong[0]]:g} for tuple {wrong[0]}")
        return values
