"""Who does the shards of a run, as its config says."""

from __future__ import annotations

from typing import Any

from thermozoo.config.schema import Config
from thermozoo.dynamics.threads import available_threads
from thermozoo.runs.checkpoints import digest_of_code
from thermozoo.runs.manifest import surroundings
from thermozoo.shards.dask import DaskExecutor
from thermozoo.shards.executors import Executor
from thermozoo.shards.local import LocalExecutor

__all__ = ["about_here", "executor_of", "workers_of"]


def workers_of(config: Config) -> tuple[int, int]:
    """Return how many processes of this machine do shards, and the threads of each; none where others do them."""
    table = config.run
    if table is None or table.scheduler is not None:
        return 0, 0
    threads = table.threads or 1
    return table.workers or max(1, available_threads() // threads), threads


def executor_of(config: Config) -> Executor:
    """Return who does the shards of a run whose config has a table [run]."""
    table = config.run
    assert table is not None
    workers, threads = workers_of(config)
    if table.executor == "dask":
        return DaskExecutor(workers, threads, table.scheduler, about_here)
    return LocalExecutor(workers, threads)


def about_here() -> dict[str, Any]:
    """Return what has to be alike in every process of a run, whatever its config."""
    found = surroundings()
    versions = {f"version of {name}": one for name, one in found["versions"].items()}
    return {
        **versions,
        "Python": found["python"],
        "machine": found["machine"],
        "code of thermozoo, SHA-256": digest_of_code("thermozoo"),
    }
