"""What noise counts is counted before a run: no number of a step or a trajectory may need more than 32 bits."""

from __future__ import annotations

from collections.abc import Sequence

from thermozoo.config.faults import Faults
from thermozoo.dynamics.noise import NUMBERS

__all__ = ["check_counted"]


def check_counted(count: int, what: str, path: str, faults: Faults, also: Sequence[str] = ()) -> None:
    """Add a fault where there are more steps or trajectories than noise has numbers for.

    Parameters
    ----------
    count : int
        How many there are.
    what : str
        What is counted.
    path : str
        The key that it grows with.
    faults : Faults
        Receives the fault.
    also : sequence of str
        Other keys that it grows with.
    """
    if count > NUMBERS:
        faults.add(
            path, f"expected at most 2^32 {what}, got {count:,}: their noise would repeat; ask for fewer", also=also
        )
