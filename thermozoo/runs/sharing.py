"""Work of a run that is shared out: what is written for workers of any shards, and what one of them makes of it."""

from __future__ import annotations

import functools
import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import tomli_w

from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.config.schema import Config
from thermozoo.dynamics.core_engines import CompiledEngine
from thermozoo.dynamics.engines import Engine, engine_named
from thermozoo.errors import ShardError
from thermozoo.registry.catalogue import Catalogue, load_catalogue
from thermozoo.runs.checkpoints import INTERVAL, SHARDS, about_run
from thermozoo.runs.executors import executor_of
from thermozoo.runs.manifest import plugin_copies
from thermozoo.runs.phase import Run
from thermozoo.runs.place import PLUGINS
from thermozoo.shards.cutting import BLOCK, Shard
from thermozoo.shards.dask import differences
from thermozoo.shards.executors import Kept, do_shards
from thermozoo.shards.job import write_job

__all__ = ["Opened", "Work", "opened", "share", "shared", "telling"]

_CONFIG = "config.toml"

#: What an engine says of itself that bits do not depend on.
_FREE = ("threads", "width")


@attrs.frozen
class Work:
    """Work on many trajectories, of which every part follows from the config and what is known of it here.

    Parameters
    ----------
    maker : callable
        Of a module: given a job's folder, what the run says of itself, and what to call the worker, it returns what
        does a shard; by `opened` it finds what the run had.
    key : mapping
        What the products depend on beside config, engine and code, as JSON.
    trajectories : int
        How many there are.
    bytes_each : int
        Bytes that one of them holds in a worker, as predicted.
    write : callable
        Writes the files that the maker reads into the folder that it is given.
    block : int
        Trajectories that are computed together, whatever the shards are.
    together : int, optional
        How many of them a worker holds at a time (default: all of a shard).
    """

    maker: Callable[[Path, Mapping[str, Any], str], Callable[[Shard], Any]]
    key: Mapping[str, Any]
    trajectories: int
    bytes_each: int
    write: Callable[[Path], None]
    block: int = BLOCK
    together: int | None = None


def share(run: Run, work: Work, progress: Callable[[int], None] | None = None) -> list[tuple[Shard, Any]]:
    """Let the workers of a run's config do some work, and return its parts in the order of trajectories.

    For the parameters see `shared`.
    """
    return [(shard, read()) for shard, read in shared(run, work, progress)]


def shared(
    run: Run, work: Work, progress: Callable[[int], None] | None = None
) -> list[tuple[Shard, Callable[[], Any]]]:
    """Let the workers of a run's config do some work, and return what reads its parts, in the order of trajectories.

    Parameters
    ----------
    run : Run
        A run with a table ``[run]``.
    work : Work
        What to do.
    progress : callable, optional
        Called with the number of trajectories done since its last call.

    Raises
    ------
    ShardError
        When workers differ from the run, or shards were given up.
    """
    import scipy.linalg  # noqa: F401  # whose library workers have, and an engine says so

    config, engine = run.config, run.engine
    tables, details = _of_bits(config), _details(engine)
    key = {
        "maker": [work.maker.__module__, work.maker.__name__],
        "config": tables,
        "engine": [engine.name, details],
        "code": about_run(config, run.catalogue)["code"],
        **work.key,
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()

    def write(folder: Path) -> None:
        (folder / _CONFIG).write_text(tomli_w.dumps(tables), "utf-8")
        for name, content in plugin_copies(config, run.catalogue).items():
            (folder / PLUGINS).mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        work.write(folder)

    job = write_job(
        (run.folder.checkpoints / SHARDS / digest[:24]).absolute(),
        f"{work.maker.__module__}:{work.maker.__name__}",
        {
            "engine": {"details": details, "width": getattr(engine, "width", None)},
            "run": _alike(config, run.catalogue),
        },
        work.trajectories,
        work.bytes_each,
        write,
        work.together,
    )
    table = config.run
    assert table is not None
    executor = executor_of(config)
    if run.executor is None or run.executor.executor != executor:
        run.end_workers()
        run.executor = Kept(executor)
    done = do_shards(job, run.executor, table.shard, run.reporter.note, progress, work.block)
    return [(shard, functools.partial(job.products.read, shard, digest)) for shard, digest in done]


def telling(progress: Callable[[int], None] | None, work: int, trajectories: int) -> Callable[[int], None]:
    """Return what is told of trajectories that are done, and reports as much of some work in all.

    Parameters
    ----------
    progress : callable or None
        Called with the work done since its last call.
    work, trajectories : int
        How much there is of both.
    """
    done, told = 0, 0

    def tell(further: int) -> None:
        nonlocal done, told
        done += further
        whole = work * done // trajectories
        if progress is not None:
            progress(whole - told)
        told = whole

    return tell


def _of_bits(config: Config) -> dict[str, Any]:
    """Return the tables of a config without the keys on which no bit depends."""
    tables = tomllib.loads(tomli_w.dumps({name: one for name, one in config.resolved.items() if name != "run"}))
    table, _, key = INTERVAL.partition(".")
    return {**tables, table: {name: one for name, one in tables[table].items() if name != key}}


def _details(engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps({k: v for k, v in engine.details.items() if k not in _FREE}))
    return found


def _alike(config: Config, catalogue: Catalogue) -> dict[str, Any]:
    """Return what has to be the same in a worker: versions, plugins by name with the digests of files, code."""
    about = about_run(config, catalogue)
    plugins = {
        f"plugin {one['kind']} {one['name']}": " ".join(
            str(one.get(key)) for key in ("distribution", "version", "sha256")
        )
        for one in about["plugins"]
    }
    code = {f"code of {root}, SHA-256": digest for root, digest in about["code"].items()}
    versions = {f"version of {name}": one for name, one in about["versions"].items()}
    return {**versions, "Python": about["python"], "machine": about["machine"], **plugins, **code}


@attrs.frozen
class Opened:
    """What a worker has of a run.

    Parameters
    ----------
    config : Config
        Its config, but for the table ``[run]``.
    catalogue : Catalogue
        Its plugins.
    engine : Engine
        Its engine.
    """

    config: Config
    catalogue: Catalogue
    engine: Engine


def opened(folder: Path, about: Mapping[str, Any], here: str) -> Opened:
    """Return what a job's run had, in a worker.

    Parameters
    ----------
    folder : Path
        The job.
    about : mapping
        What the run said of itself.
    here : str
        What to call this worker.

    Raises
    ------
    ShardError
        When versions, plugins or the engine are not those of the run.
    """
    import scipy.linalg  # noqa: F401  # its library as well is held to one thread

    catalogue = load_catalogue(files=sorted((folder / PLUGINS).glob("*.py")))
    config = parse(tomllib.loads((folder / _CONFIG).read_text("utf-8")), catalogue, Origin("the config of a shard"))
    engine = _engine_of(config, about["engine"]["width"])
    lines = [
        *differences(here, _alike(config, catalogue), about["run"]),
        *differences(f"{here}, engine {engine.name},", _details(engine), about["engine"]["details"]),
    ]
    if lines:
        raise ShardError("\n".join(lines))
    return Opened(config, catalogue, engine)


def _engine_of(config: Config, width: int | None) -> Engine:
    engine = config.engine or engine_named(config.dynamics.engine)
    return attrs.evolve(engine, width=width) if isinstance(engine, CompiledEngine) else engine
