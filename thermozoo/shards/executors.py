"""Who does shards: what every executor is, and the loop over shards that all of them share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import attrs

from thermozoo.checkpoints.pieces import piece
from thermozoo.digits import bytes_text
from thermozoo.errors import ShardError, shown
from thermozoo.shards.cutting import BLOCK, Shard, cut, gaps, shard_size
from thermozoo.shards.job import WORKERS_LOG, Answer, Job, Ticket, log_of

__all__ = ["DEATHS", "Crew", "Done", "Executor", "Kept", "Say", "do_shards"]

#: Deaths of workers at one shard after which it is not tried again.
DEATHS = 2

#: Shards that are given up, and none done, after which all others are taken to end alike.
_HOPELESS = 3

#: Says a line to the user.
Say = Callable[[str], None]


@attrs.frozen
class Done:
    """What an executor has to tell of a shard.

    Parameters
    ----------
    shard : Shard
        Which.
    answer : Answer or None
        What came of it; None where it has cost as many workers as one may, and is given up.
    """

    shard: Shard
    answer: Answer | None = None


class Crew(Protocol):
    """Workers that are there."""

    @property
    def workers(self) -> int:
        """How many."""

    def do(self, ticket: Ticket, shards: Sequence[Shard]) -> Iterator[Done | None]:
        """Have shards done, yield what came of each in any order, and None now and then while nothing comes."""


class Executor(Protocol):
    """What can be asked for workers."""

    def check(self) -> None:
        """Find out, before a run, whether there will be workers."""

    def open(self, say: Say) -> AbstractContextManager[Crew]:
        """Have workers for the time of a block."""


class Kept:
    """An executor whose workers stay from one job to the next, until it is closed: starting them takes seconds.

    Parameters
    ----------
    executor : Executor
        Who has the workers.
    """

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self._around = contextlib.ExitStack()
        self._crew: Crew | None = None

    def check(self) -> None:
        """Find out, before a run, whether there will be workers."""
        self.executor.check()

    @contextlib.contextmanager
    def open(self, say: Say) -> Iterator[Crew]:
        """Have workers for the time of a block, and those of the block before where it ended well."""
        if self._crew is None:
            self._crew = self._around.enter_context(self.executor.open(say))
        try:
            yield self._crew
        except BaseException:  # they may be at work on what nobody waits for any more
            self.close()
            raise

    def close(self) -> None:
        """Let the workers go."""
        self._crew = None
        self._around.close()


def do_shards(
    job: Job,
    executor: Executor,
    size: int | None,
    say: Say,
    progress: Callable[[int], None] | None = None,
    block: int = BLOCK,
) -> list[tuple[Shard, str]]:
    """Have all shards of a job done that are not, and return them with the digests of their products, in order.

    Parameters
    ----------
    job : Job
        What they are of.
    executor : Executor
        Who does them.
    size : int, optional
        Trajectories of a shard; see `thermozoo.shards.cutting.shard_size`.
    say : callable
        Says a line to the user.
    progress : callable, optional
        Called with the number of trajectories done since its last call, those that were finished before among them.
    block : int
        Trajectories that are computed together: shards begin at multiples of it.

    Raises
    ------
    ShardError
        When workers differ, two products of one shard do, or shards were given up; these are named once all others
        are done.
    """
    tell = progress or (lambda trajectories: None)
    found = job.products.finished()
    used, missing = gaps(job.trajectories, list(found))
    done = {shard: found[shard] for shard in used}
    with piece("shards", lambda: job.products.folder.name, size=1000) as work:

        def state() -> dict[str, int]:
            return {"finished": len(done)}

        tell(sum(shard.count for shard in done))
        before = len(done)
        if missing:
            if done:
                say(f"shards: {len(done):,} were finished before")
            given_up: list[Shard] = []
            with executor.open(say) as crew:
                shards = cut(missing, shard_size(job.trajectories, crew.workers, size, block))
                for one in crew.do(job.ticket, shards):
                    if one is not None and one.answer is None:
                        given_up.append(one.shard)
                        say(_given_up(job, one.shard))
                        if len(given_up) == _HOPELESS and len(done) == before:
                            raise ShardError(_hopeless(job))
                    elif one is not None and one.answer is not None:
                        one.answer.check()
                        done[one.shard] = one.answer.digest
                        tell(one.shard.count)
                    work.poll(state)
            if given_up:
                raise ShardError("\n".join(_given_up(job, shard) for shard in sorted(given_up)))
        work.finish(state)
    return sorted(done.items())


def _hopeless(job: Job) -> str:
    """Return what to say where no worker has done anything."""
    folder = job.products.folder
    logs = [path for path in (folder / WORKERS_LOG, *sorted(folder.glob("worker-*.log"))) if path.is_file()]
    last = [line for path in logs for line in path.read_text("utf-8", errors="replace").splitlines()[-1:]]
    said = f": {shown(last[0], 300)}" if last else ""
    return f"workers end before they have done any shard{said}; what they have written is in {shown(folder, 200)}"


def _given_up(job: Job, shard: Shard) -> str:
    log = log_of(job.ticket, shard)
    return (
        f"{shard} cost {DEATHS} workers and were left out: they hold about {bytes_text(job.bytes_of(shard))}"
        f"{f'; log: {log}' if log else ''}; all others are finished, and --resume tries these again, with run.shard in "
        "smaller pieces"
    )
