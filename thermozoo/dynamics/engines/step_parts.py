"""The parts of a step that are the same for every formula: external forces, work, records, copies."""

from __future__ import annotations

from typing import Any

from numba import njit

from thermozoo.dynamics.engines.line_access import (
    load_line,
    number_at,
    put_line,
    put_line_between,
    put_number,
    spread_number,
)
from thermozoo.dynamics.engines.products import BLOCK
from thermozoo.dynamics.engines.vectors import LINE

__all__ = [
    "add_work", "clear_blocks", "copy_blocks", "external_batch", "external_unit", "finish_work", "multiply_batch",
    "multiply_unit", "record_batch", "record_unit",
]  # fmt: skip

_jit = njit(error_model="numpy", nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _external_batch(
    force: Any, at: int, bias: Any, first: int, last: int, signal: Any, origin: int, intensity: float
) -> None:
    """Write b - a s of the blocks from `first` to before `last`; signals lie from `origin` on (none: < 0)."""
    line = LINE // force.itemsize
    for unit in range(first * BLOCK, last * BLOCK):
        value = spread_number(bias, unit)
        if origin >= 0:
            value = value - intensity * load_line(signal, origin + unit * line)
        put_line(force, at + unit * line, value)


def _external_unit(
    force: Any, at: int, bias: Any, first: int, last: int, signal: Any, origin: int, intensity: float
) -> None:
    """Do the same for one trajectory."""
    for unit in range(first * BLOCK, last * BLOCK, LINE // force.itemsize):
        value = load_line(bias, unit)
        if origin >= 0:
            value = value - intensity * load_line(signal, origin + unit)
        put_line(force, at + unit, value)


def _multiply_batch(
    imposed: Any, to: int, signal: Any, origin: int, intensities: Any, k: int, runs: Any, first: int, last: int
) -> None:
    """Write a s of one chunk in step k, on the units of the blocks from `first` to before `last`.

    Each run of units feels the intensity of its protocol.
    """
    line = LINE // signal.itemsize
    for run in range(runs.shape[0]):
        value = intensities[k, runs[run, 2]]
        for unit in range(max(runs[run, 0], first * BLOCK), min(runs[run, 1], last * BLOCK)):
            put_line(imposed, to + unit * line, value * load_line(signal, origin + unit * line))


def _multiply_unit(
    imposed: Any, to: int, signal: Any, origin: int, intensities: Any, k: int, runs: Any, first: int, last: int
) -> None:
    """Do the same for one trajectory."""
    line = LINE // signal.itemsize
    for run in range(runs.shape[0]):
        value = intensities[k, runs[run, 2]]
        begin, end = max(runs[run, 0], first * BLOCK), min(runs[run, 1], last * BLOCK)
        for unit in range(begin // line * line, end, line):
            put_line_between(imposed, to + unit, value * load_line(signal, origin + unit), begin - unit, end - unit)


def _add_work(
    partial: Any,
    at: int,
    state: Any,
    origin: int,
    width: int,
    sources: Any,
    which: Any,
    shares: Any,
    protocols: Any,
    k: int,
    row: int,
    rows: int,
    first: int,
    last: int,
) -> None:
    """Write s . x of every block from `first` to before `last`, for one chunk's trajectories, in double precision.

    Of several protocols, each unit's term is multiplied by the share of its protocol in step k.
    """
    units, several = sources.shape[1], protocols.size > 0
    for m in range(min(width, rows - row)):
        source = which[row + m]
        for block in range(first, last):
            total = 0.0
            begin, end = block * BLOCK, min(units, (block + 1) * BLOCK)
            if several:
                for u in range(begin, end):
                    signal = shares[k, protocols[u]] * sources[source, u]
                    total += signal * float(number_at(state, origin + u * width + m))
            else:
                for u in range(begin, end):
                    total += sources[source, u] * float(number_at(state, origin + u * width + m))
            put_number(partial, at + block * width + m, total)


def _finish_work(
    worked: Any, partial: Any, at: int, width: int, row: int, rows: int, blocks: int, change: float
) -> None:
    """Add the work of one step to the trajectories of one chunk."""
    for m in range(min(width, rows - row)):
        total = 0.0
        for block in range(blocks):
            total += number_at(partial, at + block * width + m)
        worked[row + m] -= change * total


def _record_batch(record: Any, k: int, row: int, rows: int, state: Any, origin: int, first: int, last: int) -> None:
    """Write the states of one chunk as rows, on the units of the blocks from `first` to before `last`."""
    line = LINE // state.itemsize
    units = record.shape[2]
    for block in range(first, last):
        for m in range(min(line, rows - row)):
            for u in range(block * BLOCK, min(units, (block + 1) * BLOCK)):
                record[k, row + m, u] = number_at(state, origin + u * line + m)


def _record_unit(record: Any, k: int, row: int, rows: int, state: Any, origin: int, first: int, last: int) -> None:
    """Do the same for one trajectory."""
    for u in range(first * BLOCK, min(record.shape[2], last * BLOCK)):
        record[k, row, u] = number_at(state, origin + u)


def _copy_blocks(source: Any, origin: int, target: Any, to: int, first: int, last: int, size: int) -> None:
    """Copy the blocks from `first` to before `last`, each `size` numbers wide."""
    for i in range(first * size, last * size, LINE // source.itemsize):
        put_line(target, to + i, load_line(source, origin + i))


def _clear_blocks(target: Any, to: int, first: int, last: int, size: int) -> None:
    """Write zeros into the blocks from `first` to before `last`, each `size` numbers wide."""
    for i in range(first * size, last * size, LINE // target.itemsize):
        put_line(target, to + i, 0.0)


external_batch = _jit(_external_batch)
external_unit = _jit(_external_unit)
multiply_batch = _jit(_multiply_batch)
multiply_unit = _jit(_multiply_unit)
add_work = _jit(_add_work)
finish_work = _jit(_finish_work)
record_batch = _jit(_record_batch)
record_unit = _jit(_record_unit)
copy_blocks = _jit(_copy_blocks)
clear_blocks = _jit(_clear_blocks)
