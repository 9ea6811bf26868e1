"""Points of a sweep in several processes at once, each of which goes on with the sweep in its folder.

A process takes the next point that nobody has in hand, so none waits for another. What a point gives does not depend on
which process runs it, or beside how many.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Self

from thermozoo.dynamics.threads import available_threads
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.plugin_files import plugin_arguments
from thermozoo.runs.progress import Reporter
from thermozoo.shards.local import thread_settings
from thermozoo.sweeps.points import Point

__all__ = ["work_together"]

#: Time between two looks at what the processes have done [second].
_LOOK = 0.2

#: How long a process that was asked to stop may take to save what it has in hand [second].
_PATIENCE = 10.0

#: How often a point may lose its process before it has failed.
_DEATHS = 2

#: Lines of what a process said last that are kept of one that ended badly.
_LINES = 20


def work_together(
    points: Sequence[Point],
    folder: Path,
    catalogue: Catalogue,
    workers: int,
    *,
    fail_fast: bool = False,
    reporter: Reporter,
) -> None:
    """Let processes run the points of a sweep; what fails is said when it happens.

    A point whose process dies, by a signal or for want of memory, is run again by another; after two deaths it has
    failed, with what the process said last, and the other points know nothing of it.

    Parameters
    ----------
    points : sequence of Point
        Those that are to be run.
    folder : Path
        The folder of the sweep, which says of itself what it is.
    catalogue : Catalogue
        The plugins, whose files the processes load as well.
    workers : int
        How many processes; they share the threads that this one may have.
    fail_fast : bool
        Whether the first point that fails stops all.
    reporter : Reporter
        Shows progress.
    """
    deaths: dict[int, int] = {}
    watched = _Watched(points, reporter)
    with reporter.phase(f"points in {workers} processes", len(points)) as progress:
        while watched.left:
            # what processes died of is tried by one alone: two could die of the same point
            with _Team(1 if deaths else min(workers, len(watched.left)), folder, catalogue) as team:
                for _ in team.looks():
                    progress(watched.look())
                    if fail_fast and watched.failed:
                        return
            progress(watched.look())
            if not _lost(watched, team.said, deaths):
                return
            progress(watched.look())


def _lost(watched: _Watched, said: str, deaths: dict[int, int]) -> bool:
    """Count the points whose process died, and fail those that lost two; return whether there is more to do."""
    begun = [point for point in watched.left if point.state == "interrupted"]
    if not begun and said:  # a process that never took a point will not take one the next time
        begun = watched.left
        deaths |= dict.fromkeys((point.number for point in begun), _DEATHS - 1)
    for point in begun:
        deaths[point.number] = deaths.get(point.number, 0) + 1
        if deaths[point.number] >= _DEATHS:
            point.failed(f"its process died{f': {said}' if said else ', and said nothing'}")
    return bool(begun) or any(point.state == "to do" for point in watched.left)


class _Watched:
    """Points that processes have in hand."""

    def __init__(self, points: Sequence[Point], reporter: Reporter) -> None:
        self.left = list(points)
        self.failed = 0
        self._reporter = reporter

    def look(self) -> int:
        """Return how many points have ended since the last look, and say of those that failed why."""
        left = []
        for point in self.left:
            state = point.state
            if state == "failed":
                self.failed += 1
                reason = point.failure.read_text("utf-8").splitlines()
                self._reporter.warn(f"{point.text}: {reason[0] if reason else 'failed'}")
            elif state == "completed":
                self._reporter.note(f"{point.text}: completed")
            else:
                left.append(point)
        ended = len(self.left) - len(left)
        self.left = left
        return ended


class _Team:
    """Processes that go on with a sweep, and end with a `with` block.

    Attributes
    ----------
    said : str
        Afterwards: how those ended that ended badly, and what they said last.
    """

    def __init__(self, count: int, folder: Path, catalogue: Catalogue) -> None:
        words = [sys.executable, "-m", "thermozoo", "sweep", "--resume", str(folder), "--quiet", "--keep-failed"]
        words += shlex.split(plugin_arguments(catalogue))
        surroundings = os.environ | thread_settings(max(1, available_threads() // count))
        self.said = ""
        self._outputs: list[IO[bytes]] = []
        self._processes: list[subprocess.Popen[bytes]] = []
        for _ in range(count):
            self._outputs.append(tempfile.TemporaryFile())  # noqa: SIM115 - it is closed when it was read
            # a session of their own: Ctrl-C in a terminal reaches this process alone, which asks them once
            self._processes.append(
                subprocess.Popen(
                    words,
                    env=surroundings,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._outputs[-1],
                    start_new_session=True,
                )
            )

    def looks(self) -> Iterator[None]:
        """Yield now and then while one of them is at work."""
        while any(one.poll() is None for one in self._processes):
            time.sleep(_LOOK)
            yield

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Ask those that are at work to save what they have in hand, wait for them, and keep what they said."""
        for one in self._processes:
            if one.poll() is None:
                one.send_signal(signal.SIGTERM)
        until = time.monotonic() + _PATIENCE
        for one in self._processes:
            try:
                one.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()

        self.said = self._read()

    def _read(self) -> str:
        """Return how those ended that ended badly, and what they said last; empty where none did."""
        found = []
        for one, file in zip(self._processes, self._outputs, strict=True):
            with file:
                file.seek(0)
                lines = file.read().decode("utf-8", "replace").splitlines()[-_LINES:]
            code = one.returncode
            if code < 0:
                found.append("\n".join([f"killed by {signal.Signals(-code).name}", *lines]))
            elif code not in (0, 1):  # 1: a point failed, which its file tells
                found.append("\n".join([f"exit code {code}", *lines]))
        return "\n".join(found)
