"""Generation in shards: what is written for workers, what a worker makes of it, and how its products come together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from thermozoo.checkpoints.values import read_value, write_value
from thermozoo.computer.files import load_all, load_computer, save_computer
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.dynamics.schedule import Schedule
from thermozoo.runs.generated import Generated, joined
from thermozoo.runs.generation import equilibration_of, generate
from thermozoo.runs.imperfect import realised_program
from thermozoo.runs.memory import shard_bytes
from thermozoo.runs.phase import Run, Size
from thermozoo.runs.sharing import Work, opened, share, telling
from thermozoo.shards.cutting import Shard, blocks_of
from thermozoo.thermodynamics.heat import HeatLedger

__all__ = ["generate_in_shards", "generation_of"]

_TRAINED, _UNTRAINED, _GIVEN = "trained.nc", "untrained.nc", "given.npz"


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
    work = _work_of(run, asked)
    untrained = asked["untrained"]
    laws = asked["dynamics"]
    law = next(iter(laws.values())) if isinstance(laws, Mapping) else laws
    steps = law.steps + equilibration_of(
        attrs.evolve(untrained, computer=untrained.computer.bare()), asked["equilibration"]
    )
    done = share(run, work, telling(progress, steps, work.trajectories))
    parts = [_regained(kept) for _, kept in done]
    numbers = [np.arange(shard.first, shard.stop) for shard, _ in done]
    return attrs.evolve(joined(parts, numbers), condition=asked["condition"])


def _work_of(run: Run, asked: Mapping[str, Any]) -> Work:
    """Return the work of generation, of which workers are given the computers and what is asked for."""

    def write(folder: Path) -> None:
        run.outcome.save(folder / _TRAINED)
        save_computer(run.machine.computer, folder / _UNTRAINED)
        (folder / _GIVEN).unlink(missing_ok=True)
        write_value({name: asked[name] for name in ("condition", "clamped")}, folder / _GIVEN)

    return Work(
        generation_of,
        {"parameters": run.outcome.digest},  # they follow from the config, by methods that a run may compare
        run.config.generation.samples,
        shard_bytes(Size.of(run.config, run.machine)),
        write,
    )


def generation_of(folder: Path, about: Mapping[str, Any], here: str) -> Callable[[Shard], Any]:
    """Return what generates the samples of a shard, in a worker; see `thermozoo.runs.sharing`."""
    found = opened(folder, about, here)
    arguments = _arguments(folder, found.config, found.catalogue)
    together = getattr(type(found.engine), "same_bits", True)

    def do(shard: Shard) -> Any:
        # sums of some engines depend on all that is in a batch: there, batches are blocks
        pieces = [shard] if together else blocks_of(shard)
        with one_blas_thread():
            parts = [generate(**arguments, engine=found.engine, only=piece) for piece in pieces]
        return _kept(joined(parts, [np.arange(piece.first, piece.stop) for piece in pieces]))

    return do


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
