"""Random numbers for encodings, from the counters that noise is made of: no version of NumPy changes a bit of them."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, count, instance
from thermozoo.dynamics.noise import NUMBERS, NoiseKey, normals, uniforms

__all__ = ["CounterRandom"]

Array = npt.NDArray[np.float64]


@attrs.define
class CounterRandom:
    """Random numbers of one group of units: each call returns new ones.

    The call takes the place of the draw in the counter of `thermozoo.dynamics.noise`, the group that of the step, the
    row that of the trajectory and the column that of the unit.

    Parameters
    ----------
    key : NoiseKey
        Seed and stream.
    group : int
        Number of the group in the computer's layout: other groups have other numbers.

    Examples
    --------
    >>> from thermozoo.dynamics.noise import NoiseKey
    >>> random = CounterRandom(NoiseKey(42).named("projection"), group=1)
    >>> random.signs(1, 6)
    array([[-1., -1., -1., -1., -1.,  1.]])
    """

    key: NoiseKey = checked(instance, NoiseKey, "give NoiseKey(seed)")
    group: int = checked(count, at_most=NUMBERS - 1)
    _calls: int = attrs.field(default=0, init=False)

    def _next(self, rows: int) -> tuple[npt.NDArray[np.int64], int]:
        self._calls += 1
        return np.arange(count("rows", rows)), self._calls - 1

    def normal(self, rows: int, columns: int) -> Array:
        """Return standard normal numbers of shape (rows, columns)."""
        numbers, draw = self._next(rows)
        return normals(self.key, self.group, numbers, columns, draw).astype(np.float64, copy=False)

    def uniform(self, rows: int, columns: int) -> Array:
        """Return numbers between 0 and 1 of shape (rows, columns)."""
        numbers, draw = self._next(rows)
        return uniforms(self.key, self.group, numbers, columns, draw)

    def signs(self, rows: int, columns: int) -> Array:
        """Return -1 and +1, as likely, of shape (rows, columns)."""
        return np.where(self.uniform(rows, columns) < 0.5, -1.0, 1.0)
