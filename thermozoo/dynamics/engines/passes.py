"""The parts of a step that are the same for every formula: external forces, work, records, copies."""

from __future__ import annotations

from typing import Any

from numba import njit

from thermozoo.dynamics.engines.lane_access import load_lanes, number_at, put_lanes, put_number, spread_number
from thermozoo.dynamics.engines.products import BLOCK
from thermozoo.dynamics.engines.vectors import LINE

__all__ = [
    "add_work", "copy_blocks", "external_lanes", "external_rows", "finish_work", "multiply_signals", "record_lanes",
    "record_rows",
]  # fmt: skip

_jit = njit(error_model="numpy", nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def _external_lanes(
    force: Any, at: int, bias: Any, first: int, last: int, signal: Any, origin: int, push: float
) -> None:
    """Write b - a s of the blocks from `first` to before `last`; signals lie from `origin` on (none: < 0)."""
    line = LINE // force.itemsize
    for unit in range(first * BLOCK, last * BLOCK):
        value = spread_number(bias, unit)
        if origin >= 0:
            value = value - push * load_lanes(signal, origin + unit * line)
        put_lanes(force, at + unit * line, value)


def _external_rows(
    force: Any, at: int, bias: Any, first: int, last: int, signal: Any, origin: int, push: float
) -> None:
    """Do the same for one trajectory."""
    for unit in range(first * BLOCK, last * BLOCK, LINE // force.itemsize):
        value = load_lanes(bias, unit)
        if origin >= 0:
            value = value - push * load_lanes(signal, origin + unit)
        put_lanes(force, at + unit, value)


def _multiply_signals(
    imposed: Any, to: int, signal: Any, origin: int, lanes: int, intensities: Any, k: int, runs: Any, first: int,
    last: int,
) -> None:  # fmt: skip
    """Write a s of one panel in step k, on the units of the blocks from `first` to before `last`.

    Each run of units feels the intensity of its protocol.
    """
    for run in range(runs.shape[0]):
        begin, end, protocol = runs[run]
        value = intensities[k, protocol]
        for i in range(max(begin, first * BLOCK) * lanes, min(end, last * BLOCK) * lanes):
            put_number(imposed, to + i, value * number_at(signal, origin + i))


def _add_work(
    partial: Any,
    at: int,
    state: Any,
    origin: int,
    lanes: int,
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
    """Write s . x of every block from `first` to before `last`, for one panel's trajectories, in double precision.

    Of several protocols, each unit's term is multiplied by the share of its protocol in step k.
    """
    units, several = sources.shape[1], protocols.size > 0
    for lane in range(min(lanes, rows - row)):
        source = which[row + lane]
        for block in range(first, last):
            total = 0.0
            begin, end = block * BLOCK, min(units, (block + 1) * BLOCK)
            if several:
                for u in range(begin, end):
                    signal = shares[k, protocols[u]] * sources[source, u]
                    total += signal * float(number_at(state, origin + u * lanes + lane))
            else:
                for u in range(begin, end):
                    total += sources[source, u] * float(number_at(state, origin + u * lanes + lane))
            put_number(partial, at + block * lanes + lane, total)


def _finish_work(
    worked: Any, partial: Any, at: int, lanes: int, row: int, rows: int, blocks: int, change: float
) -> None:
    """Add the work of one step to the trajectories of one panel."""
    for lane in range(min(lanes, rows - row)):
        total = 0.0
        for block in range(blocks):
            total += number_at(partial, at + block * lanes + lane)
        worked[row + lane] -= change * total


def _record_lanes(record: Any, k: int, row: int, rows: int, state: Any, origin: int, first: int, last: int) -> None:
    """Write the states of one panel as rows, on the units of the blocks from `first` to before `last`."""
    line = LINE // state.itemsize
    units = record.shape[2]
    for block in range(first, last):
        for lane in range(min(line, rows - row)):
            for u in range(block * BLOCK, min(units, (block + 1) * BLOCK)):
                record[k, row + lane, u] = number_at(state, origin + u * line + lane)


def _record_rows(record: Any, k: int, row: int, rows: int, state: Any, origin: int, first: int, last: int) -> None:
    """Do the same for one trajectory."""
    for u in range(first * BLOCK, min(record.shape[2], last * BLOCK)):
        record[k, row, u] = number_at(state, origin + u)


def _copy_blocks(source: Any, origin: int, target: Any, to: int, first: int, last: int, width: int) -> None:
    """Copy the blocks from `first` to before `last`, each `width` numbers wide."""
    for i in range(first * width, last * width, LINE // source.itemsize):
        put_lanes(target, to + i, load_lanes(source, origin + i))


external_lanes = _jit(_external_lanes)
external_rows = _jit(_external_rows)
multiply_signals = _jit(_multiply_signals)
add_work = _jit(_add_work)
finish_work = _jit(_finish_work)
record_lanes = _jit(_record_lanes)
record_rows = _jit(_record_rows)
copy_blocks = _jit(_copy_blocks)
