"""The grid of a signed number of few bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.errors import ParameterError
from thermozoo_plugins.settings import is_whole

__all__ = ["bits_of_a_strength", "on_grid"]

#: Bits beyond which double precision has no more digits for the nearest value of the grid.
_MOST = 48


def bits_of_a_strength(value: Any) -> int:
    """Return a number of bits: a sign and at least one more.

    Raises
    ------
    ParameterError
        When it is none.
    """
    if not is_whole(value, 2) or value > _MOST:
        raise ParameterError(f"bits must be a whole number from 2 to {_MOST}, a sign among them, got {value!r}")
    return int(value)


def on_grid(values: npt.NDArray[np.floating[Any]], largest: float, bits: int) -> npt.NDArray[np.floating[Any]]:
    """Return the nearest values k largest / (2^(bits - 1) - 1), k whole, and of those beyond the grid its ends.

    Examples
    --------
    >>> on_grid(np.array([-0.9, 0.2, 0.3, 5.0]), 1.0, bits=3)
    array([-1.        ,  0.33333333,  0.33333333,  1.        ])
    """
    last = 2 ** (bits - 1) - 1
    steps = np.clip(np.rint(values * (last / largest)), -last, last)
    return np.asarray(steps * (largest / last))
