"""How many threads there may be."""

from __future__ import annotations

import os

from thermozoo.arguments import told
from thermozoo.errors import ParameterError

__all__ = ["available_threads"]

#: More threads than any machine makes use of: a number above is a mistake, and would take all of its memory.
_MOST = 1024


def available_threads() -> int:
    """Return how many threads to use: ``THERMOZOO_THREADS`` if set, else the processors that this process may use.

    Raises
    ------
    ParameterError
        When ``THERMOZOO_THREADS`` is no whole number from 1 to 1,024.
    """
    asked = os.environ.get("THERMOZOO_THREADS")
    if asked:
        digits = asked.strip()
        # int() takes underscores and digits of other scripts as well
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10 and 1 <= int(digits) <= _MOST):
            raise ParameterError(
                f"the environment variable THERMOZOO_THREADS must be a whole number from 1 to {_MOST}, got "
                f"{told(asked)}: set it to one, or unset it to use every processor"
            )
        return int(digits)
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
