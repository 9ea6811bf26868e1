"""What the workers of a run take: seconds and bytes, as far as they are processes of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thermozoo.config.schema import Config
from thermozoo.dynamics.core_engines import CompiledEngine
from thermozoo.dynamics.engines import Engine
from thermozoo.dynamics.threads import available_threads
from thermozoo.interfaces import Share
from thermozoo.runs.executors import workers_of
from thermozoo.shards.cutting import BLOCK, shard_size

if TYPE_CHECKING:
    from thermozoo.runs.foreseen import Size

__all__ = [
    "COMPILING",
    "COUPLING",
    "LIBRARIES",
    "PREPARED",
    "PREPARING",
    "WORKERS",
    "by_workers",
    "worker_processes",
    "worker_shares",
]

#: Bytes of libraries that preparation loads, and of what compiling takes and keeps.
LIBRARIES, COMPILING = 220 * 2**20, 110 * 2**20

#: Double precision numbers for each coupling: of a computer that is assembled, of the engine's copies, and while these
#: are made.
COUPLING, PREPARED, PREPARING = 2, 1, 3

#: The key that bytes of workers grow with; a phase that states some has work for them.
WORKERS = "run.workers"

#: Bytes of the interpreter of a worker.
_PROCESS = 60 * 2**20

#: How long processes take until they are at work [second].
_STARTING = 4.0


def by_workers(config: Config, engine: Engine, alone: float, trajectories: int, block: int = BLOCK) -> float:
    """Return how long the processes of this machine that a config asks for take [second].

    Parameters
    ----------
    config : Config
        The config; of workers elsewhere nothing is known, and it says how long it takes here.
    engine : Engine
        What advances states: the compiled one shares them out to threads by itself.
    alone : float
        How long this process takes.
    trajectories, block : int
        How many there are, and how many are computed together: of fewer blocks than workers, some have nothing to do.
    """
    workers, threads = workers_of(config)
    if not workers:
        return alone
    workers = min(workers, -(-trajectories // block))
    here = available_threads()
    speed = min(1.0, workers * threads / here) if engine.name == CompiledEngine.name else min(workers, here)
    return _STARTING + alone / speed


def worker_processes(
    size: Size,
    trajectories: int,
    each: int,
    *,
    together: int | None = None,
    computers: int = 1,
    alone: int = 0,
    block: int = BLOCK,
) -> tuple[Share, ...]:
    """Return what workers on this machine hold; nothing where the run has none there.

    Parameters
    ----------
    size : Size
        The run.
    trajectories : int
        How many are shared out.
    each : int
        Bytes that one of them holds in a worker, with what is kept of it.
    together : int, optional
        How many of them a worker holds at a time (default: all of a shard).
    computers : int
        How many computers a worker has.
    alone : int
        Bytes that each worker holds beside them, whatever its shard.
    block : int
        Trajectories that are computed together.
    """
    table = size.config.run
    asked, _ = workers_of(size.config)
    if table is None or not asked:
        return ()
    shard = shard_size(trajectories, asked, table.shard, block)
    workers = min(asked, -(-trajectories // shard))  # no more are started
    couplings = 8 * (COUPLING + PREPARED + PREPARING) * size.couplings * computers
    held = each * min(trajectories, workers * min(shard, together or shard))
    return (
        Share(
            workers * (_PROCESS + LIBRARIES + COMPILING + couplings + alone) + held,
            WORKERS,
            f"{workers:,} workers",
            ("run.shard", "computer.units"),
        ),
    )


def worker_shares(
    size: Size,
    trajectories: int,
    each: int,
    path: str,
    *,
    cause: str = "trajectories",
    also: tuple[str, ...] = ("computer.units",),
    computers: int = 1,
    block: int = BLOCK,
) -> tuple[Share, ...]:
    """Return what `worker_processes` hold, and the products of all of them before they are put together.

    Parameters
    ----------
    size, trajectories, each, computers, block
        As of `worker_processes`.
    path : str
        The key that the number of trajectories grows with.
    cause : str
        What they are.
    also : tuple of str
        Other keys that a product grows with.
    """
    if size.config.run is None:
        return ()
    products = Share(trajectories * each, path, f"{trajectories:,} {cause}", also)
    return products, *worker_processes(size, trajectories, each, computers=computers, block=block)
