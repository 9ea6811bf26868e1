"""The points of a sweep: where each has its run folder, and what has become of it."""

from __future__ import annotations

import contextlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from thermozoo.computer.datasets import replace_file
from thermozoo.runs.claim import holder_of
from thermozoo.runs.folder import write_text
from thermozoo.runs.place import MARK
from thermozoo.sweeps.identity import Identity
from thermozoo.sweeps.over import assignment_text

__all__ = ["Point", "points_in", "states_text"]

#: The folder of a sweep in which the run folders lie.
_POINTS = "points"

#: What a point can be, in the order in which a summary says how many are.
_STATES = ("completed", "failed", "interrupted", "in flight", "to do")


@attrs.frozen
class Point:
    """A point of a sweep.

    Parameters
    ----------
    number : int
        Its number, from 1; it keeps it when the sweep is extended.
    values : mapping of str to object
        The value of every key.
    folder : Path
        Its run folder.
    """

    number: int
    values: Mapping[str, Any]
    folder: Path

    @property
    def text(self) -> str:
        """The point in words."""
        return f"point {self.number}: {assignment_text(self.values)}"

    @property
    def failure(self) -> Path:
        """The file that says why it failed, beside its run folder."""
        return self.folder.with_name(f"{self.folder.name}.error.txt")

    @property
    def state(self) -> str:
        """What has become of it, as its files say, whichever process wrote them."""
        holder = holder_of(self.folder)
        if holder is not None and holder[1]:
            return "in flight"
        if self.report is not None:
            return "completed"
        if self.failure.is_file():
            return "failed"
        return "interrupted" if self.folder.exists() else "to do"

    @property
    def report(self) -> dict[str, Any] | None:
        """What its run reports, None where it is not whole: the manifest comes last."""
        try:
            if not (self.folder / MARK).is_file():
                return None
            found = json.loads((self.folder / "report.json").read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    @property
    def figures(self) -> dict[str, float]:
        """The numbers of its report, by their keys with dots between tables; empty where it is not completed."""
        report = self.report
        return {} if report is None else dict(_numbers(report))

    def failed(self, reason: str) -> None:
        """Keep why it failed."""
        self.failure.parent.mkdir(exist_ok=True)
        replace_file(self.failure, lambda path: write_text(path, reason.rstrip() + "\n"))

    def forget_failure(self) -> None:
        """Remove what an earlier attempt left."""
        with contextlib.suppress(OSError):
            self.failure.unlink()


def points_in(folder: Path, identity: Identity) -> list[Point]:
    """Return the points of a sweep in its folder."""
    return [
        Point(number, values, folder / _POINTS / f"{number:04d}") for number, values in enumerate(identity.points, 1)
    ]


def states_text(states: list[str]) -> str:
    """Return how many points are what: ``12 points: 5 completed, 1 failed, 6 to do``."""
    counts = Counter(states)
    what = ", ".join(f"{counts[state]} {state}" for state in _STATES if counts[state])
    return f"{len(states)} {'point' if len(states) == 1 else 'points'}: {what}"


def _numbers(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{prefix}{key}.")
        elif isinstance(value, int | float):
            yield f"{prefix}{key}", float(value)
        elif value is None:
            yield f"{prefix}{key}", math.nan
