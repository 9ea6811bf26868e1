"""The heat of every time window of generation, and what it says of the program."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.runs.generation import Generated
from thermozoo.runs.machine import Machine
from thermozoo.thermodynamics.heat_warnings import heat_warnings
from thermozoo.training.noising import window_edges
from thermozoo.training.result import Training

__all__ = ["run_warnings", "window_heat"]

Array = npt.NDArray[np.floating[Any]]


def window_heat(generated: Generated, edges: npt.NDArray[np.floating[Any]]) -> Array:
    """Return the heat of every generation in every window, shape (windows, samples) [energy].

    Parameters
    ----------
    generated : Generated
        What was generated; an edge at which nothing was observed is moved to the next observation.
    edges : ndarray, shape (windows + 1,)
        Times at which windows begin and end.
    """
    # half of the smallest distance between observations is more than rounding, and less than a step
    tolerance = 0.5 * np.diff(generated.times).min(initial=np.inf)
    at = np.searchsorted(generated.times, edges - tolerance).clip(0, len(generated.times) - 1)
    windows: Array = np.diff(generated.ledger.heat[at], axis=0)
    return windows


def run_warnings(machine: Machine, training: Training, generated: Generated) -> tuple[str, ...]:
    """Return what the heat of a run says of its program; see `heat_warnings`."""
    kT, windows = machine.computer.temperature, len(training.windows)
    if windows == 0:
        return heat_warnings(generated.ledger.total / kT)
    steps, dt = machine.config.steps, machine.config.dynamics.dt
    edges = (steps - window_edges(steps, windows)[::-1]) * dt
    return heat_warnings(generated.ledger.total / kT, window_heat(generated, edges) / kT)
