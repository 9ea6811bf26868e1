"""The parts of a step that are the same for every formula: external forces, work, records, copies."""

from __future__ import annotations

from typing import Any

from numba import njit

from thermozoo.dynamics.engines.compiling import PART
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
    "add_work", "clear_blocks", "copy_numbers", "external_batch", "external_unit", "finish_work", "multiply_batch",
    "multiply_unit", "record_batch", "record_unit",
]  # fmt: skip

_jit = njit(**PART)


def _external_batch(
    force: Any, at: int, bias: Any, begin: int, end: int, signal: Any, origin: int, intensity: float, count: int,
    size: int,
) -> None:  # fmt: skip
    """Write b - a s of the units from `begin` to before `end`, of `count` chunks that are `size` numbers apart.

    Signals lie from `origin` on (none: < 0).
    """
    line = LINE // force.itemsize
    for unit in range(begin, end):
        own = spread_number(bias, unit)
        for g in range(count):
            value = own
            if origin >= 0:
                value = value - intensity * load_line(signal, origin + g * size + unit * line)
            put_line(force, at + g * size + unit * line, value)


def _external_unit(
    force: Any, at: int, bias: Any, begin: int, end: int, signal: Any, origin: int, intensity: float, count: int,
    size: int,
) -> None:  # fmt: skip
    """Do the same for trajectories by themselves."""
    for g in range(count):
        for unit in range(begin, end, LINE // force.itemsize):
            value = load_line(bias, unit)
            if origin >= 0:
                value = value - intensity * load_line(signal, origin + g * size + unit)
            put_line(force, at + g * size + unit, value)


def _multiply_batch(
    imposed: Any, to: int, signal: Any, origin: int, intensities: Any, k: int, runs: Any, begin: int, end: int
) -> None:
    """Write a s of one chunk in step k, on the units from `begin` to before `end`.

    Each run of units feels the intensity of its protocol.
    """
    line = LINE // signal.itemsize
    for run in range(runs.shape[0]):
        value = intensities[k, runs[run, 2]]
        for unit in range(max(runs[run, 0], begin), min(runs[run, 1], end)):
            put_line(imposed, to + unit * line, value * load_line(signal, origin + unit * line))


def _multiply_unit(
    imposed: Any, to: int, signal: Any, origin: int, intensities: Any, k: int, runs: Any, begin: int, end: int
) -> None:
    """Do the same for one trajectory."""
    line = LINE // signal.itemsize
    for run in range(runs.shape[0]):
        value = intensities[k, runs[run, 2]]
        low, high = max(runs[run, 0], begin), min(runs[run, 1], end)
        for unit in range(low // line * line, high, line):
            put_line_between(imposed, to + unit, value * load_line(signal, origin + unit), low - unit, high - unit)


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


def _record_batch(record: Any, k: int, row: int, rows: int, state: Any, origin: int, begin: int, end: int) -> None:
    """Write the states of one chunk as rows, on the units from `begin` to before `end`."""
    line = LINE // state.itemsize
    for first in range(begin, end, BLOCK):
        for m in range(min(line, rows - row)):
            for u in range(first, min(end, first + BLOCK)):
                record[k, row + m, u] = number_at(state, origin + u * line + m)


def _record_unit(record: Any, k: int, row: int, rows: int, state: Any, origin: int, begin: int, end: int) -> None:
    """Do the same for one trajectory."""
    for u in range(begin, min(record.shape[2], end)):
        record[k, row, u] = number_at(state, origin + u)


def _copy_numbers(source: Any, origin: int, target: Any, to: int, begin: int, end: int) -> None:
    """Copy the numbers from `begin` to before `end`, whole lines."""
    for i in range(begin, end, LINE // source.itemsize):
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
copy_numbers = _jit(_copy_numbers)
clear_blocks = _jit(_clear_blocks)
