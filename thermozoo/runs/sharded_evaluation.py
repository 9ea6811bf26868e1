"""Evaluation in shards of held-out noising trajectories: each is judged with those of its block, wherever it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thermozoo.computer.files import load_all
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.runs.evaluation import evaluate_parts, evaluation_shared, held_out_each, mean_over_programs
from thermozoo.runs.memory import held_out_bytes
from thermozoo.runs.noised import read_noising, write_noising
from thermozoo.runs.phase import Run, Size
from thermozoo.runs.sharing import Work, opened, share
from thermozoo.shards.cutting import BLOCK, Shard, blocks_of
from thermozoo.training.evaluate import HeldOut, Judged, judge_trajectories

__all__ = ["evaluate_trained", "judging_of"]

_TRAINED = "trained.nc"


def evaluate_trained(run: Run) -> tuple[float, HeldOut]:
    """Evaluate what a run has trained; see `thermozoo.runs.evaluation.evaluate_parts`.

    Where its config has a table ``[run]``, workers do it, unless all trajectories are one block, which is no work to be
    cut.
    """
    machine, outcome = run.machine, run.outcome
    if not evaluation_shared(run.config):
        return evaluate_parts(machine, outcome.engine, outcome.trained)
    count = held_out_each(run.config)

    def write(folder: Path) -> None:
        outcome.save(folder / _TRAINED)
        write_noising(machine, folder)

    work = Work(
        judging_of,
        {"parameters": outcome.digest},
        count * len(machine.parts),
        held_out_bytes(Size.of(run.config, machine)),
        write,
        together=BLOCK,
    )
    kept = [product for _, product in share(run, work)]
    losses = np.concatenate([one["losses"] for one in kept], axis=1)
    gain = None if kept[0]["gain"] is None else np.concatenate([one["gain"] for one in kept])
    found = []
    for k, part in enumerate(machine.parts):
        mine = slice(k * count, (k + 1) * count)
        judged = Judged(np.ascontiguousarray(losses[:, mine]), None if gain is None else gain[mine])
        found.append(judged.figures(part.noising.steps))
    return mean_over_programs(found)


def judging_of(folder: Path, about: Mapping[str, Any], here: str) -> Callable[[Shard], Any]:
    """Return what judges the held-out trajectories of a shard, in a worker; see `thermozoo.runs.sharing`.

    The programs of classes have as many each, one after the other.
    """
    found = opened(folder, about, here)
    noised = read_noising(found, folder)
    trained = load_all(folder / _TRAINED, found.catalogue)
    programs = list(trained.values()) if isinstance(trained, dict) else [trained]
    count = held_out_each(noised.config)

    def do(shard: Shard) -> Any:
        judged = []
        with one_blas_thread():
            for part, numbers in _of_programs(shard, count):
                process = noised.processes[part]
                judged.append(
                    judge_trajectories(
                        programs[part], process, noised.loss, numbers, seed=noised.config.seed, first=part * count
                    )
                )
        gains = [one.gain for one in judged if one.gain is not None]
        return {
            "losses": np.concatenate([one.losses for one in judged], axis=1),
            "gain": np.concatenate(gains) if gains else None,
        }

    return do


def _of_programs(shard: Shard, count: int) -> Iterator[tuple[int, np.ndarray[Any, np.dtype[np.int64]]]]:
    """Yield what is judged in one batch: trajectories of a block that are of one program, by their numbers in it."""
    for block in blocks_of(shard):
        for part in range(block.first // count, (block.stop - 1) // count + 1):
            first, stop = max(block.first, part * count), min(block.stop, (part + 1) * count)
            yield part, np.arange(first - part * count, stop - part * count)
