"""Threads of this process that do a piece of work together, and end together whatever befalls one of them."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.engines.thread_group import PASSED
from thermozoo.errors import EngineError

__all__ = ["run_threads"]


class _Worker:
    """A thread that waits for work, does it, and waits again; as a daemon it keeps no process from ending."""

    def __init__(self, number: int) -> None:
        self._given: queue.SimpleQueue[tuple[Callable[[], None], Callable[[BaseException], None]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name=f"thermozoo_{number}", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            failed: Callable[[BaseException], None] | None = None
            try:
                work, failed = self._given.get()
                work()
            except BaseException as error:  # one that was sent to this thread: it lives on
                if failed is not None:
                    failed(error)

    def alive(self) -> bool:
        """Whether it still takes work."""
        return self._thread.is_alive()

    def do(self, work: Callable[[], None], failed: Callable[[BaseException], None]) -> None:
        """Have it do some work after what it was given before, or else say why not."""
        self._given.put((work, failed))


#: The workers of a process; threads do not survive a fork.
_WORKERS: dict[int, list[_Worker]] = {}

#: Threads that meet at a barrier must all run at once, so only one set of threads is at work at a time.
_AT_WORK = threading.Lock()


def _workers(count: int) -> list[_Worker]:
    """Return workers that are all alive; refuse where the system gives no more threads."""
    workers = _WORKERS.setdefault(os.getpid(), [])
    workers[:] = [one for one in workers if one.alive()]
    while len(workers) < count:
        try:
            workers.append(_Worker(len(workers) + 1))
        except (RuntimeError, MemoryError, OSError) as error:
            raise EngineError(
                f"the system gives this process {len(workers) + 1} of {count + 1} threads ({error}): set "
                f"THERMOZOO_THREADS={len(workers) + 1}, which changes no result, or allow it more threads and memory "
                "(ulimit -u, ulimit -v)"
            ) from error
    return workers[:count]


class _Piece:
    """One piece of work of several members: who has ended, and what was raised.

    Parameters
    ----------
    work : callable
        ``work(member)``.
    threads : int
        How many members there are.
    shared : ndarray of int64 or None
        The counters at which members meet.
    """

    def __init__(self, work: Callable[[int], Any], threads: int, shared: npt.NDArray[np.int64] | None) -> None:
        self._work, self._threads, self._shared = work, threads, shared
        self._ended: set[int] = set()
        self._over: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._given_up = False
        self.raised: list[BaseException] = []

    def member(self, member: int) -> None:
        """Do the part of a member."""
        try:
            self._work(member)
        except BaseException as error:
            self.raised.append(error)
        self._end(member)

    def failed(self, member: int, error: BaseException) -> None:
        """Let a member end that something has kept from its part."""
        self.raised.append(error)
        self._end(member)

    def _end(self, member: int) -> None:
        self._ended.add(member)
        if self.raised:  # the others would wait for it at the next barrier
            while len(self._ended) < self._threads and not self._given_up:
                self._open()
        self._over.put(None)

    def _open(self) -> None:
        """Open the barrier at which members wait, if they do: what they compute from here on is not used."""
        if self._shared is not None:
            self._shared[PASSED] += 1
        time.sleep(0)

    def wait(self) -> None:
        """Wait until all members have ended."""
        for _ in range(self._threads):
            self._over.get()

    def give_up(self, workers: list[_Worker]) -> None:
        """Let all members end that have begun, heeding no further interruption."""
        self._given_up = True
        free: set[int] = set()
        while len(free) < len(workers):
            try:
                for number, worker in enumerate(workers):
                    # comes after whatever else it was given
                    worker.do(lambda number=number: free.add(number), lambda error, number=number: free.add(number))  # type: ignore[misc]
                while len(free) < len(workers):
                    self._open()
            except BaseException:  # the first one is raised once all have ended
                continue


def run_threads(work: Callable[[int], Any], threads: int, shared: npt.NDArray[np.int64] | None = None) -> None:
    """Call ``work(member)`` for each of `threads` members at once; the caller is member 0.

    When a member raises, or the caller is interrupted, the others are let through all barriers: nobody is waited for in
    vain, all have ended when the error is raised, and what they worked on is not to be used.

    Parameters
    ----------
    work : callable
        The part of a member.
    threads : int
        How many members there are.
    shared : ndarray of int64, optional
        The counters at which they meet, see `thermozoo.dynamics.engines.thread_group.counters`.

    Raises
    ------
    EngineError
        When the system gives no more threads; nothing has begun then.
    """
    if threads == 1:
        work(0)
        return
    with _AT_WORK:
        workers = _workers(threads - 1)
        piece = _Piece(work, threads, shared)
        try:
            for member, worker in enumerate(workers, 1):
                worker.do(
                    lambda member=member: piece.member(member),  # type: ignore[misc]
                    lambda error, member=member: piece.failed(member, error),  # type: ignore[misc]
                )
            piece.member(0)
            piece.wait()
        except BaseException as error:  # an interruption between two lines of this block
            piece.raised.append(error)
            piece.give_up(workers)
    if piece.raised:
        raise piece.raised[0]
