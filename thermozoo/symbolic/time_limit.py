"""A limit on the time of a block, which may lie within another one's."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

__all__ = ["time_limit"]

#: From when time is up, the error is raised again so often, in case that the block has caught it [second].
_AGAIN = 1.0


@contextlib.contextmanager
def time_limit(seconds: float, error: type[BaseException] = TimeoutError) -> Iterator[None]:
    """Stop a block that does not end; only the main thread of a system with SIGALRM can be interrupted.

    Parameters
    ----------
    seconds : float
        How long it may take; a block around it that has less time left stops it then.
    error : type
        What is raised in it.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: Any) -> None:
        raise error

    left, again = signal.getitimer(signal.ITIMER_REAL)
    if 0.0 < left <= seconds:  # the block around this one is stopped first
        yield
        return
    begun = time.monotonic()
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            # a clock that jumps must neither end the block around this one now, nor never
            passed = min(max(time.monotonic() - begun, 0.0), seconds)
            signal.setitimer(signal.ITIMER_REAL, max(left - passed, 1e-3), again)
