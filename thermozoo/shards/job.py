"""A job: a folder with all that its shards are a function of. A worker is given its path, its digest and a shard."""

from __future__ import annotations

import contextlib
import datetime
import faulthandler
import functools
import hashlib
import importlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import attrs

from thermozoo import errors
from thermozoo.checkpoints.values import file_digest
from thermozoo.errors import ShardError, shown
from thermozoo.shards.cutting import Shard
from thermozoo.shards.products import Products

__all__ = [
    "WORKERS_LOG",
    "Answer",
    "Job",
    "Ticket",
    "attempt",
    "attempt_prepare",
    "log_of",
    "perform",
    "prepare",
    "write_job",
]

_FILE = "job.json"

#: What processes of this machine write on standard error.
WORKERS_LOG = "workers.log"

#: Does a shard, and returns its product: a value of arrays, numbers and texts.
Work = Callable[[Shard], Any]


@attrs.frozen
class Ticket:
    """What a worker is given beside a shard.

    Parameters
    ----------
    folder : str
        Where the job is, by a path that the worker can read and write.
    digest : str
        SHA-256 of its description, in which the digests of its files are.
    """

    folder: str
    digest: str


@attrs.frozen
class Answer:
    """What came of a shard.

    Parameters
    ----------
    digest : str
        SHA-256 of its product; empty where there is none.
    error, text : str
        Class and message of what was raised.
    """

    digest: str = ""
    error: str = ""
    text: str = ""

    def check(self) -> None:
        """Raise what was raised in the worker: an error of thermozoo as it is, any other with its name."""
        if not self.error:
            return
        found = getattr(errors, self.error, None)
        if found is errors.ConfigError:
            raise errors.ConfigError(self.text.splitlines())
        if isinstance(found, type) and issubclass(found, errors.ThermozooError):
            raise found(self.text)
        raise ShardError(f"a worker raised {self.error}: {shown(self.text, 500)}")


@attrs.frozen
class Job:
    """A job as it was written.

    Parameters
    ----------
    ticket : Ticket
        What workers are given.
    trajectories : int
        How many there are in all.
    bytes_each : int
        Bytes that a trajectory holds in a worker, as predicted.
    together : int, optional
        How many of them a worker holds at a time (default: all of a shard).
    """

    ticket: Ticket
    trajectories: int
    bytes_each: int
    together: int | None = None

    def bytes_of(self, shard: Shard) -> int:
        """Return the bytes that a shard holds in a worker, as predicted."""
        return self.bytes_each * min(shard.count, self.together or shard.count)

    @property
    def products(self) -> Products:
        """What is done of it."""
        return Products(Path(self.ticket.folder))


def write_job(
    folder: Path,
    maker: str,
    about: Mapping[str, Any],
    trajectories: int,
    bytes_each: int,
    write: Callable[[Path], None],
    together: int | None = None,
) -> Job:
    """Write a job into a folder, in which products may be already.

    Parameters
    ----------
    folder : Path
        The folder, named after all that the products depend on.
    maker : str
        ``module:function`` that is given the folder and `about`, and returns what does a shard.
    about : mapping
        What the maker is told of, as JSON.
    trajectories, bytes_each, together
        As of `Job`.
    write : callable
        Writes the files of the job into the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _of_job(path.relative_to(folder)))
    content = json.dumps(
        {
            "maker": maker,
            "about": dict(about),
            "files": {path.relative_to(folder).as_posix(): file_digest(path)[0] for path in files},
        },
        sort_keys=True,
    ).encode()
    new = folder / f".{_FILE}"
    new.write_bytes(content)
    new.replace(folder / _FILE)
    ticket = Ticket(str(folder), hashlib.sha256(content).hexdigest())
    return Job(ticket, trajectories, bytes_each, together)


def _of_job(path: Path) -> bool:
    """Return whether a file is none that workers write, and not the description itself."""
    return path.suffix != ".log" and not path.name.startswith((".", "shard-")) and path.name != _FILE


@functools.lru_cache(maxsize=1)
def prepare(ticket: Ticket) -> Work:
    """Read a job, once a worker, and return what does its shards.

    Raises
    ------
    ShardError
        When its files are not those that were written, or its maker finds that this worker is not as it should be.
    """
    folder = Path(ticket.folder)
    here = f"worker {platform.node()}:{os.getpid()}"
    try:
        content = (folder / _FILE).read_bytes()
        if hashlib.sha256(content).hexdigest() != ticket.digest:
            raise ShardError(f"{here}: {shown(folder, 200)} holds another job than the one that it was given")
        job = json.loads(content)
        for name, digest in job["files"].items():
            if file_digest(folder / name)[0] != digest:
                raise ShardError(f"{here}: {shown(folder / name, 200)} is not the file that the run wrote")
    except OSError as error:
        raise ShardError(
            f"{here} cannot read the job in {shown(folder, 200)}: {error.strerror or error}; run folders of shards "
            "must be on a disk that all workers see by the same path"
        ) from error
    module, _, function = job["maker"].partition(":")
    made: Work = getattr(importlib.import_module(module), function)(folder, job["about"], here)
    return made


def perform(ticket: Ticket, shard: Shard) -> str:
    """Do a shard, write its product, and return the digest."""
    if not Path(ticket.folder).is_dir():
        prepare(ticket)  # which says why not
    with _logged(ticket, shard):
        return Products(Path(ticket.folder)).add(shard, prepare(ticket)(shard))


def attempt(ticket: Ticket, shard: Shard) -> Answer:
    """Do a shard, and return what came of it, in words that any process understands."""
    try:
        return Answer(digest=perform(ticket, shard))
    except Exception as error:  # whatever a plugin raises
        return Answer(error=type(error).__name__, text=str(error))


def attempt_prepare(ticket: Ticket) -> Answer:
    """Read a job, and return what came of it."""
    try:
        prepare(ticket)
    except Exception as error:
        return Answer(error=type(error).__name__, text=str(error))
    return Answer()


@contextlib.contextmanager
def _logged(ticket: Ticket, shard: Shard) -> Iterator[None]:
    """Keep a log of what this worker does, in which what kills it leaves a trace if it can."""
    with _log_path(ticket, platform.node(), os.getpid()).open("a", encoding="utf-8") as log:
        _say(log, f"begins {shard}")
        begun = time.process_time()
        on_standard_error = faulthandler.is_enabled()
        faulthandler.enable(log)
        try:
            yield
        except BaseException as error:
            _say(log, f"fails at {shard}: {type(error).__name__}: {shown(error, 500)}")
            raise
        else:
            _say(log, f"ends {shard}: {time.process_time() - begun:.2f} s of processors")
        finally:
            faulthandler.disable()
            if on_standard_error:
                with contextlib.suppress(Exception):  # where a test has put something else in its place
                    faulthandler.enable()


def _say(log: TextIO, text: str) -> None:
    log.write(f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M:%S} {text}\n")
    log.flush()


def _log_path(ticket: Ticket, node: str, process: int) -> Path:
    return Path(ticket.folder) / f"worker-{node}-{process}.log"


def log_of(ticket: Ticket, shard: Shard) -> str:
    """Return the paths of the logs of workers that have begun a shard and neither ended it nor said why not."""
    found = []
    for path in sorted(Path(ticket.folder).glob("worker-*.log")):
        with contextlib.suppress(OSError):
            text = path.read_text("utf-8", errors="replace")
            if f"begins {shard}\n" in text and f"ends {shard}:" not in text and f"fails at {shard}:" not in text:
                found.append(str(path))
    return ", ".join(found)
