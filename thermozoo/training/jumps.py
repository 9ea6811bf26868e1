"""Where a function of the state jumps."""

from __future__ import annotations

import numpy as np

from thermozoo.training.unit_grid import Array, Function

__all__ = ["jumps"]

#: Cells that are searched, each halved until nothing is left of a continuous function.
_CELLS, _HALVINGS = 8000, 46
#: A jump is more than this part of the largest value: what rounding leaves of a steep slope is less.
_SMALLEST = 1e-6


def jumps(function: Function, low: float, high: float) -> Array:
    """Return the states between `low` and `high` at which a function jumps.

    Every cell of a grid is halved toward its larger difference: in the end that is the jump, or nothing. Of two jumps
    in one cell the larger is found.

    Examples
    --------
    >>> jumps(np.sign, -1.0, 2.0).tolist()
    [0.0]
    >>> jumps(np.abs, -1.0, 2.0).tolist()
    []
    """
    edges = np.linspace(low, high, _CELLS + 1)
    values = np.broadcast_to(np.asarray(function(edges), dtype=np.float64), edges.shape)
    left, right, below, above = edges[:-1], edges[1:], values[:-1], values[1:]
    for _ in range(_HALVINGS):
        middle = (left + right) / 2
        value = np.broadcast_to(np.asarray(function(middle), dtype=np.float64), middle.shape)
        upper = np.abs(above - value) > np.abs(value - below)
        left, below = np.where(upper, middle, left), np.where(upper, value, below)
        right, above = np.where(upper, right, middle), np.where(upper, above, value)
    found = np.abs(above - below) > _SMALLEST * np.abs(values).max()
    places: Array = np.unique(((left + right) / 2)[found])
    size = high - low
    return np.round(places / size, 12) * size + 0.0
