"""States as callers give them."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from thermozoo.arguments import real_array

__all__ = ["floating"]


def floating(x: npt.ArrayLike, n: int) -> npt.NDArray[Any]:
    """Return states of n units, shape (..., n), in their own precision; integers, such as spins, in double precision.

    Forces and couplings take the data type of the states, and would otherwise be cut to integers.
    """
    return real_array("states", x, ("...", n), "the last dimension has one value a unit")
