"""Checks of a connectivity: its tuples of units, and what is built on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.connect import connect, strengths_of
from thermozoo.computer.layout import Layout
from thermozoo.errors import DataError, ParameterError, ShapeError
from thermozoo.testing.checks.common import documented  # noqa: F401 - registers the shared checks first
from thermozoo.testing.context import Context
from thermozoo.testing.layouts import Tuple, for_layouts, pairs_of_blocks, refusal, tuples_in
from thermozoo.testing.measured import Measured, worst
from thermozoo.testing.missing import refuses_missing_files
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


def _valid(context: Context, sizes: Mapping[str, int]) -> int | None:
    try:
        found = tuples_in(context, sizes)
    except (CheckFailed, DataError):
        raise
    except Exception as error:
        raise CheckFailed(
            f"it raised {type(error).__name__}: {error}; return an empty array of shape (0, 2) where there is "
            "nothing to couple, or refuse the layout with thermozoo.errors.ShapeError",
            {"sizes": dict(sizes)},
        ) from error
    if found is None:
        return None
    layout, tuples = found
    for units in tuples:
        what, listed = ("pair" if len(units) == 2 else "tuple"), f"({', '.join(map(str, units))})"
        if len(set(units)) < len(units):
            if len(units) == 2:
                raise CheckFailed(f"unit {units[0]} is coupled with itself", {"sizes": dict(sizes)})
            raise CheckFailed(f"the tuple {listed} has a unit twice", {"sizes": dict(sizes)})
        if units[0] < 0 or units[-1] >= layout.n:
            raise CheckFailed(f"the {what} {listed} names no unit of {layout.n}", {"sizes": dict(sizes)})
    if len(set(tuples)) < len(tuples):
        twice = next(units for units in tuples if tuples.count(units) > 1)
        raise CheckFailed(f"the tuple {twice} comes more than once", {"sizes": dict(sizes)})
    return len(tuples)


@check(
    "connectivity",
    claim="No tuple has a unit twice, none comes twice, every unit exists.",
)
def pairs(context: Context) -> Measured:
    """Ask for the tuples of drawn layouts with three or more units a group."""
    refused = 0

    def claim(sizes: dict[str, int]) -> None:
        nonlocal refused
        refused += _valid(context, sizes) is None

    tried = for_layouts(context, claim, 3, 9, stream="pairs", examples=60)
    if refused == tried:
        raise CheckFailed(
            f"it refuses every layout that was tried; of the last it says: {refusal(context)}",
            {"layouts": tried},
        )
    return Measured("wrong layouts", 0, 0, 0, detail=f"{tried} layouts, {refused} refused")


@check(
    "connectivity",
    claim="Groups of size one, of unequal sizes and without units are handled, or refused with a clear error.",
    needs=("pairs",),
)
def group_sizes(context: Context) -> Measured:
    """Ask for the tuples of the layouts that plugins forget."""
    counts = [_valid(context, sizes) for sizes in AWKWARD]
    refused = sum(c is None for c in counts)

    def claim(sizes: dict[str, int]) -> None:
        _valid(context, sizes)

    for_all(layout_sizes(0, 3), claim, seed=context.integer("sizes"), examples=40)
    return Measured("wrong layouts", 0, 0, 0, detail=f"{len(AWKWARD)} layouts, {refused} refused")


@check(
    "connectivity",
    claim="The same layout always gives the same tuples in the same order.",
    needs=("pairs",),
)
def repeatable(context: Context) -> Measured:
    """Ask twice."""

    def claim(sizes: dict[str, int]) -> None:
        first, second = tuples_in(context, sizes), tuples_in(context, sizes)
        if first is not None and second is not None and first[1] != second[1]:
            raise CheckFailed(
                "two calls with one layout give different pairs: draw random ones from a seed that is a setting",
                {"sizes": sizes, "first": first[1][:3], "second": second[1][:3]},
            )

    tried = for_layouts(context, claim, 2, 9, stream="repeatable", examples=20)
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
            groups, edges = pairs_of_blocks(context, layout), context.plugin.edges(layout)
        except (ShapeError, ParameterError):
            return
        if groups is None or edges is None:
            return
        compared += 1
        listed = {tuple(sorted(units)) for units in np.asarray(edges).tolist()}
        if listed != groups:
            odd = min(listed ^ groups)
            raise CheckFailed(f"only one of edges and blocks has the pair {odd}", {"sizes": sizes})

    for_layouts(context, claim, 1, 5, stream="both", examples=20)
    if not compared:
        raise DoesNotApply("it has only one of them")
    return Measured("layouts that differ", 0, 0, 0, detail=f"{compared} layouts")


@check(
    "connectivity",
    claim="Strengths, where it states any, are one finite number a tuple, and the same every time.",
    needs=("repeatable",),
)
def strengths(context: Context) -> Measured:
    """Ask twice, and count."""
    stated = 0

    def claim(sizes: dict[str, int]) -> None:
        nonlocal stated
        found = tuples_in(context, sizes)
        if found is None:
            return
        layout, listed = found
        values = context.plugin.strengths(layout)
        if values is None:
            return
        stated += 1
        try:
            first = strengths_of(context.plugin, layout, len(listed))
        except ShapeError as error:
            raise CheckFailed(str(error), {"sizes": sizes}) from error
        if not np.array_equal(first, strengths_of(context.plugin, layout, len(listed))):
            raise CheckFailed("two calls with one layout give different strengths", {"sizes": sizes})

    tried = for_layouts(context, claim, 1, 6, stream="strengths", examples=25)
    if not stated:
        raise DoesNotApply("it states none")
    return Measured("layouts that differ", 0, 0, 0, detail=f"{tried} layouts")


def _built(context: Context, sizes: Mapping[str, int]) -> tuple[Any, list[Tuple], Array] | None:
    """Return couplings with random strengths, their pairs and strengths; None where the layout is refused."""
    found = tuples_in(context, sizes)
    if found is None:
        return None
    layout, listed = found
    if any(len(units) != 2 for units in listed):
        raise DoesNotApply(f"its tuples have {len(listed[0])} units, and couplings of pairs are built here")
    structure = connect(context.plugin, layout)
    strengths = context.rng(f"strengths {sorted(sizes.items())}").standard_normal(structure.size)
    return structure.with_vector(strengths), listed, strengths


@check(
    "connectivity",
    claim="The parameter vector is a round trip: strength k belongs to pair k, and couplings rebuilt from it "
    "are the same.",
    needs=("group-sizes", "repeatable", "strengths"),
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

    tried = for_layouts(context, claim, 0, 6, stream="vector", examples=25)
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

    tried = for_layouts(context, claim, 0, 6, stream="product", examples=25)
    return attrs.evolve(worst(found), detail=f"{tried} layouts")


@check("connectivity", claim="A file that is missing gives one clear error that names it.")
def missing_data(context: Context) -> Measured:
    """Point every setting called path, folder or file at an empty folder."""
    layout = Layout({"visible": 3, "hidden": 2})
    return refuses_missing_files(context, lambda plugin: (plugin.blocks(layout), plugin.edges(layout)), "edges")
