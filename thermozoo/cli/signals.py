"""Signals that end the program: at any moment, without a traceback, and so that nothing half-written stays.

Little is imported here, and early: until `heed_early` is called, a signal shows the traceback of an import.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

TYPE_CHECKING = False  # what typing calls so; to import typing would take too long
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["Stoppable", "Watchdog", "end_at_once", "heed_early", "word_of"]

#: Ctrl-C, a request to end, a terminal that was closed; Windows knows only the first two.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

#: For how long after a signal others are not heeded, so that an impatient second Ctrl-C does not stop the removal of
#: what is half-written [second].
_CLEANING_UP = 2.0

#: For how long a signal that nobody heeds is waited for [second].
_HEEDED = 0.75


def heed_early() -> None:
    """Let signals end this process while there is nothing to clean up: one word, no traceback."""

    def end(signum: int, frame: Any) -> None:
        try:
            os.write(2, f"{word_of(signum)}\n".encode())
        finally:
            os._exit(128 + signum)

    _handle(end)


def word_of(signum: int) -> str:
    """Return in a word what a signal has done to a command."""
    return "interrupted" if signum == signal.SIGINT else "terminated"


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
        self._asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stoppable:
        try:
            self._before = _handle(self._stop)
        except ValueError:  # not the main thread
            self._before = {}
        self._hook, sys.unraisablehook = sys.unraisablehook, self._say_unraisable
        return self

    def __exit__(self, *error: object) -> None:
        sys.unraisablehook = self._hook
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def _say_unraisable(self, what: Any) -> None:
        """Pass on what nobody can catch, but no interruption that met a destructor: it was received all the same."""
        if not (self.received and issubclass(what.exc_type, KeyboardInterrupt)):
            self._hook(what)

    def _stop(self, signum: int, frame: Any) -> None:
        asked, self._asked = self._asked, False
        quiet = 0.0 <= time.monotonic() - self._last < _CLEANING_UP  # a clock may be set back
        if self.received and not asked and quiet:
            return
        self._last = time.monotonic()
        self.received.append(signum)
        # a run stops by itself in a moment, where it can go on from later; who insists is heard, and so is a run that
        # finds that it cannot
        self._asked = not asked and _stops_soon()
        if not self._asked:
            raise KeyboardInterrupt


def _stops_soon() -> bool:
    """Ask what is under way to stop by itself; return whether it will."""
    module = sys.modules.get("thermozoo.checkpoints.stopping")
    return module is not None and bool(module.stop_soon())


class Watchdog:
    """Ends a process in which a signal has not been heeded for a second: a library is at work, and no bytecode.

    It is for blocks that may be killed at any moment, as a run with checkpoints; a thread waits for the signal.

    Parameters
    ----------
    last_words : callable
        Returns what is said then; None where the process must not be killed at this moment.
    """

    def __init__(self, last_words: Callable[[int], str | None]) -> None:
        self._last_words = last_words
        self._pipe: tuple[int, int] | None = None

    def __enter__(self) -> Watchdog:
        if hasattr(os, "set_blocking") and os.name == "posix":
            reading, writing = os.pipe()
            os.set_blocking(writing, False)
            try:
                self._before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
            except ValueError:  # not the main thread
                os.close(reading)
                os.close(writing)
                return self
            self._pipe = reading, writing
            self._over = threading.Event()
            self._thread = threading.Thread(target=self._wait, name="signals", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._pipe is not None:
            signal.set_wakeup_fd(self._before)
            self._over.set()
            os.write(self._pipe[1], b"\0")
            self._thread.join()
            for handle in self._pipe:
                os.close(handle)

    def _wait(self) -> None:
        assert self._pipe is not None
        while not self._over.is_set():
            signum = os.read(self._pipe[0], 1)[0]
            if signum not in _SIGNALS or self._over.wait(_HEEDED):
                continue
            said = self._last_words(signum)
            if said is not None:
                try:
                    os.write(2, f"{word_of(signum)}{said}\n".encode())
                finally:
                    os._exit(128 + signum)
