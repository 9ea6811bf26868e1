"""[run]: whether there can be the workers that it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thermozoo.config.faults import Faults
from thermozoo.shards.dask import why_no_dask

if TYPE_CHECKING:
    from thermozoo.config.schema import Config

__all__ = ["check_running"]


def check_running(config: Config, faults: Faults) -> None:
    """Add a fault for keys that say nothing of the executor, and for one that is not here."""
    table = config.run
    if table is None or faults.found_in("run.executor"):
        return
    if table.executor is None:
        faults.add("run.executor", 'expected "local" or "dask", who does the shards, got none', also=["run"])
        return
    if table.executor == "dask":
        reason = why_no_dask()
        if reason is not None:
            faults.add("run.executor", reason)
    if table.scheduler is None:
        return
    if table.executor != "dask":
        faults.add("run.scheduler", 'a scheduler is one of Dask: expected run.executor = "dask", or no scheduler')
    for key in ("workers", "threads"):
        if getattr(table, key) is not None:
            faults.add(
                f"run.{key}",
                "workers of a scheduler are as they were started: leave it out, or leave run.scheduler out",
                also=["run.scheduler"],
            )
