"""Signals that end the program: at any moment, without a traceback, and so that nothing half-written stays.

Little is imported here, and early: until `heed_early` is called, a signal shows the traceback of an import.
"""

from __future__ import annotations

import os
import signal
import time

TYPE_CHECKING = False  # what typing calls so; to import typing would take too long
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Stoppable", "end_at_once", "heed_early"]

#: Ctrl-C, a request to end, a terminal that was closed; Windows knows only the first two.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

#: For how long after a signal others are not heeded, so that an impatient second Ctrl-C does not stop the removal of
#: what is half-written [second].
_CLEANING_UP = 2.0


def heed_early() -> None:
    """Let signals end this process while there is nothing to clean up: one word, no traceback."""

    def end(signum: int, frame: Any) -> None:
        try:
            os.write(2, b"interrupted\n" if signum == signal.SIGINT else b"terminated\n")
        finally:
            os._exit(128 + signum)

    _handle(end)


def end_at_once() -> None:
    """Let signals end this process without a word from now on: all is done, but the interpreter has yet to end."""
    _handle(signal.SIG_DFL)


def _handle(handler: Any) -> dict[int, Any]:
    """Set the handler of all signals; return those before. What this process was told to ignore stays ignored.

    A shell has its background processes ignore Ctrl-C, ``nohup`` lets a command survive its terminal.
    """
    before = {one: signal.getsignal(one) for one in _SIGNALS}
    for one, old in before.items():
        if old is not signal.SIG_IGN:
            signal.signal(one, handler)
    return before


class Stoppable:
    """A block that signals stop as Ctrl-C does; off the main thread, where none arrives, it is a plain block.

    Attributes
    ----------
    received : list of int
        The signals that were heeded, in their order.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        self._last = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stoppable:
        try:
            self._before = _handle(self._stop)
        except ValueError:  # not the main thread
            self._before = {}
        return self

    def __exit__(self, *error: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def _stop(self, signum: int, frame: Any) -> None:
        if self.received and 0.0 <= time.monotonic() - self._last < _CLEANING_UP:  # a clock may be set back
            return
        self._last = time.monotonic()
        self.received.append(signum)
        raise KeyboardInterrupt
