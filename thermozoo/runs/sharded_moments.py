"""Training by sampled moments in shards of noising trajectories, whose sums come together in the order of blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.runs.memory import moments_bytes
from thermozoo.runs.noised import read_noising, write_noising
from thermozoo.runs.phase import Run, Size
from thermozoo.runs.sharing import Work, opened, shared
from thermozoo.runs.training import sampling_shared
from thermozoo.shards.cutting import BLOCK, Shard
from thermozoo.training.least_squares.normal_equations import NormalEquations
from thermozoo.training.sampled.moment_blocks import MomentBlocks
from thermozoo.training.sampled.moments import SampledMoments, SumUp, judging, sum_up_here

__all__ = ["sum_up_for", "summing_of"]


def sum_up_for(run: Run, part: int) -> SumUp:
    """Return who sums up noising trajectories for a part of a run's machine: its workers, or its own process.

    Workers do it where the config has a table ``[run]``, unless all trajectories are one block, which is no work to be
    cut.
    """
    machine = run.machine.parts[part]

    def sum_up(
        moments: SampledMoments, judge: npt.NDArray[np.bool_], progress: Callable[[int], None] | None = None
    ) -> tuple[list[NormalEquations], list[NormalEquations]]:
        each = -(-moments_bytes(Size.of(run.config, machine), len(judge)) // BLOCK)
        work = Work(
            summing_of,
            {"part": part},
            len(judge),
            each,
            lambda folder: write_noising(machine, folder),
            together=BLOCK,
        )
        blocks = MomentBlocks(moments, judge)
        for _, read in shared(run, work, progress):
            for value in read():
                blocks.put(value)
        return blocks.equations()

    return sum_up if sampling_shared(run.config, "moments", machine.images) else sum_up_here


def summing_of(folder: Path, about: Mapping[str, Any], here: str) -> Callable[[Shard], Any]:
    """Return what sums up the noising trajectories of a shard, in a worker; see `thermozoo.runs.sharing`."""
    noised = read_noising(opened(folder, about, here), folder)
    (process,), table = noised.processes, noised.config.training
    moments = SampledMoments(
        noised.computer, process, noised.loss, noised.config.seed, table.windows, table.potential_parameters
    )
    judge = judging(table.cycles, len(process.signals))

    def do(shard: Shard) -> Any:
        blocks = MomentBlocks(moments, judge)
        with one_blas_thread():
            blocks.follow(shard)
            return list(blocks.taken())

    return do
