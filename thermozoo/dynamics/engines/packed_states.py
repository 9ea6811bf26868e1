"""Trajectories in the layout of compiled kernels, at rest between two laws of motion."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.batch import BatchState
from thermozoo.dynamics.engines.drive import Drive
from thermozoo.dynamics.engines.drive_packing import PackedDrive
from thermozoo.dynamics.engines.laws import aligned
from thermozoo.dynamics.engines.state_layout import StateLayout
from thermozoo.dynamics.noise import NoiseKey

__all__ = ["PackedStates"]

Array = npt.NDArray[np.floating[Any]]
Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@attrs.frozen(eq=False)
class PackedStates:
    """Trajectories in the layout of a kernel; all laws that lay them out alike go on from them as they lie.

    Parameters
    ----------
    layout : StateLayout
        The layout.
    key, trajectories, step, work
        As of a `BatchState`.
    states : ndarray
        States.
    names : tuple of str
        Names of the auxiliary variables.
    variables : ndarray, shape (variables, numbers of the states)
        Auxiliary variables.
    numbers : ndarray of int
        Numbers of the trajectories, zero where there is none.
    drive : PackedDrive or None
        What is imposed on them.
    """

    layout: StateLayout
    key: NoiseKey
    trajectories: Indices
    step: int
    work: Doubles
    states: Array
    names: tuple[str, ...]
    variables: Array
    numbers: Indices
    drive: PackedDrive | None

    @classmethod
    def of(cls, start: BatchState, layout: StateLayout, names: tuple[str, ...], drive: Drive | None) -> PackedStates:
        """Return a state in a layout, with its variables in an order."""
        numbers = np.zeros(layout.chunks * layout.width, dtype=np.int64)
        numbers[: layout.rows] = start.trajectories
        states = layout.pack(start.x)
        variables = aligned(len(names) * states.size, layout.dtype).reshape(len(names), states.size)
        for place, name in zip(variables, names, strict=True):
            place[:] = layout.pack(start.variables[name])
        return cls(
            layout=layout,
            key=start.key,
            trajectories=start.trajectories,
            step=start.step,
            work=start.work,
            states=states,
            names=names,
            variables=variables,
            numbers=numbers,
            drive=None if drive is None else PackedDrive.of(drive, layout),
        )

    def fits(self, layout: StateLayout, names: tuple[str, ...], drive: Drive | None) -> bool:
        """Return whether they lie in a layout, with such variables and under this drive."""
        same = drive is None if self.drive is None else self.drive.drive is drive
        return same and self.layout == layout and self.names == names

    def copy(self) -> PackedStates:
        """Return them once more: what is changed in place is copied."""
        states, variables = (aligned(one.size, one.dtype).reshape(one.shape) for one in (self.states, self.variables))
        states[:], variables[:] = self.states, self.variables
        return attrs.evolve(self, states=states, variables=variables)

    def finite(self) -> bool:
        """Return whether all states and variables are finite."""
        return all(self.layout.finite(one) for one in (self.states, *self.variables))

    def rows(self) -> Array:
        """Return the states as rows, shape (B, n)."""
        return self.layout.unpack(self.states)

    def variable_rows(self) -> dict[str, Array]:
        """Return the variables as rows, each of shape (B, n)."""
        return {name: self.layout.unpack(one) for name, one in zip(self.names, self.variables, strict=True)}

    def state(self) -> BatchState:
        """Return their state as rows."""
        return BatchState(self.rows(), self.key, self.trajectories, self.step, self.variable_rows(), self.work)
