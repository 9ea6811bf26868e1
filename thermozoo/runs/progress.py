"""What a run says while it is at work."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Protocol

__all__ = ["Reporter"]


class Reporter(Protocol):
    """Shows the phases of a run."""

    def note(self, text: str) -> None:
        """Say something about the run; a reporter that was told to be quiet does not."""

    def warn(self, text: str) -> None:
        """Say what is wrong, or missing."""

    def phase(self, title: str, total: int | None) -> contextlib.AbstractContextManager[Callable[[int], None]]:
        """Open a phase; the context is a function that is called with the work done since its last call.

        `total` is the work of the phase, None where it is not known.
        """
