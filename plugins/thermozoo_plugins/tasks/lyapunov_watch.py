"""Products of the states of units along the axes of the noise, read in the coordinates of the matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo_plugins.tasks.linear_watch import WatchSquares

__all__ = ["WatchTurned"]


class WatchTurned(WatchSquares):
    """Watches products of U y, with y the states and U the axes of the noise, its columns.

    Parameters
    ----------
    chains, observations : int
        How many.
    directions : ndarray, shape (n, n)
        U.
    """

    def __init__(self, chains: int, observations: int, directions: npt.NDArray[np.float64]) -> None:
        super().__init__(chains, len(directions), observations)
        self._directions = directions

    def _add(self, x: npt.NDArray[Any]) -> None:
        super()._add(x.astype(np.float64) @ self._directions.T)
