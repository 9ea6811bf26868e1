"""Shards on this machine: processes of their own, each with threads of its own."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from thermozoo.errors import ShardError
from thermozoo.shards.cutting import Shard
from thermozoo.shards.executors import DEATHS, Done, Say
from thermozoo.shards.job import WORKERS_LOG, Answer, Ticket

__all__ = ["LocalExecutor", "thread_settings"]

#: What a worker executes: modules are those of this process, and of no folder that it happens to be in.
_BEGIN = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from thermozoo.shards.process import serve; serve()"
)

#: How long nothing may come before whoever waits has a look at something else [second].
_TICK = 0.1


def thread_settings(threads: int) -> dict[str, str]:
    """Return the environment of a worker: read when libraries are imported, so it has to be there before."""
    own = dict.fromkeys(("THERMOZOO_THREADS", "NUMBA_NUM_THREADS"), str(threads))
    return {**own, **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")}


@attrs.frozen
class LocalExecutor:
    """Processes of this machine.

    Parameters
    ----------
    workers : int
        How many.
    threads : int
        Threads of each.
    """

    workers: int
    threads: int = 1

    def check(self) -> None:
        """There is nothing to find out."""

    @contextlib.contextmanager
    def open(self, say: Say) -> Iterator[LocalCrew]:
        """Have workers, which end with the block."""
        crew = LocalCrew(self.workers, self.threads, say)
        try:
            yield crew
        finally:
            crew.close()


class LocalCrew:
    """Processes that do shards, one shard each at a time; one that dies is replaced. They wait for the next job.

    Parameters
    ----------
    workers, threads : int
        As of `LocalExecutor`.
    say : callable
        Says a line to the user.
    """

    def __init__(self, workers: int, threads: int, say: Say) -> None:
        self.workers, self._threads, self._say = workers, threads, say
        self._running: list[subprocess.Popen[str]] = []
        self._idle: list[subprocess.Popen[str]] = []
        self._came: queue.SimpleQueue[tuple[subprocess.Popen[str], Shard, Answer | None]] = queue.SimpleQueue()

    def do(self, ticket: Ticket, shards: Sequence[Shard]) -> Iterator[Done | None]:
        """Have shards done; see `thermozoo.shards.executors.Crew`."""
        waiting, deaths = deque(shards), Counter[Shard]()
        at_work = 0
        for _ in range(min(self.workers, len(waiting))):
            process = self._idle.pop() if self._idle else self._start(ticket)
            self._give(process, ticket, waiting.popleft())
            at_work += 1
        while at_work:
            try:
                process, shard, answer = self._came.get(timeout=_TICK)
            except queue.Empty:
                yield None
                continue
            at_work -= 1
            if answer is None:
                deaths[shard] += 1
                self._say(f"worker {process.pid} ended ({_end_of(process)}) at {shard}; another one goes on")
                if deaths[shard] < DEATHS:
                    waiting.appendleft(shard)
                else:
                    yield Done(shard)
                self._running.remove(process)
                process = self._start(ticket) if waiting else process
            if waiting:
                self._give(process, ticket, waiting.popleft())
                at_work += 1
            elif answer is not None:
                self._idle.append(process)
            if answer is not None:
                yield Done(shard, answer)

    def _start(self, ticket: Ticket) -> subprocess.Popen[str]:
        try:
            with (Path(ticket.folder) / WORKERS_LOG).open("a") as log:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _BEGIN, json.dumps(sys.path)],
                    env={**os.environ, **thread_settings(self._threads)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    start_new_session=True,  # an interruption of the run is its own matter
                )
        except OSError as error:
            raise ShardError(f"no worker can be started: {error.strerror or error}: take fewer, run.workers") from error
        self._running.append(process)
        return process

    def _give(self, process: subprocess.Popen[str], ticket: Ticket, shard: Shard) -> None:
        """Ask a process for a shard; somebody waits for the answer."""
        assert process.stdin is not None
        with contextlib.suppress(OSError):  # of one that is dead, as who waits will find
            process.stdin.write(json.dumps([ticket.folder, ticket.digest, shard.first, shard.count]) + "\n")
            process.stdin.flush()
        threading.Thread(target=self._wait, args=(process, shard), daemon=True).start()

    def _wait(self, process: subprocess.Popen[str], shard: Shard) -> None:
        assert process.stdout is not None
        answer = None
        with contextlib.suppress(ValueError, OSError):  # a line that is cut off; a pipe that was closed meanwhile
            line = process.stdout.readline()
            answer = Answer(**json.loads(line)) if line.endswith("\n") else None
        if answer is None:
            _end(process)
        self._came.put((process, shard, answer))

    def close(self) -> None:
        """End all processes, whatever they are at."""
        for process in self._running:
            process.kill()
        for process in self._running:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """End a process, and close what leads to it."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _end_of(process: subprocess.Popen[str]) -> str:
    code = process.returncode
    return f"signal {-code}" if code is not None and code < 0 else f"exit {code}"
