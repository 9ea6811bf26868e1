"""The drive of a batch: a signal that is imposed on each trajectory, with an intensity that changes in time."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, finite_array, integer_array, real_array
from thermozoo.errors import ShapeError

__all__ = ["Drive"]

Array = npt.NDArray[np.floating[Any]]


@attrs.frozen(eq=False)
class Drive:
    """An imposed signal: in step k, unit i of trajectory m feels the extra force a_k s_i, the energy -a_k s_i x_i.

    Parameters
    ----------
    signals : ndarray, shape (signals, n)
        s, one row a signal.
    which : ndarray of int, shape (trajectories,)
        The signal of each trajectory.
    intensity : ndarray, shape (steps + 1,) or (protocols, steps + 1)
        a: ``intensity[k + 1]`` acts in step k; ``intensity[0]`` is what acted before the first step, so that the work
        of step k is -(intensity[k + 1] - intensity[k]) s . x_k. Several rows are several protocols, each of the units
        that `protocol_of` gives it; their works add up.
    protocol_of : ndarray of int, shape (n,), optional
        The row of `intensity` that each unit feels; none where one intensity is that of all units.
    """

    signals: Array = checked(real_array, ("signals", "n"))
    which: npt.NDArray[np.int64] = checked(integer_array, ("trajectories",))
    intensity: Array = checked(finite_array, ("...", "steps + 1"))
    protocol_of: npt.NDArray[np.int64] | None = None

    def __attrs_post_init__(self) -> None:
        integer_array("which", self.which, ("trajectories",), at_most=len(self.signals) - 1)
        shape, n = self.intensity.shape, self.signals.shape[1]
        if len(shape) > 2 or shape[0] == 0:
            raise ShapeError(f"intensity must have shape (steps + 1,) or (protocols, steps + 1), got {shape}")
        if self.protocol_of is None:
            if len(shape) == 2:
                raise ShapeError(
                    f"an intensity of shape {shape} needs protocol_of: give the row that each of {n} units feels"
                )
        elif len(shape) == 1:
            raise ShapeError(
                f"protocol_of chooses a row of an intensity (protocols, steps + 1), got {shape}: leave it out"
            )
        else:
            rows = integer_array("protocol_of", self.protocol_of, (n,), at_most=shape[0] - 1)
            object.__setattr__(self, "protocol_of", rows)

    @property
    def protocols(self) -> list[tuple[Array, npt.NDArray[np.int64] | slice]]:
        """The intensity (steps + 1,) of each protocol, and its units."""
        if self.protocol_of is None or len(self.intensity) == 1:
            return [(self.intensity.reshape(-1), slice(None))]
        return [(row, np.flatnonzero(self.protocol_of == p)) for p, row in enumerate(self.intensity)]

    def on_units(self, index: int) -> Array:
        """Return ``intensity[index]`` as every unit feels it, shape (n,)."""
        if self.protocol_of is None:
            return np.broadcast_to(self.intensity[index], self.signals.shape[1])
        felt: Array = self.intensity[self.protocol_of, index]
        return felt

    def work(self, signal: Array, k: int, x: Array) -> Array | float:
        """Return the sum over protocols of (a_k+1 - a_k) s . x_k of their units, shape (B,).

        Parameters
        ----------
        signal, x : ndarray, shape (B, n)
            The signal of each trajectory and the states before step k.
        k : int
            The step.
        """
        total: Array | float = 0.0
        for intensity, units in self.protocols:
            change = intensity[k + 1] - intensity[k]
            if change != 0.0:
                total = total + change * np.einsum("bi,bi->b", signal[:, units], x[:, units])
        return total

    def batch(self, rows: slice) -> Drive:
        """Return the drive of some of the trajectories."""
        return attrs.evolve(self, which=self.which[rows])
