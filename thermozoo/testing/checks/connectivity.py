"""Checks of a connectivity: its pairs, and what is built on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.connect import connect
from thermozoo.computer.layout import Layout
from thermozoo.errors import ParameterError, ShapeError
from thermozoo.testing.checks.common import documented  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import layout_sizes

Array = npt.NDArray[np.floating[Any]]

#: Layouts that plugins forget: one unit, unequal groups, an empty group, a single group.
AWKWARD: tuple[dict[str, int], ...] = (
    {"visible": 1},
    {"visible": 2},
    {"visible": 1, "hidden": 1},
    {"visible": 5, "hidden": 2},
    {"visible": 1, "hidden": 6},
    {"visible": 4, "hidden": 0},
    {"visible": 0, "hidden": 3},
    {"visible": 3, "hidden": 1, "output": 2},
)


def _groups(context: Context, layout: Layout) -> set[tuple[int, int]] | None:
    """Return the pairs that `blocks` says, written out with loops, or None."""
    pairs = context.plugin.blocks(layout)
    if pairs is None:
        return None
    return set(_written_out(pairs, layout))


def _written_out(pairs: Sequence[tuple[str, str]], layout: Layout) -> list[tuple[int, int]]:
    found = []
    for first, second in pairs:
        a, b = layout.slice(first), layout.slice(second)
        for i in range(a.start, a.stop):
            for j in range(b.start, b.stop):
                if first != second or i < j:
                    found.append((min(i, j), max(i, j)))
    return found


def _pairs(context: Context, sizes: Mapping[str, int]) -> tuple[Layout, list[tuple[int, int]]] | None:
    """Return the plugin's pairs for a layout, each ordered; None where it refuses the layout with a clear error."""
    layout = Layout(sizes)
    try:
        groups = context.plugin.blocks(layout)
        edges = context.plugin.edges(layout) if groups is None else None
    except (ShapeError, ParameterError) as error:
        vars(context)["_refusal"] = str(error)
        return None
    if groups is not None:
        return layout, _written_out(groups, layout)
    array = np.asarray(edges)
    if array.size == 0:
        return layout, []
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        raise CheckFailed(
            f"edges returned an array of {array.dtype} of shape {array.shape}; expected integers of shape (E, 2)",
            {"sizes": dict(sizes)},
        )
    return layout, [(min(i, j), max(i, j)) for i, j in array.tolist()]


def _valid(context: Context, sizes: Mapping[str, int]) -> int | None:
    try:
        found = _pairs(context, sizes)
    except CheckFailed:
        raise
    except Exception as error:
        raise CheckFailed(
            f"it raised {type(error).__name__}: {error}; return an empty array of shape (0, 2) where there is "
            "nothing to couple, or refuse the layout with thermozoo.errors.ShapeError",
            {"sizes": dict(sizes)},
        ) from error
    if found is None:
        return None
    layout, pairs = found
    for i, j in pairs:
        if i == j:
            raise CheckFailed(f"unit {i} is coupled with itself", {"sizes": dict(sizes)})
        if i < 0 or j >= layout.n:
            raise CheckFailed(f"the pair ({i}, {j}) names no unit of {layout.n}", {"sizes": dict(sizes)})
    if len(set(pairs)) < len(pairs):
        twice = next(p for p in pairs if pairs.count(p) > 1)
        raise CheckFailed(f"the pair {twice} comes more than once", {"sizes": dict(sizes)})
    return len(pairs)


@check(
    "connectivity",
    claim="No unit is coupled with itself, no pair comes twice, every unit exists.",
)
def pairs(context: Context) -> Measured:
    """Ask for the pairs of drawn layouts with three or more units a group."""
    refused = 0

    def claim(sizes: dict[str, int]) -> None:
        nonlocal refused
        refused += _valid(context, sizes) is None

    tried = for_all(layout_sizes(3, 9), claim, seed=context.integer("pairs"), examples=60)
    if refused == tried:
        raise CheckFailed(
            f"it refuses every layout that was tried; of the last it says: {vars(context)['_refusal']}",
            {"layouts": tried},
        )
    return Measured("wrong layouts", 0, 0, 0, detail=f"{tried} layouts, {refused} refused")


@check(
    "connectivity",
    claim="Groups of size one, of unequal sizes and without units are handled, or refused with a clear error.",
    needs=("pairs",),
)
def group_sizes(context: Context) -> Measured:
    """Ask for the pairs of the layouts that plugins forget."""
    counts = [_valid(context, sizes) for sizes in AWKWARD]
    refused = sum(c is None for c in counts)

    def claim(sizes: dict[str, int]) -> None:
        _valid(context, sizes)

    for_all(layout_sizes(0, 3), claim, seed=context.integer("sizes"), examples=40)
    return Measured("wrong layouts", 0, 0, 0, detail=f"{len(AWKWARD)} layouts, {refused} refused")


@check(
    "connectivity",
    claim="The same layout always gives the same pairs in the same order.",
    needs=("pairs",),
)
def repeatable(context: Context) -> Measured:
    """Ask twice."""

    def claim(sizes: dict[str, int]) -> None:
        first, second = _pairs(context, sizes), _pairs(context, sizes)
        if first is not None and second is not None and first[1] != second[1]:
            raise CheckFailed(
                "two calls with one layout give different pairs: draw random ones from a seed that is a setting",
                {"sizes": sizes, "first": first[1][:3], "second": second[1][:3]},
            )

    tried = for_all(layout_sizes(2, 9), claim, seed=context.integer("repeatable"), examples=20)
    return Measured("layouts that differ", 0, 0, 0, detail=f"{tried} layouts")


@check(
    "connectivity",
    claim="Where an author writes both edges and blocks, they say the same.",
    needs=("repeatable",),
)
def edges_and_blocks(context: Context) -> Measured:
    """Compare the two as sets of pairs."""
    compared = 0

    def claim(sizes: dict[str, int]) -> None:
        nonlocal compared
        layout = Layout(sizes)
        try:
            groups, edges = _groups(context, layout), context.plugin.edges(layout)
        except (ShapeError, ParameterError):
            return
        if groups is None or edges is None:
            return
        compared += 1
        listed = {(min(i, j), max(i, j)) for i, j in np.asarray(edges).reshape(-1, 2).tolist()}
        if listed != groups:
            odd = min(listed ^ groups)
            raise CheckFailed(f"only one of edges and blocks has the pair {odd}", {"sizes": sizes})

    for_all(layout_sizes(1, 5), claim, seed=context.integer("both"), examples=20)
    if not compared:
        raise DoesNotApply("it has only one of them")
    return Measured("layouts that differ", 0, 0, 0, detail=f"{compared} layouts")


def _built(context: Context, sizes: Mapping[str, int]) -> tuple[Any, list[tuple[int, int]], Array] | None:
    """Return couplings with random strengths, their pairs and strengths; None where the layout is refused."""
    found = _pairs(context, sizes)
    if found is None:
        return None
    layout, listed = found
    structure = connect(context.plugin, layout)
    strengths = context.rng(f"strengths {sorted(sizes.items())}").standard_normal(structure.size)
    return structure.with_vector(strengths), listed, strengths


@check(
    "connectivity",
    claim="The parameter vector is a round trip: strength k belongs to pair k, and couplings rebuilt from it "
    "are the same.",
    needs=("group-sizes", "repeatable"),
)
def parameter_vector(context: Context) -> Measured:
    """Set distinct strengths and find each where its pair says."""

    def claim(sizes: dict[str, int]) -> None:
        built = _built(context, sizes)
        if built is None:
            return
        couplings, listed, strengths = built
        edges = [tuple(sorted(e)) for e in couplings.edges.tolist()]
        if sorted(edges) != sorted(listed):
            raise CheckFailed("the vector has other pairs than the plugin returned", {"sizes": sizes})
        again = couplings.with_vector(couplings.vector)
        matrix = couplings.matrix()
        placed = all(matrix[i, j] == v == matrix[j, i] for (i, j), v in zip(edges, strengths, strict=True))
        if not (np.array_equal(again.vector, strengths) and np.array_equal(again.matrix(), matrix) and placed):
            raise CheckFailed("strengths are not where their pairs say", {"sizes": sizes})

    tried = for_all(layout_sizes(0, 6), claim, seed=context.integer("vector"), examples=25)
    return Measured("layouts that differ", 0, 0, 0, detail=f"{tried} layouts")


@check(
    "connectivity",
    claim="Product, energy and training contraction equal the dense symmetric matrix, in both precisions.",
    needs=("parameter-vector",),
)
def product(context: Context) -> Measured:
    """Compare with an N x N matrix that is filled pair by pair."""
    found: list[Measured] = []

    def claim(sizes: dict[str, int]) -> None:
        built = _built(context, sizes)
        if built is None:
            return
        couplings, _, strengths = built
        n = couplings.n
        dense = np.zeros((n, n))
        for (i, j), v in zip(couplings.edges.tolist(), strengths, strict=True):
            dense[i, j] += v
            dense[j, i] += v
        rng = context.rng("states")
        x, r = rng.standard_normal((2, 3, n))
        for dtype, allowed in ((np.float64, 1e-13), (np.float32, 1e-4)):
            got = couplings.product(x.astype(dtype))
            error = float(np.abs(got - x @ dense).max()) / (1 + np.abs(dense).sum())
            name = np.dtype(dtype).name
            if got.dtype != dtype:
                raise CheckFailed(f"J x of {name} states is {got.dtype}", {"sizes": sizes})
            found.append(
                Measured(f"relative error of J x in {name}", error, 0.0, allowed).require(
                    f"J x differs from the dense symmetric product by {error:.2g} in {name}", {"sizes": sizes}
                )
            )
        energy = np.array([sum(dense[i, j] * y[i] * y[j] for i in range(n) for j in range(i + 1, n)) for y in x])
        if not np.allclose(couplings.energy(x), energy, rtol=1e-12, atol=1e-12):
            raise CheckFailed("the coupling energy is not the sum over pairs of J_ij x_i x_j", {"sizes": sizes})
        wanted = [(r[:, i] * x[:, j] + r[:, j] * x[:, i]).sum() for i, j in couplings.edges.tolist()]
        if not np.allclose(couplings.contract(r, x), wanted, rtol=1e-12, atol=1e-12):
            raise CheckFailed("the training contraction is not r_i x_j + r_j x_i of every pair", {"sizes": sizes})

    tried = for_all(layout_sizes(0, 6), claim, seed=context.integer("product"), examples=25)
    return attrs.evolve(worst(found), detail=f"{tried} layouts")
