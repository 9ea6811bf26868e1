"""Writing vector code for LLVM: a value that is many numbers wide, with the operators of Python.

The loops that matter are written with whole vectors instead of leaving their vectorization to the compiler: they
compile quickly, they are as fast as the machine allows, and every number is the same on machines with short and with
long vectors, because no operation is fused, split or reordered unless it is written so.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba.core import cgutils, config

__all__ = [
    "DOUBLE",
    "INT32",
    "INT64",
    "LINE",
    "SINGLE",
    "Vector",
    "constant",
    "load",
    "spread",
    "store",
    "vector_bytes",
]

INT32, INT64 = ir.IntType(32), ir.IntType(64)
SINGLE, DOUBLE = ir.FloatType(), ir.DoubleType()

#: Bytes of a cache line: the numbers of one line are one vector of the generated code, whatever the registers.
LINE = 64

_SUFFIX = {SINGLE: "f32", DOUBLE: "f64"}


def vector_bytes() -> int:
    """Return the bytes of this machine's vector registers, as far as the generated code makes use of them.

    Where NUMBA_CPU_FEATURES tells numba another machine, they are that one's.
    """
    told = config.CPU_FEATURES
    long = llvm.get_host_cpu_features().get("avx512f", False) if told is None else "+avx512f" in told.split(",")
    return 64 if long else 32


class Vector:
    """An LLVM vector that is added, multiplied, shifted and compared like a number; numbers are spread over it.

    Parameters
    ----------
    builder : IRBuilder
        Where operations are written.
    value : llvmlite value of a vector type
        The vector.
    """

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    @property
    def element(self) -> Any:
        """LLVM type of one number."""
        return self.value.type.element

    @property
    def count(self) -> int:
        """How many numbers."""
        return int(self.value.type.count)

    @property
    def _floating(self) -> bool:
        return self.element in _SUFFIX

    def like(self, number: float) -> Any:
        """Return a number spread over a vector of this type."""
        return constant(self.element, self.count, number)

    def _apply(self, floating: str, integer: str, other: Any, swap: bool = False) -> Vector:
        right = other.value if isinstance(other, Vector) else self.like(other)
        pair = (right, self.value) if swap else (self.value, right)
        operation = getattr(self.builder, floating if self._floating else integer)
        return Vector(self.builder, operation(*pair))

    def __add__(self, other: Any) -> Vector:
        return self._apply("fadd", "add", other)

    def __sub__(self, other: Any) -> Vector:
        return self._apply("fsub", "sub", other)

    def __rsub__(self, other: Any) -> Vector:
        return self._apply("fsub", "sub", other, swap=True)

    def __mul__(self, other: Any) -> Vector:
        return self._apply("fmul", "mul", other)

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> Vector:
        return self._apply("fdiv", "sdiv", other)

    def __and__(self, other: Any) -> Vector:
        return self._apply("and_", "and_", other)

    def __or__(self, other: Any) -> Vector:
        return self._apply("or_", "or_", other)

    def __xor__(self, other: Any) -> Vector:
        return self._apply("xor", "xor", other)

    def __lshift__(self, bits: int) -> Vector:
        return self._apply("shl", "shl", bits)

    def __rshift__(self, bits: int) -> Vector:
        """Shift zeros in from the left; `signed_shift` keeps the sign."""
        return self._apply("lshr", "lshr", bits)

    def signed_shift(self, bits: int) -> Vector:
        """Shift to the right and keep the sign."""
        return self._apply("ashr", "ashr", bits)

    def minimum(self, other: Vector) -> Vector:
        """Return the smaller of two numbers, place by place."""
        less = self.builder.fcmp_ordered("<", self.value, other.value)
        return Vector(self.builder, self.builder.select(less, self.value, other.value))

    def call(self, name: str, *others: Vector) -> Vector:
        """Call an LLVM intrinsic."""
        full = f"llvm.{name}.v{self.count}{_SUFFIX[self.element]}"
        kind = self.value.type
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(kind, [kind] * (1 + len(others))), full
        )
        return Vector(self.builder, self.builder.call(function, [self.value, *(o.value for o in others)]))

    def times(self, factor: Vector | float, plus: Vector | float) -> Vector:
        """Return self factor + plus, rounded once."""
        both = [v if isinstance(v, Vector) else Vector(self.builder, self.like(v)) for v in (factor, plus)]
        return self.call("fma", *both)

    def polynomial(self, coefficients: tuple[float, ...]) -> Vector:
        """Return the polynomial with the given coefficients, lowest power first, by Horner's rule."""
        *lower, highest = coefficients
        result = Vector(self.builder, self.like(highest))
        for coefficient in reversed(lower):
            result = result.times(self, coefficient)
        return result

    def bits(self, element: Any) -> Vector:
        """Return the same bits as numbers of another type."""
        size = {INT32: 4, SINGLE: 4, INT64: 8, DOUBLE: 8}
        count = self.count * size[self.element] // size[element]
        return Vector(self.builder, self.builder.bitcast(self.value, ir.VectorType(element, count)))

    def to(self, element: Any) -> Vector:
        """Return the numbers, signed integers or floating, as floating numbers of another type."""
        if element == self.element:
            return self
        target = ir.VectorType(element, self.count)
        if not self._floating:
            return Vector(self.builder, self.builder.sitofp(self.value, target))
        operation = self.builder.fpext if element == DOUBLE else self.builder.fptrunc
        return Vector(self.builder, operation(self.value, target))

    def pick(self, places: list[int]) -> Vector:
        """Return some of the places, in the given order."""
        mask = ir.Constant(ir.VectorType(INT32, len(places)), places)
        undefined = ir.Constant(self.value.type, ir.Undefined)
        return Vector(self.builder, self.builder.shuffle_vector(self.value, undefined, mask))


def constant(element: Any, count: int, number: float) -> Any:
    """Return a number spread over a constant vector."""
    if element == SINGLE:
        number = float(np.float32(number))
    return ir.Constant(ir.VectorType(element, count), [number] * count)


def spread(builder: Any, scalar: Any, count: int) -> Vector:
    """Return an LLVM scalar spread over a vector."""
    kind = ir.VectorType(scalar.type, count)
    undefined = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(undefined, scalar, ir.Constant(INT32, 0))
    zeros = ir.Constant(ir.VectorType(INT32, count), [0] * count)
    return Vector(builder, builder.shuffle_vector(first, undefined, zeros))


def load(builder: Any, pointer: Any, index: Any, count: int, align: int = 4) -> Vector:
    """Return `count` numbers from element `index` on."""
    element = pointer.type.pointee
    place = builder.bitcast(builder.gep(pointer, [index]), ir.VectorType(element, count).as_pointer())
    return Vector(builder, builder.load(place, align=align))


def store(builder: Any, vector: Vector, pointer: Any, index: Any, align: int = 4) -> None:
    """Write the numbers of a vector from element `index` on."""
    place = builder.bitcast(builder.gep(pointer, [index]), vector.value.type.as_pointer())
    builder.store(vector.value, place, align=align)
