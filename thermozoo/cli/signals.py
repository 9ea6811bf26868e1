"""Signals that end the program: at any moment, without a traceback, and so that nothing half-written stays."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

__all__ = ["end_at_once", "stoppable"]

#: Ctrl-C, a request to end, a terminal that was closed; Windows knows only the first two.
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

#: For how long after a signal others are not heeded, so that an impatient second Ctrl-C does not stop the removal of
#: what is half-written [second].
_CLEANING_UP = 2.0


@contextlib.contextmanager
def stoppable() -> Iterator[list[int]]:
    """Let signals stop the main thread as Ctrl-C does; yield those that were received, in their order.

    A signal that this process was told to ignore (``nohup``, a background process of a shell) stays ignored.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    first = 0.0

    def stop(signum: int, frame: Any) -> None:
        nonlocal first
        if received and time.monotonic() - first < _CLEANING_UP:
            return
        first = time.monotonic()
        received.append(signum)
        raise KeyboardInterrupt

    before = {one: signal.getsignal(one) for one in _SIGNALS}
    try:
        for one, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(one, stop)
        yield received
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def end_at_once() -> None:
    """Let signals end this process without a word from now on: all is done, but the interpreter has yet to end."""
    for one in _SIGNALS:
        if signal.getsignal(one) is not signal.SIG_IGN:
            signal.signal(one, signal.SIG_DFL)
