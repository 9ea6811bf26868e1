"""What calling an author's method changes beside what it returns: random states, output."""

from __future__ import annotations

import contextlib
import io
import random
import sys
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np

__all__ = ["SideEffects", "watched"]


#: A seed that no plugin uses.
_UNUSUAL = 1_618_033_989


@attrs.define
class SideEffects:
    """What was seen.

    Parameters
    ----------
    changed : list of str
        Global random states that were changed.
    printed : str
        What was written to the standard output.
    """

    changed: list[str] = attrs.field(factory=list)
    printed: str = ""

    def notes(self, owner: str) -> tuple[str, ...]:
        """Return one sentence a side effect."""
        found = [
            f"calling the formula of {owner} changes the global random state of {what}: programs that draw from it "
            "are no longer repeatable; use a generator of your own"
            for what in self.changed
        ]
        if self.printed:
            first = self.printed.strip().splitlines()[0][:60] if self.printed.strip() else ""
            found.append(f"calling the formula of {owner} prints to the standard output ({first!r})")
        return tuple(found)


class _Tee(io.TextIOBase):
    """Keeps what is written and hands it to the standard error, where it stands in nobody's way."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    def write(self, text: str) -> int:
        self.kept.append(text)
        return sys.stderr.write(text)


@contextlib.contextmanager
def watched() -> Iterator[SideEffects]:
    """Watch the global random states and the standard output; put the former back, send the latter to stderr."""
    seen, tee = SideEffects(), _Tee()
    numpy_state, python_state = np.random.get_state(), random.getstate()
    # states that nobody else sets: a plugin that seeds with the same number again would not show
    np.random.seed(_UNUSUAL)
    random.seed(_UNUSUAL)
    before = _states()
    try:
        with contextlib.redirect_stdout(tee):
            yield seen
    finally:
        seen.changed = [name for name, state in _states().items() if state != before[name]]
        seen.printed = "".join(tee.kept)
        np.random.set_state(numpy_state)
        random.setstate(python_state)


def _states() -> dict[str, Any]:
    return {"NumPy (numpy.random)": repr(np.random.get_state()), "Python (random)": random.getstate()}
