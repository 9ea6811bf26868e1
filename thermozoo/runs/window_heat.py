"""What the heat of a run says of its program."""

from __future__ import annotations

import numpy as np

from thermozoo.runs.generated import Generated
from thermozoo.runs.machine import Machine
from thermozoo.thermodynamics.heat_warnings import heat_warnings

__all__ = ["run_warnings"]


def run_warnings(machine: Machine, generated: Generated) -> tuple[str, ...]:
    """Return what the heat of a run says of its program; see `heat_warnings`.

    What each class that is asked for releases in the mean is no sign of two groups: it is taken off before.
    """
    kT = machine.computer.temperature
    heat = generated.ledger.total / kT
    if generated.condition is not None:
        of = np.unique(generated.condition, return_inverse=True)[1]
        heat = heat - (np.bincount(of, heat) / np.bincount(of))[of] + heat.mean()
    by_window = generated.window_heat / kT if len(generated.window_heat) > 1 else None
    return heat_warnings(heat, by_window)
