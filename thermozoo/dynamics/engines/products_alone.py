"""The products of a step without noise and update, shared out as in a step: what a step is measured against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from thermozoo.computer.couplings import BilinearCouplings
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.engines.compiled import CompiledEngine, CompiledStepper
from thermozoo.dynamics.engines.laws import aligned
from thermozoo.dynamics.engines.packing import pack
from thermozoo.dynamics.engines.products import BLOCK, dense_batch, dense_unit
from thermozoo.dynamics.engines.thread_group import barrier, counters, take
from thermozoo.dynamics.engines.vectors import LINE
from thermozoo.dynamics.engines.workers import run_threads
from thermozoo.errors import ShapeError

__all__ = ["products_alone"]


def _repeat_batch(
    member: int, members: int, shared: Any, repeats: int, group: int, size: int, states: Any, forces: Any, table: Any,
    packed: Any, blocks: int,
) -> None:  # fmt: skip
    chunks = states.size // size
    at = member * group * size
    while True:
        chunk = take(shared) * group
        if chunk >= chunks:
            break
        count = min(group, chunks - chunk)
        for _ in range(repeats):
            dense_batch(forces, at, size, states, chunk * size, size, count, table, packed, 0, blocks)


def _repeat_unit(
    member: int, members: int, shared: Any, repeats: int, group: int, size: int, states: Any, forces: Any, table: Any,
    packed: Any, blocks: int,
) -> None:  # fmt: skip
    chunks = states.size // size
    if members > 1:
        first, last = blocks * member // members, blocks * (member + 1) // members
        for chunk in range(chunks):
            for _ in range(repeats):
                dense_unit(forces, 0, size, states, chunk * size, size, 1, table, packed, first, last)
                barrier(shared, members)
        return
    at = member * group * size
    while True:
        chunk = take(shared) * group
        if chunk >= chunks:
            break
        count = min(group, chunks - chunk)
        for _ in range(repeats):
            dense_unit(forces, at, size, states, chunk * size, size, count, table, packed, 0, blocks)


_jit = njit(error_model="numpy", nogil=True)
_batch = _jit(_repeat_batch)
_unit = _jit(_repeat_unit)


def products_alone(dynamics: Dynamics, batch: int, threads: int) -> Callable[[int], None]:
    """Return a function that multiplies a batch of states by dense couplings n times.

    Raises
    ------
    ShapeError
        When the couplings are sparse, or by another interaction, or units are discrete: their product is not a thing
        apart in the kernel.
    """
    computer, dtype = dynamics.one_computer, dynamics.dtype
    if not isinstance(computer.couplings, BilinearCouplings):
        raise ShapeError("only couplings by the product of two states are one product that can be done alone")
    if computer.couplings.blocks is None:
        raise ShapeError("the products of sparse couplings are not done apart from the rest of a step")
    stepper = CompiledEngine(threads).prepare(dynamics)
    if not isinstance(stepper, CompiledStepper):
        raise ShapeError("discrete units are updated one color after the other: there is no product of all at once")
    chosen = stepper.arrangement(batch, 1000)
    width = 1 if chosen.unit_layout else LINE // np.dtype(dtype).itemsize
    chunks = -(-batch // width)
    blocks = -(-computer.n // BLOCK)
    size = (blocks + 1) * BLOCK * width
    states = aligned(chunks * size, dtype)
    states += np.random.default_rng(0).standard_normal(states.size).astype(dtype)
    forces = aligned(chosen.threads * chosen.group * size, dtype)
    couplings = pack(computer, dtype, chosen.unit_layout)
    members = chosen.threads if chosen.together else 1
    repeat = _unit if chosen.unit_layout else _batch

    def work(n: int) -> None:
        shared = counters()
        run_threads(
            lambda member: repeat(
                member,
                members,
                shared,
                n,
                chosen.group,
                size,
                states,
                forces,
                couplings.table,
                couplings.packed,
                blocks,
            ),
            chosen.threads,
            shared,
        )

    return work
