"""Jobs whose shards are quick: what a worker imports."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np

from thermozoo.errors import NonFiniteError
from thermozoo.shards.job import write_job

#: Trajectories of a job.
MANY = 640


def made(folder, about, here):
    """Return what does shards: squares; a worker that comes to a trajectory may end, as often as is said."""
    deadly, deaths, bad = about.get("deadly"), about.get("deaths", 0), about.get("bad")
    if about.get("differs"):
        raise RuntimeError(f"{here} differs")

    def do(shard):
        numbers = np.arange(shard.first, shard.stop)
        if deadly in numbers:
            before = len(list(Path(folder).glob("death-*.log")))
            if before < deaths:
                (Path(folder) / f"death-{before}.log").touch()
                print("this is printed, and is no answer", flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
        if bad in numbers:
            raise NonFiniteError(f"trajectory {bad} is not finite")
        found = {"squares": numbers**2}
        if about.get("threads"):
            import numba  # which reads its variable now, and never again

            found["threads"] = [numba.config.NUMBA_NUM_THREADS, int(os.environ["THERMOZOO_THREADS"])]
        return found

    return do


def same():
    """Return what every process has."""
    return {"name": "same"}


def own():
    """Return what every process has for itself."""
    return {"process": os.getpid()}


def job(folder, **about):
    """Write a job."""
    return write_job(folder, "toy:made", about, MANY, 1000, lambda path: (path / "some.txt").write_text("read me"))
