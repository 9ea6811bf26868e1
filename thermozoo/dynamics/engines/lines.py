"""A numba type that is one cache line of numbers, so that generated kernels read like formulas of one unit.

A `Line` value holds 16 single or 8 double precision numbers: of as many trajectories, or of as many units. It is
added, multiplied and compared like a number, and the functions of this module are functions of every place. A `Line`
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

from thermozoo.dynamics.engines.elementary import ELEMENTARY
from thermozoo.dynamics.engines.vectors import LINE, Vector, constant, spread

__all__ = ["FUNCTIONS", "Line", "choose", "fused", "largest_of_line", "maximum", "minimum", "sum_of_line", "widen"]


class Line(types.Type):  # type: ignore[misc]
    """Type of one cache line of numbers, or of the booleans of a comparison of such."""

    def __init__(self, dtype: Any, count: int) -> None:
        self.dtype, self.count = dtype, count
        super().__init__(name=f"Line({dtype}, {count})")

    @property
    def mask(self) -> Line:
        """Type of a comparison."""
        return Line(types.boolean, self.count)


class _LineModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Line) -> None:
        element = ir.IntType(1) if kind.dtype == types.boolean else manager.lookup(kind.dtype).get_value_type()
        super().__init__(manager, kind, ir.VectorType(element, kind.count))


register_model(Line)(_LineModel)

_NUMBER = types.Number


def _line_of(*arguments: Any) -> Line | None:
    """Return the type of the lines among the arguments, None where there are none or they do not fit."""
    kinds = {a for a in arguments if isinstance(a, Line)}
    others = [a for a in arguments if not isinstance(a, (Line, _NUMBER))]
    return kinds.pop() if len(kinds) == 1 and not others else None


def widen(context: Any, builder: Any, value: Any, kind: Any, line: Line) -> Vector:
    """Return an argument as a vector: a number is converted to the line's precision and spread."""
    if isinstance(kind, Line):
        return Vector(builder, value)
    return spread(builder, context.cast(builder, value, kind, line.dtype), line.count)


def _define(function: Any, apply: Callable[..., Vector], count: int, mask: bool = False) -> None:
    """Teach numba a function or operator of `count` lines or numbers, at least one of them a line."""

    def typer_factory(context: Any) -> Any:
        def one(a: Any) -> Any:
            line = _line_of(a)
            return None if line is None else (line.mask if mask else line)

        def two(a: Any, b: Any) -> Any:
            line = _line_of(a, b)
            return None if line is None else (line.mask if mask else line)

        return one if count == 1 else two

    type_callable(function)(typer_factory)

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        line = _line_of(*signature.args)
        assert line is not None
        wide = [widen(context, builder, v, k, line) for v, k in zip(arguments, signature.args, strict=True)]
        return impl_ret_untracked(context, builder, signature.return_type, apply(*wide).value)

    kinds = [(Line,)] if count == 1 else [(Line, Line), (Line, _NUMBER), (_NUMBER, Line)]
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


def _stub(name: str) -> Callable[..., Any]:
    """Return what stands for a function in generated code; it exists only inside of compiled code."""

    def function(*arguments: Any) -> Any:
        raise TypeError(f"{name} is a function of lines: it exists in compiled code only")

    function.__name__ = function.__qualname__ = name
    return function


def _function(name: str, apply: Callable[..., Vector], count: int = 1) -> Callable[..., Any]:
    """Return a function that generated code may call."""
    function = _stub(name)
    _define(function, apply, count)
    return function


def _scalar_function(name: str, scalar: Any, count: int = 1) -> Callable[..., Any]:
    """Return a function of lines that calls a function of numbers, which numba knows, for every place."""
    function = _stub(name)

    def typer_factory(context: Any) -> Any:
        if count == 1:
            return lambda a: _line_of(a)
        return lambda a, b: _line_of(a, b)

    type_callable(function)(typer_factory)

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        line = signature.return_type
        wide = [widen(context, builder, v, k, line) for v, k in zip(arguments, signature.args, strict=True)]
        return impl_ret_untracked(context, builder, line, _number_by_number(context, line, scalar, wide).value)

    for kind in [(Line,)] if count == 1 else [(Line, Line), (Line, _NUMBER), (_NUMBER, Line)]:
        lower_builtin(function, *kind)(lower)
    return function


def _number_by_number(context: Any, line: Line, scalar: Any, wide: list[Vector]) -> Vector:
    """Return a function of numbers, which numba knows, of every place."""
    builder = wide[0].builder
    known = context.typing_context.resolve_function_type(
        context.typing_context.resolve_value_type(scalar), (line.dtype,) * len(wide), {}
    )
    call = context.get_function(scalar, known)
    result = ir.Constant(wide[0].value.type, ir.Undefined)
    for k in range(line.count):
        index = ir.Constant(ir.IntType(32), k)
        value = call(builder, [builder.extract_element(w.value, index) for w in wide])
        value = context.cast(builder, value, known.return_type, line.dtype)
        result = builder.insert_element(result, value, index)
    return Vector(builder, result)


def _elementary_function(name: str) -> Callable[..., Any]:
    """Return a function of lines that is vector code, and the library's in places that are beyond it."""
    function = _stub(name)
    type_callable(function)(lambda context: lambda a: _line_of(a))

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        line = signature.return_type
        at = Vector(builder, arguments[0])
        quick, inside = ELEMENTARY[name](at)
        if inside is None:
            return impl_ret_untracked(context, builder, line, quick.value)
        bits = builder.bitcast(inside, ir.IntType(line.count))
        before = builder.block
        with builder.if_then(builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, -1)), likely=False):
            library = _number_by_number(context, line, getattr(math, name), [at])
            mended = builder.select(inside, quick.value, library.value)
            beyond = builder.block
        result = builder.phi(quick.value.type)
        result.add_incoming(quick.value, before)
        result.add_incoming(mended, beyond)
        return impl_ret_untracked(context, builder, line, result)

    lower_builtin(function, Line)(lower)
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


def _across(apply: Callable[[Vector, Vector], Vector]) -> Callable[[Vector], Vector]:
    """Return a function of all places of a line, from the first to the last; its result is in every place."""

    def whole(a: Vector) -> Vector:
        first, *others = (a.pick([place] * a.count) for place in range(a.count))
        for other in others:
            first = apply(first, other)
        return first

    return whole


largest_of_line = _function("largest_of_line", _across(_larger))
sum_of_line = _function("sum_of_line", _across(lambda a, b: a + b))

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
    **{name: _elementary_function(name) for name in ELEMENTARY},
    **{
        name: _scalar_function(name, getattr(math, name))
        for name in (
            "tan", "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "erf", "erfc", "gamma",
        )
    },
}  # fmt: skip


def _choose(typing: Any, mask: Any, a: Any, b: Any) -> Any:
    # two numbers: a cache line holds as many numbers as the mask has
    line = _line_of(a, b) or Line(types.float32 if mask.count * 4 == LINE else types.float64, mask.count)
    signature = line(mask, a, b)

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        first, second = (widen(context, builder, v, k, line) for v, k in zip(arguments[1:], sig.args[1:], strict=True))
        return builder.select(arguments[0], first.value, second.value)

    return signature, lower


#: ``choose(mask, a, b)``: a where the mask holds, b elsewhere.
choose = intrinsic(_choose)


def _fused(typing: Any, a: Any, b: Any, c: Any) -> Any:
    line = _line_of(a, b, c)
    kind = line or c

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        if line is not None:
            first, second, third = (
                widen(context, builder, v, k, line) for v, k in zip(arguments, sig.args, strict=True)
            )
            return first.times(second, third).value
        name = "llvm.fma.f32" if kind.bitwidth == 32 else "llvm.fma.f64"
        number = context.get_value_type(kind)
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(number, [number] * 3), name)
        return builder.call(function, arguments)

    return (kind(a, b, c) if line is not None else kind(kind, kind, kind)), lower


#: ``fused(a, b, c)``: a b + c, rounded once.
fused = intrinsic(_fused)
