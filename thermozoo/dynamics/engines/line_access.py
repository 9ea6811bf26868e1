"""Reading and writing arrays by whole lines, inside of compiled code. Nothing is checked: kernels know their arrays."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from thermozoo.dynamics.engines.lines import Line, widen
from thermozoo.dynamics.engines.vectors import INT64, LINE, Vector, load, spread, store

__all__ = [
    "gather_line",
    "load_line",
    "number_at",
    "put_line",
    "put_line_between",
    "put_number",
    "spread_number",
]


def _data(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return context.make_array(kind)(context, builder, value).data


def _line_type(array: Any) -> Line:
    return Line(array.dtype, LINE // (array.dtype.bitwidth // 8))


def _load_line(typing: Any, array: Any, index: Any) -> Any:
    line = _line_type(array)

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        return load(builder, data, arguments[1], line.count).value

    return line(array, types.int64), lower


#: ``load_line(array, index)``: the numbers from `index` on; nothing is checked.
load_line = intrinsic(_load_line)


def _gather_line(typing: Any, array: Any, origin: Any, places: Any, index: Any) -> Any:
    line = _line_type(array)

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        base = builder.gep(data, [arguments[1]])
        which = load(builder, _data(context, builder, sig.args[2], arguments[2]), arguments[3], line.count).value
        result = ir.Constant(ir.VectorType(data.type.pointee, line.count), ir.Undefined)
        for k in range(line.count):
            number = ir.Constant(ir.IntType(32), k)
            place = builder.zext(builder.extract_element(which, number), INT64)
            result = builder.insert_element(result, builder.load(builder.gep(base, [place])), number)
        return result

    return line(array, types.int64, places, types.int64), lower


#: ``gather_line(array, origin, places, index)``: the numbers at origin + places[index], and so on.
gather_line = intrinsic(_gather_line)


def _spread_number(typing: Any, array: Any, index: Any) -> Any:
    line = _line_type(array)

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        return spread(builder, builder.load(builder.gep(data, [arguments[1]])), line.count).value

    return line(array, types.int64), lower


#: ``spread_number(array, index)``: the number at `index` in every place.
spread_number = intrinsic(_spread_number)


def _number_at(typing: Any, array: Any, index: Any) -> Any:
    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        return builder.load(builder.gep(data, [arguments[1]]))

    return array.dtype(array, types.int64), lower


#: ``number_at(array, index)``: one number; nothing is checked, a negative index does not count from the end.
number_at = intrinsic(_number_at)


def _put_number(typing: Any, array: Any, index: Any, value: Any) -> Any:
    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        builder.store(arguments[2], builder.gep(data, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(array, types.int64, array.dtype), lower


#: ``put_number(array, index, value)``: write one number.
put_number = intrinsic(_put_number)


def _put_line(typing: Any, array: Any, index: Any, value: Any) -> Any:
    line = _line_type(array)

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        wide = widen(context, builder, arguments[2], sig.args[2], line)
        store(builder, wide, data, arguments[1])
        return context.get_dummy_value()

    return types.void(array, types.int64, value), lower


#: ``put_line(array, index, value)``: write line, or a number into every place.
put_line = intrinsic(_put_line)


def _put_line_between(typing: Any, array: Any, index: Any, value: Any, first: Any, last: Any) -> Any:
    line = _line_type(array)

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        wide = widen(context, builder, arguments[2], sig.args[2], line)
        first, last = arguments[3:]
        whole = builder.and_(
            builder.icmp_signed("<=", first, ir.Constant(INT64, 0)),
            builder.icmp_signed(">=", last, ir.Constant(INT64, line.count)),
        )
        with builder.if_else(whole) as (all_places, some_places):
            with all_places:
                store(builder, wide, data, arguments[1])
            with some_places:
                numbers = ir.Constant(ir.VectorType(INT64, line.count), list(range(line.count)))
                low, high = (spread(builder, bound, line.count).value for bound in (first, last))
                inside = builder.and_(builder.icmp_signed(">=", numbers, low), builder.icmp_signed("<", numbers, high))
                before = load(builder, data, arguments[1], line.count)
                chosen = builder.select(inside, wide.value, before.value)
                store(builder, Vector(builder, chosen), data, arguments[1])
        return context.get_dummy_value()

    return types.void(array, types.int64, value, types.int64, types.int64), lower


#: ``put_line_between(array, index, value, first, last)``: write only the places from `first` to before `last`.
put_line_between = intrinsic(_put_line_between)
