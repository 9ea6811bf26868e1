r"""Products of matrices in training at the speed of multiply-adds, with bits that depend on nothing but the numbers.

A matrix lies in panels: as many columns as a cache line holds side by side, [panel][row][column of the panel]. States
of a stretch of steps are such a matrix, steps by units, and so is a block of J, rows by columns. Products of such
matrices need no rearrangement,

.. math:: C = A B, \qquad C = A^T B,

line by line: a line of C is the sum over k, ascending, of numbers of A times lines of B, each step rounded once. So
every number of C has the same bits however many threads share the tiles of C, and whatever vectors the processor has.
Rows and columns are filled up with zeros to whole lines.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from thermozoo.dynamics.engines.line_access import load_line, number_at, put_line, put_number
from thermozoo.dynamics.engines.products import accumulate
from thermozoo.dynamics.engines.vectors import DOUBLE, INT64, LINE, Vector, load, spread, store, vector_bytes

__all__ = [
    "DEPTH", "add_product", "add_to_double", "clear", "pack_panel", "product_of_transpose", "transpose",
]  # fmt: skip

#: Terms of a sum that are added in the precision of the states; such sums are added up in double precision where the
#: gradient of a whole stretch is wanted. Lines of A and B of this many terms stay in the first-level cache.
DEPTH = 256


#: Whether registers hold a line, and there are enough of them for as many sums as a line has numbers; else a tile has
#: four rows.
_LONG, _ROWS = vector_bytes() == LINE, 4


def _size(pointer: Any) -> int:
    return 4 if pointer.type.pointee == ir.FloatType() else 8


def _place(context: Any, builder: Any, kind: Any, value: Any, index: Any) -> Any:
    data = context.make_array(kind)(context, builder, value).data
    return builder.gep(data, [index])


def _tile(transposed: bool) -> Any:
    """Return the intrinsic that adds a tile of A B, or of A^T B, to a tile of C."""

    def typer(typing: Any, c: Any, to: Any, a: Any, left: Any, far: Any, b: Any, right: Any, depth: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
            sums, one, two = (_place(context, builder, sig.args[i], arguments[i], arguments[i + 1]) for i in (0, 2, 5))
            stride, depth = arguments[4], arguments[7]
            line = LINE // _size(sums)
            bits = line.bit_length() - 1

            def factors(k: Any, r: int) -> tuple[Vector, Vector]:
                if transposed:
                    at = builder.add(builder.shl(k, ir.Constant(INT64, bits)), ir.Constant(INT64, r))
                else:
                    panel = builder.mul(builder.lshr(k, ir.Constant(INT64, bits)), stride)
                    inside = builder.and_(k, ir.Constant(INT64, line - 1))
                    at = builder.add(builder.add(panel, inside), ir.Constant(INT64, r * line))
                number = spread(builder, builder.load(builder.gep(one, [at])), line)
                return number, load(builder, two, builder.shl(k, ir.Constant(INT64, bits)), line)

            first = [ir.Constant(INT64, r * line) for r in range(line if _LONG else _ROWS)]
            accumulate(builder, sums, first, depth, factors)
            return context.get_dummy_value()

        number = types.int64
        return types.void(c, number, a, number, number, b, number, number), lower

    def apart(typing: Any, c: Any, to: Any, a: Any, left: Any, far: Any, b: Any, right: Any, depth: Any) -> Any:
        return typer(typing, c, to, a, left, far, b, right, depth)

    return intrinsic(apart)


_tile_of_product, _tile_of_transpose = _tile(False), _tile(True)


def _add_to_double(typing: Any, total: Any, to: Any, values: Any, at: Any) -> Any:
    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        sums = _place(context, builder, sig.args[0], arguments[0], arguments[1])
        more = _place(context, builder, sig.args[2], arguments[2], arguments[3])
        line, zero = LINE // _size(more), ir.Constant(INT64, 0)
        added = load(builder, sums, zero, line) + load(builder, more, zero, line).to(DOUBLE)
        store(builder, added, sums, zero)
        return context.get_dummy_value()

    return types.void(total, types.int64, values, types.int64), lower


#: ``add_to_double(total, to, values, at)``: add a line of numbers to as many sums in double precision.
add_to_double = intrinsic(_add_to_double)


def _clear(array: Any, at: int, count: int) -> None:
    """Write `count` zeros from `at` on."""
    line = LINE // array.itemsize
    for i in range(at, at + count, line):
        put_line(array, i, 0.0)


def _add_product(c: Any, to: int, a: Any, left: int, far: int, b: Any, right: int, rows: int, depth: int) -> None:
    """Add A B to `rows` rows of one panel of C; panels of A are `far` numbers apart."""
    line = LINE // c.itemsize
    high = line if _LONG else _ROWS
    for start in range(0, depth, DEPTH):
        terms = min(DEPTH, depth - start)
        for row in range(0, rows, high):
            source = left + start // line * far + row * line
            _tile_of_product(c, to + row * line, a, source, far, b, right + start * line, terms)


def _product_of_transpose(c: Any, to: int, a: Any, left: int, b: Any, right: int, depth: int) -> None:
    """Add A^T B, a square of as many rows as a line has numbers, to rows of C; of one panel of A and one of B."""
    line = LINE // c.itemsize
    high = line if _LONG else _ROWS
    for row in range(0, line, high):
        _tile_of_transpose(c, to + row * line, a, left + row, 0, b, right, depth)


def _pack_panel(panel: Any, to: int, states: Any, at: int, stride: int, rows: int, count: int) -> None:
    """Copy `count` columns of `rows` rows of states, `stride` numbers apart, to a panel; the rest of it stays."""
    line = LINE // panel.itemsize
    if count == line:
        for row in range(rows):
            put_line(panel, to + row * line, load_line(states, at + row * stride))
        return
    for row in range(rows):
        for i in range(count):
            put_number(panel, to + row * line + i, number_at(states, at + row * stride + i))


def _transpose(out: Any, to: int, panel: Any, at: int) -> None:
    """Write the transpose of a square of as many rows as a line has numbers."""
    line = LINE // out.itemsize
    for row in range(line):
        for column in range(line):
            put_number(out, to + column * line + row, number_at(panel, at + row * line + column))


_jit = njit(error_model="numpy", nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)
clear = _jit(_clear)
add_product = _jit(_add_product)
product_of_transpose = _jit(_product_of_transpose)
pack_panel = _jit(_pack_panel)
transpose = _jit(_transpose)
