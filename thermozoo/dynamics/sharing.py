"""NumPy work on many trajectories, shared out to threads by trajectories rather than inside of its products."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from thermozoo.dynamics.openblas import one_blas_thread

__all__ = ["shared_out"]

T = TypeVar("T")

#: Parts of the trajectories; fixed, so that results do not depend on the number of threads.
_PARTS = 2


@contextlib.contextmanager
def shared_out(trajectories: int) -> Iterator[Callable[[Callable[[slice], T]], list[T]]]:
    """Yield a function that calls its argument with each part of the trajectories and returns what it returned.

    Meanwhile BLAS keeps to one thread. Its own threads look for work for a while after every product, on processors
    that the steps of an engine need: on two of them a run took a tenth longer. And where other processes are busy,
    threads that wait for each other in every product make small ones ten times slower.
    """
    bounds = np.linspace(0, trajectories, _PARTS + 1).astype(int).tolist()
    parts = [slice(a, b) for a, b in itertools.pairwise(bounds) if b > a]
    with one_blas_thread(), ThreadPoolExecutor(_PARTS) as pool:
        yield lambda work: list(pool.map(work, parts))
