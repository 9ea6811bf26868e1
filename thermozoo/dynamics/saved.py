"""A simulation as a piece of the work of a run: what it is asked, and all that it is at one of its steps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.checkpoints.pieces import booked
from thermozoo.dynamics.engines import BatchState, Drive, Dynamics, Engine
from thermozoo.dynamics.trajectories import Observer, observed_bytes

__all__ = ["asked_of", "state_bytes"]

#: Rows of states that a digest reads at most: other data change all of them.
_ROWS = 64


def asked_of(
    dynamics: Dynamics, start: BatchState, steps: int, interval: int, engine: Engine, drive: Drive | None = None
) -> Callable[[], str]:
    """Return what gives a digest of what a simulation is asked to do; where nobody wants one, nothing is computed."""
    if not booked():
        return str
    sha = hashlib.sha256()
    for array in (start.x, *start.variables.values(), start.trajectories, *(() if drive is None else (drive.signals,))):
        _add(sha, np.asarray(array))
    counts = (steps, interval, start.step, start.key.seed, start.key.stream, start.x.shape, dynamics.steps)
    law = (dynamics.integrator, dynamics.dt, dynamics.precision, engine.name)
    sha.update(repr((counts, law)).encode())

    def asked() -> str:
        whole = sha.copy()
        whole.update(dynamics.program.digest().encode())
        return whole.hexdigest()

    return asked


def _add(sha: Any, array: npt.NDArray[Any]) -> None:
    chosen = array[:: max(1, len(array) // _ROWS)]
    sha.update(np.ascontiguousarray(chosen).data)


def state_bytes(start: BatchState, steps: int, interval: int, observers: Sequence[Observer]) -> int:
    """Return about how many bytes the state of a simulation takes in a file, with what observers keep."""
    rows = (2 + len(start.variables)) * start.x.nbytes
    observations = -(-steps // interval) + 1
    return rows + sum(observed_bytes(one, observations, start.x, start.variables) for one in observers)
