"""NumPy work on many trajectories, shared out to threads by trajectories rather than inside of its products."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.openblas import one_blas_thread

__all__ = ["shared_out", "together"]

T = TypeVar("T")

#: Parts of the trajectories; fixed, so that results do not depend on the number of threads.
_PARTS = 2

#: Where parts begin and end, of trajectories of which somebody says it.
_BOUNDS: ContextVar[tuple[int, ...] | None] = ContextVar("bounds", default=None)


@contextlib.contextmanager
def together(blocks: npt.ArrayLike) -> Iterator[None]:
    """Let trajectories of one block be one part, within a `with` block.

    Sums of products are rounded as their size has it: so those of a trajectory depend on its block alone, whatever else
    is done in one batch with it.

    Parameters
    ----------
    blocks : array_like of int, shape (B,)
        The block of each trajectory; equal numbers stand side by side.
    """
    found = np.asarray(blocks)
    inner = (np.flatnonzero(np.diff(found)) + 1).tolist()
    token = _BOUNDS.set((0, *inner, len(found)))
    try:
        yield
    finally:
        _BOUNDS.reset(token)


@contextlib.contextmanager
def shared_out(trajectories: int) -> Iterator[Callable[[Callable[[slice], T]], list[T]]]:
    """Yield a function that calls its argument with each part of the trajectories and returns what it returned.

    Meanwhile BLAS keeps to one thread. Its own threads look for work for a while after every product, on processors
    that the steps of an engine need: on two of them a run took a tenth longer. And where other processes are busy,
    threads that wait for each other in every product make small ones ten times slower.
    """
    said = _BOUNDS.get()
    bounds = list(said) if said is not None and said[-1] == trajectories else None
    bounds = bounds or np.linspace(0, trajectories, _PARTS + 1).astype(int).tolist()
    parts = [slice(a, b) for a, b in itertools.pairwise(bounds) if b > a]
    with one_blas_thread(), ThreadPoolExecutor(_PARTS) as pool:
        yield lambda work: list(pool.map(work, parts))
