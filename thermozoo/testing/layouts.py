"""What a connectivity couples in the layouts that are tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from thermozoo.computer.layout import Layout
from thermozoo.errors import ParameterError, ShapeError
from thermozoo.testing.context import Context
from thermozoo.testing.outcomes import CheckFailed
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import layout_sizes

__all__ = ["Tuple", "for_layouts", "pairs_of_blocks", "refusal", "tuples_in"]

#: Units of one tuple, in ascending order.
Tuple = tuple[int, ...]

#: A plugin that takes no fewer units than this, or one number of units only, is made for that number, which is looked
#: for up to here.
_FEW, _MOST_UNITS = 6, 128


def pairs_of_blocks(context: Context, layout: Layout) -> set[Tuple] | None:
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


def refusal(context: Context) -> str:
    """Return what the plugin said of the last layout that it refused."""
    said: str = vars(context)["_refusal"]
    return said


def tuples_in(context: Context, sizes: Mapping[str, int]) -> tuple[Layout, list[Tuple]] | None:
    """Return the plugin's tuples for a layout, units in order; None where it refuses the layout with a clear error."""
    layout = Layout(sizes)
    try:
        groups = context.plugin.blocks(layout)
        edges = context.plugin.edges(layout) if groups is None else None
    except (ShapeError, ParameterError) as error:
        vars(context)["_refusal"] = str(error)
        return None
    if groups is not None:
        return layout, list(_written_out(groups, layout))
    array = np.asarray(edges)
    if array.size == 0:
        return layout, []
    if array.ndim != 2 or array.shape[1] < 2 or array.dtype.kind not in "iu":
        raise CheckFailed(
            f"edges returned an array of {array.dtype} of shape {array.shape}; expected integers of shape (E, k), a "
            "row for each tuple of k units, k >= 2",
            {"sizes": dict(sizes)},
        )
    return layout, [tuple(sorted(row)) for row in array.tolist()]


def for_layouts(
    context: Context, claim: Callable[[dict[str, int]], Any], smallest: int, largest: int, *, stream: str, examples: int
) -> int:
    """Try a claim on drawn layouts; where the plugin is made for a number of units, on those of that number.

    Returns
    -------
    int
        Layouts tried.
    """
    own = _own_sizes(context)
    if not own:
        strategy = layout_sizes(smallest, largest)
        return for_all(strategy, claim, seed=context.integer(stream), examples=examples)
    for sizes in own:
        claim(sizes)
    return len(own)


def _own_sizes(context: Context) -> list[dict[str, int]]:
    """Return layouts of the numbers of units that the plugin is made for, as a lattice of a given shape; else none.

    Nothing tells those numbers, so they are tried one by one.
    """
    if "_own" not in vars(context):
        taken = [n for n in range(1, _MOST_UNITS + 1) if not _refused(context, {"visible": n})]
        if len(taken) != 1 and taken[:1] <= [_FEW]:
            taken = []
        own = [
            {"visible": n} if k == 0 else {"visible": n - k, "hidden": k}
            for n in taken[:2]
            for k in sorted({0, 1, n // 2, n - 1})
        ]
        vars(context)["_own"] = [sizes for sizes in own if not _refused(context, sizes)]
    found: list[dict[str, int]] = vars(context)["_own"]
    return found


def _refused(context: Context, sizes: Mapping[str, int]) -> bool:
    try:
        return tuples_in(context, sizes) is None
    except Exception:
        return False  # whatever it is, the check says it
