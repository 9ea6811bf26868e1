"""Shards on Dask: a cluster of processes on this machine, or the workers of a scheduler's address."""

from __future__ import annotations

import contextlib
import logging
import queue
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import attrs

from thermozoo.errors import LibraryError, ShardError, shown
from thermozoo.shards.cutting import Shard
from thermozoo.shards.executors import DEATHS, Done, Say
from thermozoo.shards.job import Ticket, attempt, attempt_prepare
from thermozoo.shards.local import thread_settings

__all__ = ["INSTALL", "DaskExecutor", "differences", "why_no_dask"]

#: What to do where Dask is missing.
INSTALL = "pip install 'thermozoo[dask]'"

#: How long a scheduler may take to answer, and to have a worker [second].
_ANSWER, _WORKER = 10.0, 60.0

#: How long nothing may come before whoever waits has a look at something else [second].
_TICK = 0.1


def why_no_dask() -> str | None:
    """Return why there is no Dask here, and what to install; None where there is."""
    return None if find_spec("distributed") is not None else f"Dask distributed is not installed: {INSTALL}"


def differences(what: str, there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Return in what a worker differs from the run that asks it, a line each with both sides."""
    return [
        f"{what} has {key} {shown(there.get(key))}, the run has {shown(here.get(key))}: make them alike"
        for key in sorted({*there, *here})
        if there.get(key) != here.get(key)
    ]


@attrs.frozen
class DaskExecutor:
    """Workers of Dask.

    Parameters
    ----------
    workers : int
        How many processes a cluster on this machine has.
    threads : int
        Threads of each.
    scheduler : str, optional
        Address of a scheduler, whose workers are taken as they are, instead.
    about : callable, optional
        Returns what has to be alike everywhere; a function that workers can import.
    """

    workers: int
    threads: int = 1
    scheduler: str | None = None
    about: Callable[[], dict[str, Any]] = dict

    def check(self) -> None:
        """Find out whether a scheduler answers and has workers that are fit for shards.

        Raises
        ------
        LibraryError
            When Dask is not installed.
        ShardError
            When nobody answers, there are no workers, or they have several threads or other versions.
        """
        reason = why_no_dask()
        if reason is not None:
            raise LibraryError(reason)
        if self.scheduler is not None:
            with self._client() as client:
                self._fit(client)

    @contextlib.contextmanager
    def open(self, say: Say) -> Iterator[DaskCrew]:
        """Have workers for the time of a block."""
        with self._client() as client:
            self._fit(client)
            missing = "" if find_spec("bokeh") is not None else " (it needs bokeh: pip install bokeh)"
            say(f"dask: {len(client.nthreads())} workers, dashboard {client.dashboard_link}{missing}")
            yield DaskCrew(client, say)

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        import dask
        import distributed

        own = thread_settings(self.threads)
        settings: dict[str, Any] = {
            "distributed.scheduler.allowed-failures": DEATHS - 1,
            "distributed.nanny.pre-spawn-environ": own,
            # what looks at a worker many times a second takes as much from its shard
            "distributed.worker.profile.enabled": False,
            "distributed.admin.tick.interval": "1s",
            "distributed.admin.system-monitor.interval": "5s",
        }
        with _quiet(), contextlib.ExitStack() as stack:
            if self.scheduler is None:
                stack.enter_context(dask.config.set(settings))
                # variables of this process go before the settings: the nanny sets them again, before any import
                target: Any = stack.enter_context(
                    distributed.LocalCluster(
                        n_workers=self.workers,
                        threads_per_worker=1,
                        processes=True,
                        memory_limit=0,
                        dashboard_address=":0",
                        silence_logs=logging.CRITICAL,
                        env=own,
                    )
                )
            else:
                target = self.scheduler
            yield stack.enter_context(self._connected(target))

    @contextlib.contextmanager
    def _connected(self, target: Any) -> Iterator[Any]:
        import distributed

        try:
            client = distributed.Client(target, timeout=_ANSWER, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            said = shown(str(error).partition("\n")[0], 200)
            raise ShardError(
                f"run.scheduler: nobody answers at {shown(str(self.scheduler))} within {_ANSWER:g} s ({said}): start "
                "one with dask scheduler, or leave the key out for workers of this machine"
            ) from error
        with client:
            yield client

    def _fit(self, client: Any) -> None:
        """Refuse workers that have several threads, or differ from this process."""
        until = time.monotonic() + _WORKER
        while not client.nthreads():
            if time.monotonic() > until:
                raise ShardError(
                    f"run.scheduler: the scheduler at {shown(str(self.scheduler))} has no worker after {_WORKER:g} s: "
                    "start some with dask worker ADDRESS --nthreads 1"
                )
            time.sleep(_TICK)
        several = [f"{address} ({threads})" for address, threads in sorted(client.nthreads().items()) if threads != 1]
        if several:
            raise ShardError(
                f"workers do several shards at once, by threads: {', '.join(several)}; threads of one process would "
                "wait for each other, or end it: start them with --nthreads 1, and give each process threads of its "
                "own by THERMOZOO_THREADS and NUMBA_NUM_THREADS"
            )
        here = self.about()
        try:
            there = client.run(self.about)
        except OSError as error:
            raise ShardError(f"the scheduler at {shown(str(self.scheduler))} is gone: {shown(error, 200)}") from error
        except Exception as error:  # whatever importing raises there
            raise ShardError(
                f"a worker cannot run thermozoo: {type(error).__name__}: {shown(error, 300)}; install this version "
                "where the workers are"
            ) from error
        lines = [line for worker, one in sorted(there.items()) for line in differences(f"worker {worker}", one, here)]
        if lines:
            raise ShardError("\n".join(lines))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from telling of deaths and lost connections with tracebacks: the run tells of them in a line."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


class DaskCrew:
    """Workers of a client.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    say : callable
        Says a line to the user.
    """

    def __init__(self, client: Any, say: Say) -> None:
        self._client, self._say = client, say
        self._came: queue.SimpleQueue[tuple[Shard | None, Any]] = queue.SimpleQueue()
        self._mark = secrets.token_hex(4)

    @property
    def workers(self) -> int:
        """How many there are now."""
        return len(self._client.nthreads())

    def do(self, ticket: Ticket, shards: Sequence[Shard]) -> Iterator[Done | None]:
        """Have shards done; see `thermozoo.shards.executors.Crew`."""
        yield from self._prepared(ticket)
        waiting = deque(shards)
        under_way = self._ask(ticket, waiting, 0)
        known, looked = set(self._client.nthreads()), time.monotonic()
        while under_way:
            shard, future = self._next()
            if time.monotonic() - looked > 1:
                known, looked = self._missed(known), time.monotonic()
                under_way += self._ask(ticket, waiting, under_way)
            if shard is None:
                yield None
                continue
            under_way -= 1
            done = self._done(shard, future)
            under_way += self._ask(ticket, waiting, under_way)
            yield done

    def _prepared(self, ticket: Ticket) -> Iterator[None]:
        """Have every worker read the job, and refuse to go on where one cannot."""
        mark = f"prepare-{self._mark}-{ticket.digest}"
        futures = [
            self._client.submit(attempt_prepare, ticket, workers=[address], key=f"{mark}-{k}", pure=False)
            for k, address in enumerate(self._client.nthreads())
        ]
        for one in futures:
            while not one.done():
                time.sleep(_TICK)
                yield None
            if one.status == "finished":  # who died will be missed
                one.result().check()

    def _ask(self, ticket: Ticket, waiting: deque[Shard], under_way: int) -> int:
        """Ask for as many shards as there are workers without one; so a worker that dies takes no other with it."""
        asked = 0
        while waiting and under_way + asked < max(1, self.workers):
            shard = waiting.popleft()
            key = f"shard-{self._mark}-{ticket.digest}-{shard.first}-{shard.count}"
            future = self._client.submit(attempt, ticket, shard, key=key, pure=False)
            future.add_done_callback(lambda done, shard=shard: self._came.put((shard, done)))
            asked += 1
        return asked

    def _next(self) -> tuple[Shard | None, Any]:
        try:
            return self._came.get(timeout=_TICK)
        except queue.Empty:
            return None, None

    def _missed(self, known: set[str]) -> set[str]:
        """Say which workers are gone."""
        now = set(self._client.nthreads())
        for address in sorted(known - now):
            self._say(f"worker {address} is gone; its shard goes to another one")
        if known and not now:
            self._say("no worker is left: waiting for others")
        return now

    def _done(self, shard: Shard, future: Any) -> Done:
        import distributed

        if future.status == "finished":
            return Done(shard, future.result())
        error = future.exception() if future.status == "error" else None
        if isinstance(error, distributed.scheduler.KilledWorker):
            return Done(shard)
        raise ShardError(
            f"{shard}: Dask says {future.status}{f', {type(error).__name__}: {shown(error, 300)}' if error else ''}: "
            "the scheduler is gone, or has dropped it; --resume goes on with what is finished"
        )
