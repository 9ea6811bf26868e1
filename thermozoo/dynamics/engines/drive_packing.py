"""What is imposed on a batch, in the layout of its states: packed once, and cut to the steps of every call."""

from __future__ import annotations

import functools
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.arguments import DriveArguments
from thermozoo.dynamics.engines.drive import Drive
from thermozoo.dynamics.engines.state_layout import StateLayout

__all__ = ["PackedDrive", "undriven"]

Array = npt.NDArray[np.floating[Any]]
Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@attrs.frozen(eq=False, slots=False)
class PackedDrive:
    """An imposed signal in the layout of states.

    Parameters
    ----------
    drive : Drive
        What is imposed.
    signals : ndarray
        The signal of every trajectory, in the layout of states.
    """

    drive: Drive
    signals: Array

    @classmethod
    def of(cls, drive: Drive, layout: StateLayout) -> PackedDrive:
        """Return a drive in a layout."""
        return cls(drive, layout.pack(drive.signals[drive.which].astype(layout.dtype)))

    @functools.cached_property
    def intensity(self) -> Doubles:
        """The intensities, shape (steps + 1, protocols)."""
        return np.ascontiguousarray(np.atleast_2d(np.asarray(self.drive.intensity, dtype=np.float64)).T)

    @functools.cached_property
    def several(self) -> bool:
        """Whether units feel several protocols."""
        return len(self.drive.protocols) > 1

    @functools.cached_property
    def protocols(self) -> tuple[Indices, Indices]:
        """The protocol of each unit, and the same as runs of units."""
        protocols = np.require(self.drive.protocol_of, np.int64, ["C", "W"])
        edges = np.flatnonzero(np.diff(protocols, prepend=-1, append=-1))
        return protocols, np.stack([edges[:-1], edges[1:], protocols[edges[:-1]]], axis=1)

    @functools.cached_property
    def sources(self) -> tuple[Doubles, Indices]:
        """The signals as they were given, and the signal of each trajectory."""
        return np.require(self.drive.signals, np.float64, ["C", "W"]), np.require(
            self.drive.which, np.int64, ["C", "W"]
        )

    def arguments(self, first_step: int, steps: int, working: bool) -> DriveArguments:
        """Return what a kernel is given in some steps; with what the work is computed from, if it is wanted."""
        dtype, intensity = self.signals.dtype, self.intensity[first_step : first_step + steps + 1]
        given: dict[str, Any] = {"signals": self.signals, "intensity": intensity[1:, 0].astype(dtype)}
        if self.several:
            given["intensity"], given["intensities"] = np.ones(steps, dtype), intensity[1:].astype(dtype)
            given["protocols"], given["runs"] = self.protocols
        if working:
            difference = np.diff(intensity, axis=0)
            given["working"], (given["sources"], given["which"]) = True, self.sources
            if self.several:
                given["changes"], given["shares"] = difference.any(axis=1).astype(np.float64), difference
            else:
                given["changes"] = difference.ravel()
        return undriven(dtype, steps)._replace(**given)


def undriven(dtype: np.dtype[Any], steps: int) -> DriveArguments:
    """Return what a kernel is given where nothing is imposed."""
    return DriveArguments(
        signals=np.zeros(0, dtype),
        intensity=np.zeros(steps, dtype),
        intensities=np.zeros((0, 1), dtype),
        protocols=np.zeros(0, dtype=np.int64),
        runs=np.zeros((0, 3), dtype=np.int64),
        working=False,
        changes=np.zeros(steps),
        shares=np.zeros((0, 1)),
        sources=np.zeros((0, 0)),
        which=np.zeros(0, dtype=np.int64),
    )
