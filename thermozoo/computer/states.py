"""States as callers give them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["floating"]


def floating(x: npt.ArrayLike) -> npt.NDArray[np.floating[Any]]:
    """Return states in their own precision; integers, such as spins, in double precision.

    Forces and couplings take the data type of the states, and would otherwise be cut to integers.
    """
    states: npt.NDArray[Any] = np.asarray(x)
    return states if states.dtype.kind == "f" else states.astype(np.float64)
