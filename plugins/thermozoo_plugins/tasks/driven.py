"""What finding the work of driven values takes, in seconds and bytes."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["driven_bytes", "driven_seconds"]

#: Of a driven simulation: steps of which the states are recorded before their work is found, numbers that are recorded
#: where states are few, the most bytes of these, and how many arrays of that size in double precision finding it takes.
_STRETCH, _NUMBERS, _RECORDED, _ARRAYS = 256, 2**15, 32 * 2**20, 8


def driven_bytes(trajectories: int, n: int, steps: int, itemsize: int) -> int:
    """Return about how many bytes the states take of which the work is found.

    Parameters
    ----------
    trajectories, n, steps : int
        How many there are, of how many units, and how long the longest simulation is.
    itemsize : int
        Bytes of the state of a unit.
    """
    together = min(steps, max(_STRETCH, _NUMBERS // (trajectories * n)))
    # the states around a step at least are recorded, however many bytes they are
    states = max(2 * trajectories * n, min(trajectories * n * together, _RECORDED // itemsize))
    return 8 * _ARRAYS * states


@attrs.frozen(eq=False)
class _Driven:
    """A machine of which the time is measured: that of a driven law of motion."""

    dynamics: Any


def driven_seconds(of: Any, law: Any, trajectories: int) -> float:
    """Return how long a driven law of motion takes, through all of its steps [second].

    Parameters
    ----------
    of : Calibration
        What the time is measured with; it reports two pieces.
    law : Dynamics
        The law of motion, with its schedule and its steps.
    trajectories : int
        How many there are.
    """
    return float(attrs.evolve(of, machine=_Driven(law)).simulation(trajectories, law.steps))
