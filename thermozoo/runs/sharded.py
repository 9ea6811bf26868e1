"""Generation in shards: what is written for workers, what a worker makes of it, and how its products come together."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import tomli_w

from thermozoo.checkpoints.values import read_value, write_value
from thermozoo.computer.files import load_all, load_computer, save_computer
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.config.schema import Config
from thermozoo.dynamics.core_engines import CompiledEngine
from thermozoo.dynamics.engines import Dynamics, Engine, engine_named
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.dynamics.schedule import Schedule
from thermozoo.errors import ShardError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs.checkpoints import INTERVAL, SHARDS, about_run
from thermozoo.runs.executors import executor_of
from thermozoo.runs.generated import Generated, joined
from thermozoo.runs.generation import equilibration_of, generate
from thermozoo.runs.imperfect import realised_program
from thermozoo.runs.manifest import plugin_copies
from thermozoo.runs.memory import shard_bytes
from thermozoo.runs.phase import Run, Size
from thermozoo.runs.place import PLUGINS
from thermozoo.shards.cutting import Shard, blocks_of
from thermozoo.shards.dask import differences
from thermozoo.shards.executors import do_shards
from thermozoo.shards.job import Job, write_job
from thermozoo.thermodynamics.heat import HeatLedger

__all__ = ["generate_in_shards", "generation_of"]

_CONFIG, _TRAINED, _UNTRAINED, _GIVEN = "config.toml", "trained.nc", "untrained.nc", "given.npz"

#: What an engine says of itself that bits do not depend on.
_FREE = ("threads", "width")


def generate_in_shards(run: Run, asked: Mapping[str, Any], progress: Callable[[int], None] | None = None) -> Generated:
    """Let the workers of a run's config generate its samples; their states and energies depend on no sharding.

    Parameters
    ----------
    run : Run
        A run whose phase ``training`` is done.
    asked : mapping
        What `thermozoo.runs.generation.generate` is told: laws of motion, samples, what is asked for.
    progress : callable, optional
        Called with the number of steps of all samples done since its last call.
    """
    job = _job_of(run, asked)
    samples, untrained = job.trajectories, asked["untrained"]
    laws = asked["dynamics"]
    law = next(iter(laws.values())) if isinstance(laws, Mapping) else laws
    steps = law.steps + equilibration_of(
        attrs.evolve(untrained, computer=untrained.computer.bare()), asked["equilibration"]
    )
    told = [0, 0]

    def tell(trajectories: int) -> None:
        told[0] += trajectories
        whole = steps * told[0] // samples
        if progress is not None:
            progress(whole - told[1])
        told[1] = whole

    table = run.config.run
    assert table is not None
    done = do_shards(job, executor_of(run.config), table.shard, run.reporter.note, tell)
    parts = [_regained(job.products.read(shard, digest)) for shard, digest in done]
    numbers = [np.arange(shard.first, shard.stop) for shard, _ in done]
    return attrs.evolve(joined(parts, numbers), condition=asked["condition"])


def _job_of(run: Run, asked: Mapping[str, Any]) -> Job:
    """Write what workers need."""
    config, engine, outcome = run.config, run.engine, run.outcome
    tables = _of_bits(config)
    # the parameters follow from the config, by methods that a run may compare
    key = {
        "config": tables,
        "engine": [engine.name, _details(engine)],
        "parameters": outcome.digest,
        "code": about_run(config, run.catalogue)["code"],
    }
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    about = {
        "engine": {"details": _details(engine), "width": getattr(engine, "width", None)},
        "run": _alike(config, run.catalogue),
    }

    def write(folder: Path) -> None:
        (folder / _CONFIG).write_text(tomli_w.dumps(tables), "utf-8")
        for name, content in plugin_copies(config, run.catalogue).items():
            (folder / PLUGINS).mkdir(exist_ok=True)
            (folder / name).write_bytes(content)
        outcome.save(folder / _TRAINED)
        save_computer(run.machine.computer, folder / _UNTRAINED)
        (folder / _GIVEN).unlink(missing_ok=True)
        write_value({name: asked[name] for name in ("condition", "clamped")}, folder / _GIVEN)

    return write_job(
        (run.folder.checkpoints / SHARDS / digest[:24]).absolute(),
        f"{__name__}:{generation_of.__name__}",
        about,
        config.generation.samples,
        shard_bytes(Size.of(config, run.machine)),
        write,
    )


def _of_bits(config: Config) -> dict[str, Any]:
    """Return the tables of a config without the keys on which no bit depends."""
    tables = tomllib.loads(tomli_w.dumps({name: one for name, one in config.resolved.items() if name != "run"}))
    table, _, key = INTERVAL.partition(".")
    return {**tables, table: {name: one for name, one in tables[table].items() if name != key}}


def _details(engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps({k: v for k, v in engine.details.items() if k not in _FREE}))
    return found


def _alike(config: Config, catalogue: Any) -> dict[str, Any]:
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


def generation_of(folder: Path, about: Mapping[str, Any], here: str) -> Callable[[Shard], Any]:
    """Return what does the shards of a job: in a worker, from what the run has written.

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
    arguments = _arguments(folder, config, catalogue)
    together = getattr(type(engine), "same_bits", True)

    def do(shard: Shard) -> Any:
        # sums of some engines depend on all that is in a batch: there, batches are blocks
        pieces = [shard] if together else blocks_of(shard)
        with one_blas_thread():
            parts = [generate(**arguments, engine=engine, only=piece) for piece in pieces]
        return _kept(joined(parts, [np.arange(piece.first, piece.stop) for piece in pieces]))

    return do


def _engine_of(config: Config, width: int | None) -> Engine:
    engine = config.engine or engine_named(config.dynamics.engine)
    return attrs.evolve(engine, width=width) if isinstance(engine, CompiledEngine) else engine


def _arguments(folder: Path, config: Config, catalogue: Any) -> dict[str, Any]:
    """Return what the run would have told `generate`."""
    untrained = load_computer(folder / _UNTRAINED, catalogue)
    config = config.with_sizes(untrained.layout.sizes)
    trained = load_all(folder / _TRAINED, catalogue)
    given = read_value(folder / _GIVEN)
    law = Dynamics(
        untrained,
        config.moved(config.generation_integrator),
        config.generation_dt,
        config.dynamics.precision,
        config.generation_steps,
        Schedule(config.driven) if config.driven else None,
    )
    if isinstance(trained, dict):
        laws: Any = {label: attrs.evolve(law, computer=realised_program(config, one)) for label, one in trained.items()}
    else:
        laws = attrs.evolve(law, computer=realised_program(config, trained))
    return {
        "dynamics": laws,
        "untrained": attrs.evolve(law, schedule=None),
        "samples": config.generation.samples,
        "seed": config.seed,
        "equilibration": config.equilibration,
        **given,
    }


def _kept(found: Generated) -> dict[str, Any]:
    """Return what a file keeps of samples."""
    kept = {name: getattr(found, name) for name in _ARRAYS}
    return {**kept, "terms": dict(found.ledger.terms), "work": dict(found.ledger.work), "variables": found.variables}


def _regained(kept: Mapping[str, Any]) -> Generated:
    """Return the samples of `_kept`."""
    ledger = HeatLedger(kept["terms"], kept["work"])
    return Generated(ledger=ledger, variables=kept["variables"], **{name: kept[name] for name in _ARRAYS})


_ARRAYS = ("start", "final", "shown", "times", "window_heat", "window_work", "equilibration")
