"""Colors of units: those of one color are not coupled with each other, so that they may be updated at once.

Units that can be told apart by two colors, as on a lattice of even width, get two. Others are colored greedily by
networkx, few of them by degree of saturation (DSATUR), many in the order of their degrees. Of a group that is coupled
with itself by a dense block, every unit has a color of its own.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import OrderedDict

import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import Couplings, DenseCouplings
from thermozoo.computer.terms.separable import SeparableCouplings
from thermozoo.errors import ParameterError

__all__ = ["coupled_pairs", "units_by_color"]

Indices = npt.NDArray[np.int64]

#: Units up to which the better coloring, whose time grows with the square of their number, is quick.
_FEW = 500

#: The latest colorings, by what fixes them: every window of a program, and every step of a schedule, has the same.
_KEPT: OrderedDict[bytes, tuple[Indices, ...]] = OrderedDict()
_MOST_KEPT = 4


def units_by_color(computer: Computer) -> tuple[Indices, ...]:
    """Return the free units of each color, in ascending order.

    Units are coupled where a tuple names both, whatever its strength: a strength of zero may change.

    Raises
    ------
    ParameterError
        When a term of the energy does not say which units it couples.
    """
    ranges = _ranges(computer)
    if ranges is not None:
        return _colors_of_ranges(computer, ranges)
    pairs = coupled_pairs(computer)
    free = np.flatnonzero(computer.layout.free)
    key = hashlib.sha256(free.tobytes() + pairs.tobytes()).digest()
    if key not in _KEPT:
        _KEPT[key] = _split(free, _colors(len(free), np.searchsorted(free, pairs)))
        while len(_KEPT) > _MOST_KEPT:
            _KEPT.popitem(last=False)
    return _KEPT[key]


def coupled_pairs(computer: Computer) -> Indices:
    """Return the pairs of free units that occur in one tuple of any term, shape (pairs, 2); one may come twice."""
    found = [np.empty((0, 2), dtype=np.int64)]
    for term in (computer.couplings, *computer.terms.values()):
        if not isinstance(term, Couplings):
            raise ParameterError(
                f"a {type(term).__name__} does not say which units it couples: units have colors where all terms are "
                "sums over tuples of units"
            )
        edges = np.asarray(term.edges, dtype=np.int64)
        found += [edges[:, both] for both in itertools.combinations(range(edges.shape[1]), 2)]
    pairs = np.concatenate(found)
    free = computer.layout.free
    return pairs[free[pairs].all(axis=1)]


def _split(units: Indices, colors: Indices) -> tuple[Indices, ...]:
    order = np.argsort(colors, kind="stable")
    edges = np.flatnonzero(np.diff(colors[order])) + 1
    return tuple(np.split(units[order], edges)) if len(units) else ()


def _colors(n: int, pairs: Indices) -> Indices:
    """Return the color of each of n units."""
    two = _two_colors(n, pairs)
    if two is not None:
        return two
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(pairs.tolist())
    strategy = "saturation_largest_first" if n <= _FEW else "largest_first"
    greedy = networkx.greedy_color(graph, strategy)
    return np.array([greedy[unit] for unit in range(n)], dtype=np.int64)


def _two_colors(n: int, pairs: Indices) -> Indices | None:
    """Return two colors, None where they are too few.

    In the double cover, in which every coupling leads from one sheet to the other, a unit is connected with itself on
    the other sheet just where a ring of odd length passes through it; else its color is the sheet on which it is
    connected with the first unit.
    """
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    first, second = np.concatenate([pairs, pairs[:, ::-1]]).T
    ends = np.concatenate([first, first + n]), np.concatenate([second + n, second])
    cover = sparse.coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(2 * n, 2 * n))
    _, component = connected_components(cover, directed=False)
    lower, upper = component[:n], component[n:]
    return None if (lower == upper).any() else (lower > upper).astype(np.int64)


def _ranges(computer: Computer) -> list[tuple[slice, slice]] | None:
    """Return the ranges that dense blocks couple, where there are no other couplings."""
    couplings = computer.couplings
    if isinstance(couplings, SeparableCouplings):
        couplings = couplings.pairs
    return list(couplings.pairs) if isinstance(couplings, DenseCouplings) and not computer.terms else None


def _colors_of_ranges(computer: Computer, pairs: list[tuple[slice, slice]]) -> tuple[Indices, ...]:
    """Return colors where ranges, which are groups, are coupled as a whole: the lowest that no coupled group has."""
    layout = computer.layout
    groups = [g for g in layout.groups if g not in layout.clamped and layout.sizes[g]]
    start = {layout.slice(g).start: g for g in groups}
    coupled = [{start.get(first.start), start.get(second.start)} for first, second in pairs]
    itself = {g for g in groups if {g} in coupled}
    colors: dict[str, list[int]] = {}
    for group in groups:
        near = {other for both in coupled if group in both for other in both} - {group}
        taken = {color for other in near for color in colors.get(str(other), ())}
        lowest = (color for color in itertools.count() if color not in taken)
        colors[group] = list(itertools.islice(lowest, layout.sizes[group] if group in itself else 1))
    units = [np.arange(layout.n)[layout.slice(g)] for g in groups]
    own = [np.resize(colors[g], layout.sizes[g]) for g in groups]
    if not groups:
        return ()
    return _split(np.concatenate(units), np.concatenate(own).astype(np.int64))
