"""What kernels that keep fields are written with: lines of whole numbers, where lines differ, a row's sum."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from thermozoo.dynamics.engines.compiling import PART
from thermozoo.dynamics.engines.line_access import number_at
from thermozoo.dynamics.engines.lines import Line
from thermozoo.dynamics.engines.vectors import DOUBLE, INT64, LINE, SINGLE, Vector, load, store

__all__ = ["add_line", "differing", "number_line", "subtract_line", "sum_of_row", "trailing"]


def _data(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return context.make_array(kind)(context, builder, value).data


def _number_line(typing: Any, array: Any, index: Any) -> Any:
    single = array.dtype.bitwidth == 32
    line = Line(types.float32 if single else types.float64, LINE // (4 if single else 8))

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        return load(builder, data, arguments[1], line.count).to(SINGLE if single else DOUBLE).value

    return line(array, types.int64), lower


#: ``number_line(array, index)``: the whole numbers from `index` on as floating ones; nothing is checked.
number_line = intrinsic(_number_line)


def _changed(sign: str) -> Any:
    def typer(typing: Any, array: Any, index: Any, other: Any, place: Any) -> Any:
        def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
            into = _data(context, builder, sig.args[0], arguments[0])
            data = _data(context, builder, sig.args[2], arguments[2])
            count = LINE // (array.dtype.bitwidth // 8)
            here = load(builder, into, arguments[1], count)
            there = load(builder, data, arguments[3], count, other.dtype.bitwidth // 8)
            if other.dtype.bitwidth < array.dtype.bitwidth:
                there = Vector(builder, builder.sext(there.value, here.value.type))
            store(builder, here + there if sign == "+" else here - there, into, arguments[1])
            return context.get_dummy_value()

        return types.void(array, types.int64, other, types.int64), lower

    return intrinsic(lambda typing, array, index, other, place: typer(typing, array, index, other, place))


#: ``add_line(array, index, other, place)``: add numbers of another array of whole
#: numbers, which may be shorter ones; and subtract them.
add_line, subtract_line = _changed("+"), _changed("-")


def _differing(typing: Any, one: Any, other: Any) -> Any:
    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        differ = builder.fcmp_unordered("!=", *arguments)
        return builder.zext(builder.bitcast(differ, ir.IntType(one.count)), INT64)

    return types.int64(one, other), lower


#: ``differing(line, other)``: a bit for each place where two lines of numbers differ.
differing = intrinsic(_differing)


def _trailing(typing: Any, number: Any) -> Any:
    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), lower


#: ``trailing(number)``: the place of the lowest bit that is set; one must be.
trailing = intrinsic(_trailing)


def _sum_of_row(own: Any, zero: Any, entry: int, stop: int, values: Any, others: Any, states: Any, origin: int) -> Any:
    """Return the gradient of a unit as other layouts add it up: by turns into four sums, `own` into the first.

    Products are exact, as states are -1 and 1.
    """
    sum_0, sum_1, sum_2, sum_3 = own, zero, zero, zero
    while entry + 3 < stop:
        sum_0 += number_at(values, entry) * number_at(states, origin + number_at(others, entry))
        sum_1 += number_at(values, entry + 1) * number_at(states, origin + number_at(others, entry + 1))
        sum_2 += number_at(values, entry + 2) * number_at(states, origin + number_at(others, entry + 2))
        sum_3 += number_at(values, entry + 3) * number_at(states, origin + number_at(others, entry + 3))
        entry += 4
    if entry < stop:
        sum_0 += number_at(values, entry) * number_at(states, origin + number_at(others, entry))
    if entry + 1 < stop:
        sum_1 += number_at(values, entry + 1) * number_at(states, origin + number_at(others, entry + 1))
    if entry + 2 < stop:
        sum_2 += number_at(values, entry + 2) * number_at(states, origin + number_at(others, entry + 2))
    return (sum_0 + sum_1) + (sum_2 + sum_3)


sum_of_row = njit(**PART)(_sum_of_row)
