r"""Products of couplings and states at the speed of the machine's multiply-adds, with bits that depend on nothing else.

States of as many trajectories as a cache line holds lie side by side, [unit][trajectory]. A product then needs no
rearrangement of states: a tile of J, packed [column][row], is multiplied number by number with lines of states,

    f_(r, m) <- f_(r, m) + J_rk x_(k, m),   r in a tile of rows that fits the registers, m in a line, k ascending,

each step rounded once. A general matrix product rearranges both operands at every call, which costs more than the
product itself for a few trajectories. One trajectory by itself uses lines of units instead, with J packed
[column][unit], and the same order of k. So the force on a unit has the same bits whether its trajectory is alone or one
of many, however many threads there are, and whatever vectors the processor has.

Couplings that are sparse are compressed rows, in slices for one trajectory; entries are added in the order of columns.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from thermozoo.dynamics.engines.compiling import PART
from thermozoo.dynamics.engines.line_access import gather_line, load_line, number_at, put_line, spread_number
from thermozoo.dynamics.engines.lines import fused
from thermozoo.dynamics.engines.vectors import INT64, LINE, Vector, load, spread, store, vector_bytes

__all__ = ["BLOCK", "DEPTH", "TILE", "accumulate", "dense_batch", "dense_unit", "sparse_batch", "sparse_unit"]

#: Rows of a tile: as many lines of sums as leave registers for a line of states and for J.
TILE = 16 if vector_bytes() == LINE else 6

#: Columns of a tile: this many lines of states stay in the first-level cache while all tiles pass.
DEPTH = 256

#: Units in a block of noise, in which everything else is aligned.
BLOCK = 64


def accumulate(builder: Any, sums: Any, first: list[Any], depth: Any, line: Any) -> None:
    """Write a loop over k that adds products to lines of numbers; `line(k, r)` returns the two factors."""
    lines = [load(builder, sums, index, LINE // _size(sums)) for index in first]
    before, zero = builder.block, ir.Constant(INT64, 0)
    body, after = builder.append_basic_block("column"), builder.append_basic_block("columns")
    builder.cbranch(builder.icmp_signed(">", depth, zero), body, after)
    builder.position_at_end(body)
    k = builder.phi(INT64)
    k.add_incoming(zero, before)
    running = []
    for vector in lines:
        phi = builder.phi(vector.value.type)
        phi.add_incoming(vector.value, before)
        running.append(phi)
    added = []
    for r, phi in enumerate(running):
        factor, other = line(k, r)
        added.append(factor.times(other, Vector(builder, phi)).value)
    following = builder.add(k, ir.Constant(INT64, 1))
    k.add_incoming(following, builder.block)
    for phi, value in zip(running, added, strict=True):
        phi.add_incoming(value, builder.block)
    end = builder.block
    builder.cbranch(builder.icmp_signed("<", following, depth), body, after)
    builder.position_at_end(after)
    results = [builder.phi(vector.value.type) for vector in lines]
    for phi, vector, value in zip(results, lines, added, strict=True):
        phi.add_incoming(vector.value, before)
        phi.add_incoming(value, end)
    for phi, index in zip(results, first, strict=True):
        store(builder, Vector(builder, phi), sums, index)


def _size(pointer: Any) -> int:
    return 4 if pointer.type.pointee == ir.FloatType() else 8


def _pointers(context: Any, builder: Any, signature: Any, arguments: Any) -> list[Any]:
    """Return pointers to the places (array, index), (array, index), ... that arguments name."""
    places = []
    for i in range(0, 6, 2):
        data = context.make_array(signature.args[i])(context, builder, arguments[i]).data
        places.append(builder.gep(data, [arguments[i + 1]]))
    return places


def _tile_signature(packed: Any, state: Any, force: Any) -> Any:
    number = types.int64
    return types.void(packed, number, state, number, force, number, number)


def _tile_of_batch(typing: Any, packed: Any, p: Any, state: Any, s: Any, force: Any, f: Any, depth: Any) -> Any:
    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        j, x, sums = _pointers(context, builder, sig, arguments)
        count = LINE // _size(x)

        def line(k: Any, r: int) -> tuple[Vector, Vector]:
            at = builder.add(builder.mul(k, ir.Constant(INT64, TILE)), ir.Constant(INT64, r))
            coupling = spread(builder, builder.load(builder.gep(j, [at])), count)
            return coupling, load(builder, x, builder.mul(k, ir.Constant(INT64, count)), count)

        first = [ir.Constant(INT64, r * count) for r in range(TILE)]
        accumulate(builder, sums, first, arguments[6], line)
        return context.get_dummy_value()

    return _tile_signature(packed, state, force), lower


def _tile_of_unit(typing: Any, packed: Any, p: Any, state: Any, s: Any, force: Any, f: Any, depth: Any) -> Any:
    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        j, x, sums = _pointers(context, builder, sig, arguments)
        count = LINE // _size(x)

        def line(k: Any, r: int) -> tuple[Vector, Vector]:
            at = builder.add(builder.mul(k, ir.Constant(INT64, 4 * count)), ir.Constant(INT64, r * count))
            return spread(builder, builder.load(builder.gep(x, [k])), count), load(builder, j, at, count)

        first = [ir.Constant(INT64, r * count) for r in range(4)]
        accumulate(builder, sums, first, arguments[6], line)
        return context.get_dummy_value()

    return _tile_signature(packed, state, force), lower


_batch_tile = intrinsic(_tile_of_batch)
_unit_tile = intrinsic(_tile_of_unit)


def _dense_batch(
    force: Any, to: int, stride: int, state: Any, origin: int, size: int, count: int, table: Any, packed: Any,
    first: int, last: int,
) -> None:  # fmt: skip
    """Add J x to the forces, from `to` on, of `count` chunks of states, from `origin` on.

    Forces of chunks are `stride` numbers apart, states `size`.
    Here `first` and `last`, the blocks of units that are asked for, are always all blocks.
    """
    line = LINE // state.itemsize
    for entry in range(table.shape[0]):
        row, tiles, column, columns, place = table[entry]
        for start in range(0, columns, DEPTH):
            depth = min(DEPTH, columns - start)
            for tile in range(tiles):
                for g in range(count):
                    source = origin + g * size + (column + start) * line
                    target = to + g * stride + (row + tile * TILE) * line
                    _batch_tile(packed, place, state, source, force, target, depth)
                place += depth * TILE


def _dense_unit(
    force: Any, to: int, stride: int, state: Any, origin: int, size: int, count: int, table: Any, packed: Any,
    first: int, last: int,
) -> None:  # fmt: skip
    """Do the same for `count` trajectories, on the units of the blocks from `first` to before `last`."""
    wide = 4 * LINE // state.itemsize
    for entry in range(table.shape[0]):
        row, tiles, column, columns, place = table[entry]
        for tile in range(tiles):
            unit = row + tile * wide
            if first * BLOCK <= unit < last * BLOCK:
                for g in range(count):
                    start = place + tile * columns * wide
                    source, target = origin + g * size + column, to + g * stride + unit
                    _unit_tile(packed, start, state, source, force, target, columns)


def _sparse_batch(
    force: Any, at: int, state: Any, origin: int, begin: int, end: int, starts: Any, columns: Any, values: Any,
    count: int, size: int,
) -> None:  # fmt: skip
    """Add J x to the forces, from `at` on, of the units from `begin` to before `end`.

    Forces and states of `count` chunks are `size` numbers apart.
    """
    line = LINE // state.itemsize
    for unit in range(begin, end):
        low, high = number_at(starts, unit), number_at(starts, unit + 1)
        for g in range(count):
            total = load_line(force, at + g * size + unit * line)
            for entry in range(low, high):
                other = load_line(state, origin + g * size + number_at(columns, entry) * line)
                total = fused(spread_number(values, entry), other, total)
            put_line(force, at + g * size + unit * line, total)


def _sparse_unit(
    force: Any, at: int, state: Any, origin: int, begin: int, end: int, starts: Any, columns: Any, values: Any,
    count: int, size: int,
) -> None:  # fmt: skip
    """Do the same for one trajectory, whose rows are sliced: as many rows as a line holds lie side by side."""
    line = LINE // state.itemsize
    scattered = values.size // line
    part = begin // line
    # slices follow each other, and so do their heads: to divide for each of them takes longer than the product
    counted = number_at(starts, part) // line
    for unit in range(begin, end, line):
        total = load_line(force, at + unit)
        for entry in range(number_at(starts, part), number_at(starts, part + 1), line):
            head = number_at(columns, counted)  # see `thermozoo.dynamics.engines.packing`
            counted += 1
            if head >= 0:
                other = load_line(state, origin + head)
            else:
                other = gather_line(state, origin, columns, scattered - (head + 1) * line)
            total = fused(load_line(values, entry), other, total)
        part += 1
        put_line(force, at + unit, total)


_jit = njit(**PART)
dense_batch = _jit(_dense_batch)
dense_unit = _jit(_dense_unit)
sparse_batch = _jit(_sparse_batch)
sparse_unit = _jit(_sparse_unit)
