r"""The force that takes a unit to a place in a straight line, on the average over the time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.errors import ParameterError

__all__ = ["MeanForce"]

Array = npt.NDArray[np.float64]

#: Places between which the inverse is interpolated, and how far these reach at first.
_PLACES, _REACH = 20_001, 4.0


class MeanForce:
    r"""The mean of what a unit needs beside its own force to go from 0 to a in a straight line.

    .. math:: F(a) = \frac{a}{\mu t_f} + \frac{U(a) - U(0)}{a}

    the velocity over the mobility, and the mean of dU/dx on the way. Constant forces from units that push it, as far as
    they are constant, can give it this mean; so where F is linear in what is computed, so are they.

    Parameters
    ----------
    energy : callable
        U of states [energy].
    mobility, duration : float
        mu and the time of the way.

    Examples
    --------
    >>> force = MeanForce(lambda x: x**2, mobility=1.0, duration=0.5)
    >>> force(np.array([2.0])), force.inverse(np.array([6.0])).round(9)
    (array([6.]), array([2.]))
    """

    def __init__(self, energy: Any, *, mobility: float, duration: float) -> None:
        self._energy, self._time = energy, mobility * duration
        self._at_rest = float(energy(np.zeros(1))[0])

    def __call__(self, places: Array) -> Array:
        """Return F of places other than 0."""
        x = np.asarray(places, dtype=np.float64)
        found: Array = x / self._time + (self._energy(x) - self._at_rest) / x
        return found

    def inverse(self, forces: Array) -> Array:
        """Return the places to which forces belong.

        Raises
        ------
        ParameterError
            When F does not rise: two places need the same force.
        """
        wanted, reach = float(np.abs(forces).max(initial=0.0)), _REACH
        while True:
            half = np.linspace(0, reach, _PLACES)[1:]
            grid = np.concatenate([-half[::-1], half])
            known = self(grid)
            if not np.all(np.diff(known) > 0):
                raise ParameterError(
                    "a unit of this potential needs the same mean force for two places within the time of a run: take "
                    "a shorter dynamics.duration, or a potential with less of a barrier"
                )
            if -known[0] >= wanted and known[-1] >= wanted:
                return np.asarray(np.interp(forces, known, grid), dtype=np.float64)
            reach *= 2
