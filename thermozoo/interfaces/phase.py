"""What a phase of a run is: what it does, how long it will take and what it will hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

__all__ = ["Phase", "Progress", "Share"]

#: Called with the work done since its last call.
Progress = Callable[[int], None]


@attrs.frozen
class Share:
    """A part of what a phase holds.

    Parameters
    ----------
    bytes : int
        How much.
    path : str
        The key that it grows with.
    cause : str
        What it is for, empty for what no config can change.
    also : tuple of str
        Other keys that it grows with.
    lasts : bool
        Whether the phases that follow hold it too: it is theirs, or the allocator does not give it back.
    """

    bytes: int
    path: str
    cause: str = ""
    also: tuple[str, ...] = ()
    lasts: bool = False


@attrs.frozen
class Phase:
    """A phase of a run.

    The run goes through it, progress reaches the work that it states, an estimate adds up its seconds, and the check of
    memory its bytes.

    Parameters
    ----------
    name : str
        What the report and an estimate call it.
    title : str
        What its progress is called; empty for one that shows none.
    run : callable
        Does it: adds to the run (`thermozoo.runs.phase.Run`), and calls what it is given with the work done since its
        last call.
    seconds : callable
        Returns how long it will take [second], from a calibration (`thermozoo.runs.foreseen.Calibration`).
    bytes : callable
        Returns the shares that it holds, of a `thermozoo.runs.foreseen.Size`, beside what lasts of the phases before.
    pieces : callable
        Returns what `seconds` reports as progress in all, of a config.
    work : callable
        Returns the total that `run` reports, of the run; None where it reports nothing.
    repeated : bool
        Whether every method goes through it.
    of_method : bool
        Whether its time depends on the method.
    adds : bool
        Whether it comes after the results, and only adds to them.
    needed : callable
        Returns whether a config asks for it.
    """

    name: str
    title: str
    run: Callable[[Any, Progress], None]
    seconds: Callable[[Any], float]
    bytes: Callable[[Any], tuple[Share, ...]] = lambda size: ()
    pieces: Callable[[Any], int] = lambda config: 0
    work: Callable[[Any], int | None] = lambda run: None
    repeated: bool = False
    of_method: bool = False
    adds: bool = False
    needed: Callable[[Any], Any] = lambda config: True
