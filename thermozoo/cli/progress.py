"""Progress bars with the time left; silent when the output is not a terminal."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

__all__ = ["Bars"]

#: Phases shorter than this leave no bar behind [second].
_PATIENCE = 2.0


class Bars:
    """Shows a bar for every phase that takes longer than two seconds."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)

    def note(self, text: str) -> None:
        """Print a line."""
        self.warn(text)

    def warn(self, text: str) -> None:
        """Print a line, told to be quiet or not."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    @contextlib.contextmanager
    def phase(self, title: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Open a phase."""
        if not self.console.is_terminal:
            yield lambda amount: None
            return
        columns = [
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f}%" if total else ""),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        ]
        start = time.perf_counter()
        with Progress(*columns, console=self.console, transient=True) as bars:
            task = bars.add_task(title, total=total)
            yield lambda amount: bars.advance(task, amount)
        elapsed = time.perf_counter() - start
        if elapsed > _PATIENCE:
            self.console.print(f"  {title}: {elapsed:.1f} s", highlight=False)
