"""Keeping the damaged metadata of a distribution from stopping the libraries behind a command."""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

__all__ = ["tolerant_metadata"]

#: Libraries of metadata; where the second is imported, it answers for the first one as well.
_LIBRARIES = ("importlib.metadata", "importlib_metadata")


@contextlib.contextmanager
def tolerant_metadata() -> Iterator[None]:
    """Let libraries pass over distributions whose entry points cannot be read.

    Numba, xarray, matplotlib, Dask and what scikit-learn builds on look for extensions of their own among the entry
    points of all distributions when they are first used, and stop at the first file that is damaged. This is for a
    process of our own, the command line: it changes what `importlib.metadata` answers to everybody.
    """
    with contextlib.ExitStack() as stack:
        for name in _LIBRARIES:
            if find_spec(name) is not None:
                stack.enter_context(_tolerant(importlib.import_module(name)))
        yield


@contextlib.contextmanager
def _tolerant(library: Any) -> Iterator[None]:
    distribution = library.Distribution
    strict: Any = vars(distribution)["entry_points"]

    def entry_points(self: Any) -> Any:
        try:
            return strict.fget(self)
        except Exception:  # whatever is wrong with a file that we have no part in
            return library.EntryPoints(())

    distribution.entry_points = property(entry_points)
    try:
        yield
    finally:
        distribution.entry_points = strict
