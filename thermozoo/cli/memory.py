"""Errors that mean that memory has run out: libraries say so in their own words."""

from __future__ import annotations

import errno
from collections.abc import Iterator

__all__ = ["said_of_memory"]

#: What the loader of libraries, the system's threads and LLVM say when there is no memory for them.
_WORDS = (
    "cannot allocate memory",
    "failed to map segment from shared object",
    "can't start new thread",
    "cannot apply additional memory protection",
    "mmap failed",
    "out of memory",
)


def said_of_memory(error: BaseException) -> str | None:
    """Return in a line what an error, or one that it was raised from, says of memory that has run out; else None."""
    for one in _chain(error):
        line = next((line for line in str(one).splitlines() if any(word in line.lower() for word in _WORDS)), None)
        if isinstance(one, MemoryError) or (isinstance(one, OSError) and one.errno == errno.ENOMEM) or line is not None:
            return (line or str(one)).strip() or "no more is left"
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__
