"""The products of a step without noise and update, shared out as in a step: what a step is measured against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.engines.laws import aligned
from thermozoo.dynamics.engines.packing import pack
from thermozoo.dynamics.engines.products import BLOCK, dense_lanes, dense_rows
from thermozoo.dynamics.engines.team import barrier, counters, run_threads, take
from thermozoo.dynamics.engines.vectors import LINE
from thermozoo.errors import ShapeError

__all__ = ["products_alone"]


def _repeat_lanes(
    member: int, team: int, shared: Any, repeats: int, group: int, size: int, states: Any, forces: Any, table: Any,
    packed: Any, blocks: int,
) -> None:  # fmt: skip
    panels = states.size // size
    while True:
        panel = take(shared) * group
        if panel >= panels:
            break
        count = min(group, panels - panel)
        for _ in range(repeats):
            dense_lanes(forces, member * group * size, states, panel * size, size, count, table, packed, 0, blocks)


def _repeat_rows(
    member: int, team: int, shared: Any, repeats: int, group: int, size: int, states: Any, forces: Any, table: Any,
    packed: Any, blocks: int,
) -> None:  # fmt: skip
    panels = states.size // size
    if team > 1:
        first, last = blocks * member // team, blocks * (member + 1) // team
        for panel in range(panels):
            for _ in range(repeats):
                dense_rows(forces, 0, states, panel * size, size, 1, table, packed, first, last)
                barrier(shared, team)
        return
    while True:
        panel = take(shared) * group
        if panel >= panels:
            break
        count = min(group, panels - panel)
        for _ in range(repeats):
            dense_rows(forces, member * group * size, states, panel * size, size, count, table, packed, 0, blocks)


_jit = njit(error_model="numpy", nogil=True)
_lanes = _jit(_repeat_lanes)
_rows = _jit(_repeat_rows)


def products_alone(dynamics: Dynamics, batch: int, threads: int) -> Callable[[int], None]:
    """Return a function that multiplies a batch of states by dense couplings n times.

    Raises
    ------
    ShapeError
        When the couplings are sparse: their product is not a thing apart in the kernel.
    """
    computer, dtype = dynamics.one_computer, dynamics.dtype
    if computer.couplings.blocks is None:
        raise ShapeError("the products of sparse couplings are not done apart from the rest of a step")
    chosen = CompiledEngine(threads).prepare(dynamics).arrangement(batch, 1000)
    lanes = 1 if chosen.rows else LINE // np.dtype(dtype).itemsize
    panels = -(-batch // lanes)
    blocks = -(-computer.n // BLOCK)
    size = (blocks + 1) * BLOCK * lanes
    states = aligned(panels * size, dtype)
    states += np.random.default_rng(0).standard_normal(states.size).astype(dtype)
    forces = aligned(chosen.threads * chosen.group * size, dtype)
    couplings = pack(computer, dtype, lanes=not chosen.rows)
    team = chosen.threads if chosen.together else 1
    repeat = _rows if chosen.rows else _lanes

    def work(n: int) -> None:
        shared = counters()
        run_threads(
            lambda member: repeat(
                member, team, shared, n, chosen.group, size, states, forces, couplings.table, couplings.packed, blocks
            ),
            chosen.threads,
        )

    return work
