"""How far a command is: bars with the time left in a terminal, else a line a phase, and again where it takes long."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from thermozoo.cli.duration import duration_text
from thermozoo.clock import since

__all__ = ["Bars"]

#: Phases shorter than this leave no bar and no line behind [second].
_PATIENCE = 2.0

#: Time from one line of a phase to the next, where there is no terminal [second].
_EVERY = 30.0


class Bars:
    """Shows every phase that takes longer than two seconds on standard error.

    Parameters
    ----------
    quiet : bool
        Whether to say nothing at all.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.console = Console(stderr=True)

    def note(self, text: str) -> None:
        """Print a line."""
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Print a line, told to be quiet or not."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    @contextlib.contextmanager
    def phase(self, title: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Open a phase."""
        if self.quiet:
            yield lambda amount: None
            return
        start = time.perf_counter()
        live = self.console.is_terminal and not self.console.is_dumb_terminal
        with (self._bar if live else _lines)(title, total) as progress:
            yield progress
        elapsed = since(start)
        if elapsed > _PATIENCE:
            self.note(f"  {title}: {duration_text(elapsed)}" if live else f"{title}: took {duration_text(elapsed)}")

    @contextlib.contextmanager
    def _bar(self, title: str, total: int | None) -> Iterator[Callable[[int], None]]:
        columns = [
            SpinnerColumn("dots" if self.console.encoding.startswith("utf") else "line"),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f}%" if total else ""),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        ]
        with Progress(*columns, console=self.console, transient=True) as bars:
            task = bars.add_task(title, total=total)
            yield lambda amount: bars.advance(task, amount)


@contextlib.contextmanager
def _lines(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Print a line when a phase has taken two seconds, and now and then after that, from a thread beside it."""
    start = time.perf_counter()
    done = 0
    over = threading.Event()

    def advance(amount: int) -> None:
        nonlocal done
        done += amount

    def say() -> None:
        wait = _PATIENCE
        while not over.wait(wait):
            print(_line(title, done, total, since(start)), file=sys.stderr, flush=True)
            wait = _EVERY

    speaker = threading.Thread(target=say, name="phase", daemon=True)
    speaker.start()
    try:
        yield advance
    finally:
        over.set()
        speaker.join()


def _line(title: str, done: int, total: int | None, elapsed: float) -> str:
    """Return what to say of a phase that is under way."""
    if not total or not 0 < done <= total:
        return f"{title}: at work for {duration_text(elapsed)}"
    left = elapsed * (total - done) / done
    return f"{title}: {100 * done / total:.0f} % after {duration_text(elapsed)}, about {duration_text(left)} left"
