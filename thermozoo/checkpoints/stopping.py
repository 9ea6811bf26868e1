"""Whether a run asks to be stopped at the end of the step that it is at, so that it can save where it is.

Nothing is imported here but the standard library: a signal looks here at any moment.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["Listener", "left_behind", "listen", "listening", "stop_soon"]


class Listener(Protocol):
    """Work that can stop by itself."""

    def stop_soon(self) -> bool:
        """Ask it to; return whether it will raise KeyboardInterrupt in a moment."""

    def remark(self) -> str:
        """Return what was saved, and how to go on."""


_listening: list[Listener] = []
_remarks: list[str] = []


def listen(one: Listener | None) -> None:
    """Let signals ask some work first; None: no longer."""
    _listening[:] = [] if one is None else [one]


def listening() -> Listener | None:
    """Return the work that is asked first, if any."""
    return _listening[0] if _listening else None


def stop_soon() -> bool:
    """Ask the work under way to stop; return whether it will."""
    return bool(_listening) and _listening[0].stop_soon()


def left_behind(remark: str | None = None) -> str:
    """Say what a run that was stopped has left behind, or return what was said, once."""
    if remark is not None:
        _remarks[:] = [remark]
        return remark
    return _remarks.pop() if _remarks else ""
