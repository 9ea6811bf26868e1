"""Threads that share out tasks, or work on one task together, without a threading layer of a compiler.

Compiled kernels release the interpreter's lock, so plain threads are enough. They share an array of counters: a thread
takes the next task by an atomic addition, or waits for the others at a barrier.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from thermozoo.dynamics.engines.compiling import PART
from thermozoo.dynamics.engines.vectors import INT64

__all__ = ["PASSED", "barrier", "counters", "take", "take_of"]

#: Where the counters count the barriers that were passed; who changes it opens the barrier at which others wait.
PASSED = 16

#: Looks at a barrier before the processor is offered to another thread.
_PATIENCE = 2000


def counters(more: int = 0) -> npt.NDArray[np.int64]:
    """Return fresh counters, each on a cache line of its own: next task, arrived threads, barriers passed, `more`."""
    return np.zeros(24 + 8 * more, dtype=np.int64)


def _atomic(kind: str) -> Any:
    def typer(typing: Any, shared: Any, index: Any, *value: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
            data = context.make_array(sig.args[0])(context, builder, arguments[0]).data
            place = builder.gep(data, [arguments[1]])
            if kind == "add":
                return builder.atomic_rmw("add", place, arguments[2], "seq_cst")
            if kind == "load":
                return builder.load_atomic(place, "acquire", 8)
            builder.store_atomic(arguments[2], place, "release", 8)
            return context.get_dummy_value()

        result = types.void if kind == "store" else types.int64
        return result(shared, types.int64, *[types.int64 for _ in value]), lower

    if kind == "load":
        return intrinsic(lambda typing, shared, index: typer(typing, shared, index))
    return intrinsic(lambda typing, shared, index, value: typer(typing, shared, index, value))


_add, _load, _store = _atomic("add"), _atomic("load"), _atomic("store")


def _offer(typing: Any) -> Any:
    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        if hasattr(os, "sched_yield"):
            kind = ir.FunctionType(ir.IntType(32), [])
            name = "sched_yield"
            function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
            builder.call(function, [])
        return ir.Constant(INT64, 0)

    return types.int64(), lower


_offer_processor = intrinsic(_offer)


def _take(shared: Any) -> int:
    """Return the number of the next task that nobody has taken."""
    return _add(shared, 0, 1)  # type: ignore[no-any-return]


def _take_of(shared: Any, place: int) -> int:
    """Return the number of the next task of a counter of its own that nobody has taken."""
    return _add(shared, place, 1)  # type: ignore[no-any-return]


def _barrier(shared: Any, members: int) -> None:
    """Wait until `members` threads are here."""
    if members > 1:
        passed = _load(shared, PASSED)
        if _add(shared, 8, 1) == members - 1:
            _store(shared, 8, 0)
            _add(shared, PASSED, 1)
        else:
            looks = 0
            while _load(shared, PASSED) == passed:
                looks += 1
                if looks > _PATIENCE:
                    _offer_processor()


_jit = njit(**PART)
take = _jit(_take)
take_of = _jit(_take_of)
barrier = _jit(_barrier)
