"""Keeping the damaged metadata of a distribution from stopping the libraries behind a command."""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections.abc import Iterator
from typing import Any

__all__ = ["tolerant_metadata"]


@contextlib.contextmanager
def tolerant_metadata() -> Iterator[None]:
    """Let libraries pass over distributions whose entry points cannot be read.

    Numba, xarray, matplotlib and what scikit-learn builds on look for extensions of their own among the entry points
    of all distributions when they are first used, and stop at the first file that is damaged. This is for a process of
    our own, the command line: it changes what `importlib.metadata` answers to everybody.
    """
    distribution = importlib.metadata.Distribution
    strict: Any = vars(distribution)["entry_points"]

    def entry_points(self: importlib.metadata.Distribution) -> Any:
        try:
            return strict.fget(self)
        except Exception:  # whatever is wrong with a file that we have no part in
            return importlib.metadata.EntryPoints(())

    distribution.entry_points = property(entry_points)  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        distribution.entry_points = strict  # type: ignore[method-assign]
