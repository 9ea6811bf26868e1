"""Where the Boltzmann weight of units lies: the search for a window that confines it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["confining_window"]

#: Windows are doubled so often before an energy counts as not confining.
_DOUBLINGS = 60


def confining_window(
    energy: Callable[[Any], Any],
    units: int,
    depth: float,
    check: Callable[[Any, Any], None] = lambda found, x: None,
) -> tuple[float, npt.NDArray[np.bool_]]:
    """Return half the width of a window outside of which every state is more than `depth` above the lowest.

    A barrier does not hide a deeper well: up to eight times as far out nothing is as low.

    Parameters
    ----------
    energy : callable
        (U(x) - f x) / kT of each unit, of states of shape (units, points).
    units : int
        How many units share the window.
    depth : float
        Energy above the minimum [kT] up to which a state counts.
    check : callable, optional
        Called with the energies and the states within each window that is tried, to refuse what is no energy.

    Returns
    -------
    float, ndarray of bool, shape (units,)
        w of the window [-w, w], a power of two, infinite where there is none; and which units it confines.
    """
    width, beyond = 1.0, np.linspace(1.0, 8.0, 513)[1:]
    inside, outside = np.linspace(-1.0, 1.0, 513), np.concatenate([-beyond, beyond])
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(_DOUBLINGS):
            x = np.broadcast_to(width * inside, (units, inside.size))
            found = energy(x)
            check(found[:, 1:-1], x[:, 1:-1])
            floor = found.min(axis=1)
            ends = np.minimum(found[:, 0], found[:, -1]) - floor
            rising = (found[:, 0] > found[:, 1]) & (found[:, -1] > found[:, -2])
            confined: npt.NDArray[np.bool_] = (ends > depth) & (rising | np.isinf(ends))
            if confined.all():
                further = energy(np.broadcast_to(width * outside, (units, outside.size)))
                if not np.any(further < floor[:, None] + depth):
                    return width, confined
            width *= 2.0
    return np.inf, confined
