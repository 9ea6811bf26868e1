"""A numba type that is one cache line of numbers, so that generated kernels read like formulas of one unit.

A `Lanes` value holds 16 single or 8 double precision numbers: of as many trajectories, or of as many units. It is
added, multiplied and compared like a number, and the functions of this module are functions of every lane. A `Lanes`
of booleans is the result of a comparison and the first argument of `choose`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_untracked
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

from thermozoo.dynamics.engines.vectors import INT64, LINE, Vector, constant, load, spread, store

__all__ = [
    "FUNCTIONS", "Lanes", "choose", "fused", "load_lanes", "maximum", "minimum", "number_at", "put_lanes",
    "put_lanes_between", "put_number", "spread_number",
]  # fmt: skip


class Lanes(types.Type):  # type: ignore[misc]
    """Type of one cache line of numbers, or of the booleans of a comparison of such."""

    def __init__(self, dtype: Any, count: int) -> None:
        self.dtype, self.count = dtype, count
        super().__init__(name=f"Lanes({dtype}, {count})")

    @property
    def mask(self) -> Lanes:
        """Type of a comparison."""
        return Lanes(types.boolean, self.count)


class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Lanes) -> None:
        element = ir.IntType(1) if kind.dtype == types.boolean else manager.lookup(kind.dtype).get_value_type()
        super().__init__(manager, kind, ir.VectorType(element, kind.count))


register_model(Lanes)(_LanesModel)

_NUMBER = types.Number


def _lanes_of(*arguments: Any) -> Lanes | None:
    """Return the type of the lanes among the arguments, None where there are none or they do not fit."""
    kinds = {a for a in arguments if isinstance(a, Lanes)}
    others = [a for a in arguments if not isinstance(a, (Lanes, _NUMBER))]
    return kinds.pop() if len(kinds) == 1 and not others else None


def _wide(context: Any, builder: Any, value: Any, kind: Any, lanes: Lanes) -> Vector:
    """Return an argument as a vector: a number is converted to the lanes' precision and spread."""
    if isinstance(kind, Lanes):
        return Vector(builder, value)
    return spread(builder, context.cast(builder, value, kind, lanes.dtype), lanes.count)


def _define(function: Any, apply: Callable[..., Vector], count: int, mask: bool = False) -> None:
    """Teach numba a function or operator of `count` lanes or numbers, at least one of them lanes."""

    def typer_factory(context: Any) -> Any:
        def one(a: Any) -> Any:
            lanes = _lanes_of(a)
            return None if lanes is None else (lanes.mask if mask else lanes)

        def two(a: Any, b: Any) -> Any:
            lanes = _lanes_of(a, b)
            return None if lanes is None else (lanes.mask if mask else lanes)

        return one if count == 1 else two

    type_callable(function)(typer_factory)

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = _lanes_of(*signature.args)
        assert lanes is not None
        wide = [_wide(context, builder, v, k, lanes) for v, k in zip(arguments, signature.args, strict=True)]
        return impl_ret_untracked(context, builder, signature.return_type, apply(*wide).value)

    kinds = [(Lanes,)] if count == 1 else [(Lanes, Lanes), (Lanes, _NUMBER), (_NUMBER, Lanes)]
    for kind in kinds:
        lower_builtin(function, *kind)(lower)


def _compare(sign: str) -> Callable[[Vector, Vector], Vector]:
    def apply(a: Vector, b: Vector) -> Vector:
        # unordered, so that a != nan as in Python
        comparison = a.builder.fcmp_unordered if sign == "!=" else a.builder.fcmp_ordered
        return Vector(a.builder, comparison(sign, a.value, b.value))

    return apply


_define(operator.add, lambda a, b: a + b, 2)
_define(operator.sub, lambda a, b: a - b, 2)
_define(operator.mul, lambda a, b: a * b, 2)
_define(operator.truediv, lambda a, b: a / b, 2)
_define(operator.neg, lambda a: Vector(a.builder, a.builder.fneg(a.value)), 1)
_define(operator.and_, lambda a, b: a & b, 2)
_define(operator.or_, lambda a, b: a | b, 2)
_define(operator.invert, lambda a: a ^ 1, 1)
for _symbol, _operator in (
    ("<", operator.lt), ("<=", operator.le), (">", operator.gt), (">=", operator.ge), ("==", operator.eq),
    ("!=", operator.ne),
):  # fmt: skip
    _define(_operator, _compare(_symbol), 2, mask=True)


def _function(name: str, apply: Callable[..., Vector], count: int = 1) -> Callable[..., Any]:
    """Return a function that generated code may call; it exists only inside of compiled code."""

    def function(*arguments: Any) -> Any:
        raise TypeError(f"{name} is a function of lanes: it exists in compiled code only")

    function.__name__ = name
    function.__qualname__ = name
    _define(function, apply, count)
    return function


def _scalar_function(name: str, scalar: Any, count: int = 1) -> Callable[..., Any]:
    """Return a function of lanes that calls a function of numbers, which numba knows, for every lane."""

    def function(*arguments: Any) -> Any:
        raise TypeError(f"{name} is a function of lanes: it exists in compiled code only")

    function.__name__ = name
    function.__qualname__ = name

    def typer_factory(context: Any) -> Any:
        if count == 1:
            return lambda a: _lanes_of(a)
        return lambda a, b: _lanes_of(a, b)

    type_callable(function)(typer_factory)

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = signature.return_type
        wide = [_wide(context, builder, v, k, lanes) for v, k in zip(arguments, signature.args, strict=True)]
        known = context.typing_context.resolve_function_type(
            context.typing_context.resolve_value_type(scalar), (lanes.dtype,) * count, {}
        )
        call = context.get_function(scalar, known)
        result = ir.Constant(wide[0].value.type, ir.Undefined)
        for lane in range(lanes.count):
            index = ir.Constant(ir.IntType(32), lane)
            value = call(builder, [builder.extract_element(w.value, index) for w in wide])
            value = context.cast(builder, value, known.return_type, lanes.dtype)
            result = builder.insert_element(result, value, index)
        return impl_ret_untracked(context, builder, lanes, result)

    for kind in [(Lanes,)] if count == 1 else [(Lanes, Lanes), (Lanes, _NUMBER), (_NUMBER, Lanes)]:
        lower_builtin(function, *kind)(lower)
    return function


def _signum(a: Vector) -> Vector:
    b = a.builder
    zero = constant(a.element, a.count, 0.0)
    up = b.select(b.fcmp_ordered(">", a.value, zero), constant(a.element, a.count, 1.0), zero)
    return Vector(b, b.select(b.fcmp_ordered("<", a.value, zero), constant(a.element, a.count, -1.0), up))


def _larger(a: Vector, b: Vector) -> Vector:
    # a nan in either argument comes out, as with NumPy
    chosen = a.builder.fcmp_unordered(">", a.value, b.value)
    nan = a.builder.fcmp_unordered("uno", b.value, b.value)
    return Vector(a.builder, a.builder.select(nan, b.value, a.builder.select(chosen, a.value, b.value)))


def _smaller(a: Vector, b: Vector) -> Vector:
    chosen = a.builder.fcmp_unordered("<", a.value, b.value)
    nan = a.builder.fcmp_unordered("uno", b.value, b.value)
    return Vector(a.builder, a.builder.select(nan, b.value, a.builder.select(chosen, a.value, b.value)))


maximum = _function("maximum", _larger, 2)
minimum = _function("minimum", _smaller, 2)

#: Functions that generated code may call, by their name in sympy.
FUNCTIONS: dict[str, Any] = {
    "sqrt": _function("sqrt", lambda a: a.call("sqrt")),
    "Abs": _function("absolute", lambda a: a.call("fabs")),
    "floor": _function("floor", lambda a: a.call("floor")),
    "ceiling": _function("ceiling", lambda a: a.call("ceil")),
    "sign": _function("sign", _signum),
    "Pow": _scalar_function("power", math.pow, 2),
    "atan2": _scalar_function("atan2", math.atan2, 2),
    "loggamma": _scalar_function("loggamma", math.lgamma),
    **{
        name: _scalar_function(name, getattr(math, name))
        for name in (
            "sin", "cos", "tan", "exp", "log", "sinh", "cosh", "tanh", "asin", "acos", "atan", "asinh", "acosh",
            "atanh", "erf", "erfc", "gamma",
        )
    },
}  # fmt: skip


def _choose(typing: Any, mask: Any, a: Any, b: Any) -> Any:
    # two numbers: a cache line holds as many lanes as the mask has
    lanes = _lanes_of(a, b) or Lanes(types.float32 if mask.count * 4 == LINE else types.float64, mask.count)
    signature = lanes(mask, a, b)

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        first, second = (_wide(context, builder, v, k, lanes) for v, k in zip(arguments[1:], sig.args[1:], strict=True))
        return builder.select(arguments[0], first.value, second.value)

    return signature, lower


#: ``choose(mask, a, b)``: a where the mask holds, b elsewhere.
choose = intrinsic(_choose)


def _data(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return context.make_array(kind)(context, builder, value).data


def _line(array: Any) -> Lanes:
    return Lanes(array.dtype, LINE // (array.dtype.bitwidth // 8))


def _load_lanes(typing: Any, array: Any, index: Any) -> Any:
    lanes = _line(array)

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        return load(builder, data, arguments[1], lanes.count).value

    return lanes(array, types.int64), lower


#: ``load_lanes(array, index)``: the numbers from `index` on; nothing is checked.
load_lanes = intrinsic(_load_lanes)


def _gather_lanes(typing: Any, array: Any, origin: Any, places: Any, index: Any) -> Any:
    lanes = _line(array)

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        base = builder.gep(data, [arguments[1]])
        which = load(builder, _data(context, builder, sig.args[2], arguments[2]), arguments[3], lanes.count).value
        result = ir.Constant(ir.VectorType(data.type.pointee, lanes.count), ir.Undefined)
        for lane in range(lanes.count):
            number = ir.Constant(ir.IntType(32), lane)
            place = builder.zext(builder.extract_element(which, number), INT64)
            result = builder.insert_element(result, builder.load(builder.gep(base, [place])), number)
        return result

    return lanes(array, types.int64, places, types.int64), lower


#: ``gather_lanes(array, origin, places, index)``: the numbers at origin + places[index], and so on.
gather_lanes = intrinsic(_gather_lanes)


def _spread_number(typing: Any, array: Any, index: Any) -> Any:
    lanes = _line(array)

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        return spread(builder, builder.load(builder.gep(data, [arguments[1]])), lanes.count).value

    return lanes(array, types.int64), lower


#: ``spread_number(array, index)``: the number at `index` in every lane.
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


def _put_lanes(typing: Any, array: Any, index: Any, value: Any) -> Any:
    lanes = _line(array)

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        wide = _wide(context, builder, arguments[2], sig.args[2], lanes)
        store(builder, wide, data, arguments[1])
        return context.get_dummy_value()

    return types.void(array, types.int64, value), lower


#: ``put_lanes(array, index, value)``: write lanes, or a number into every lane.
put_lanes = intrinsic(_put_lanes)


def _put_lanes_between(typing: Any, array: Any, index: Any, value: Any, first: Any, last: Any) -> Any:
    lanes = _line(array)

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        data = _data(context, builder, sig.args[0], arguments[0])
        wide = _wide(context, builder, arguments[2], sig.args[2], lanes)
        first, last = arguments[3:]
        whole = builder.and_(
            builder.icmp_signed("<=", first, ir.Constant(INT64, 0)),
            builder.icmp_signed(">=", last, ir.Constant(INT64, lanes.count)),
        )
        with builder.if_else(whole) as (all_lanes, some_lanes):
            with all_lanes:
                store(builder, wide, data, arguments[1])
            with some_lanes:
                numbers = ir.Constant(ir.VectorType(INT64, lanes.count), list(range(lanes.count)))
                low, high = (spread(builder, bound, lanes.count).value for bound in (first, last))
                inside = builder.and_(builder.icmp_signed(">=", numbers, low), builder.icmp_signed("<", numbers, high))
                before = load(builder, data, arguments[1], lanes.count)
                chosen = builder.select(inside, wide.value, before.value)
                store(builder, Vector(builder, chosen), data, arguments[1])
        return context.get_dummy_value()

    return types.void(array, types.int64, value, types.int64, types.int64), lower


#: ``put_lanes_between(array, index, value, first, last)``: write only the lanes from `first` to before `last`.
put_lanes_between = intrinsic(_put_lanes_between)


def _fused(typing: Any, a: Any, b: Any, c: Any) -> Any:
    lanes = _lanes_of(a, b, c)
    kind = lanes or c

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        if lanes is not None:
            first, second, third = (
                _wide(context, builder, v, k, lanes) for v, k in zip(arguments, sig.args, strict=True)
            )
            return first.times(second, third).value
        name = "llvm.fma.f32" if kind.bitwidth == 32 else "llvm.fma.f64"
        number = context.get_value_type(kind)
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(number, [number] * 3), name)
        return builder.call(function, arguments)

    return (kind(a, b, c) if lanes is not None else kind(kind, kind, kind)), lower


#: ``fused(a, b, c)``: a b + c, rounded once.
fused = intrinsic(_fused)
