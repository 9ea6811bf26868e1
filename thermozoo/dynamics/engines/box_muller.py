r"""The noise of the compiled engine: the numbers of `thermozoo.dynamics.noise`, 64 units at a time, as vector code.

The radius is sqrt(-2 ln u) with u = 2^e m, m in [sqrt(1/2), sqrt(2)). In single precision

    ln(1 + z) = z - z^2 / 2 + z^3 p(z),

in double precision, with s = z / (2 + z) and w = s^2,

    ln(1 + z) = z - (z^2 / 2 - s (z^2 / 2 + w p(w))).

The turn a lies in [-1/2, 1/2): sin(2 pi a) is folded onto a quarter turn, where it is a p(a^2), and cos(2 pi a) =
sin(2 pi (1/4 - |a|)). The polynomials are Chebyshev fits whose errors are below the rounding errors of their precision.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from thermozoo.dynamics.engines.elementary import LN2, LOGARITHM
from thermozoo.dynamics.engines.philox import Word, philox_words
from thermozoo.dynamics.engines.vectors import (
    INT32,
    INT64,
    LINE,
    SINGLE,
    Vector,
    load,
    spread,
    store,
    vector_bytes,
)

__all__ = ["NumberWriter", "normal_numbers_batch", "normal_numbers_unit", "typed_numbers"]

_SIN_SINGLE = (
    6.2831852801544065,
    -41.3416806133465153,
    81.6024763689251797,
    -76.5811726442787245,
    39.7598270853191011,
)
_SIN_DOUBLE = (
    6.28318530717958648, -41.3417022403997602, 81.605249276075051, -76.7058597530607231, 42.0586939448287014,
    -15.0946425727019742, 3.81995243486680902, -0.718118921891065832, 0.104183090870646484, -0.0116830828813074924,
)  # fmt: skip


def _radius(word: Vector, element: Any) -> Vector:
    """Return sqrt(-2 ln u)."""
    u = ((word >> 1).to(SINGLE) * 2.0**-31 + 2.0**-32).to(element)
    integer, digits, root_half = (INT32, 23, 0x3F3504F3) if element == SINGLE else (INT64, 52, 0x3FE6A09E667F3BCD)
    bits = u.bits(integer)
    exponent = (bits - root_half).signed_shift(digits)
    z = (bits - (exponent << digits)).bits(element) - 1.0
    e = exponent.to(element)
    square = z * z
    high, low = LN2[element]
    if element == SINGLE:
        small = (z.polynomial(LOGARITHM[element]) * z).times(square, e * low)
        log = e.times(high, z + square.times(-0.5, small))
    else:
        s = z / (z + 2.0)
        w = s * s
        half = square * 0.5
        small = s.times(half + w * w.polynomial(LOGARITHM[element]), e * low)
        log = e.times(high, z - (half - small))
    return (log * -2.0).call("sqrt")


def _quarter(turn: Vector) -> Vector:
    """Return sin(2 pi turn) of at most a quarter turn."""
    coefficients = _SIN_SINGLE if turn.element == SINGLE else _SIN_DOUBLE
    return turn * (turn * turn).polynomial(coefficients)


def _angle(word: Vector, element: Any) -> tuple[Vector, Vector]:
    """Return cosine and sine of 2 pi turn."""
    turn = word.to(SINGLE) * 2.0**-32
    sign = turn.bits(INT32) & -0x80000000
    size = (turn.bits(INT32) & 0x7FFFFFFF).bits(SINGLE)
    cosine = _quarter(0.25 - size.to(element))
    folded = (size.minimum(0.5 - size).bits(INT32) | sign).bits(SINGLE)
    return cosine, _quarter(folded.to(element))


@contextlib.contextmanager
def _loop(builder: Any, count: Any) -> Iterator[Any]:
    """Yield the counter of a loop that runs `count` >= 1 times."""
    before = builder.block
    body = builder.append_basic_block("body")
    builder.branch(body)
    builder.position_at_end(body)
    index = builder.phi(INT64)
    index.add_incoming(ir.Constant(INT64, 0), before)
    yield index
    following = builder.add(index, ir.Constant(INT64, 1))
    index.add_incoming(following, builder.block)
    after = builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed("<", following, count), body, after)
    builder.position_at_end(after)


class NumberWriter:
    """Writes the function void(out, block, blocks, trajectories, step, stream, keys) for one layout and precision.

    Parameters
    ----------
    element : LLVM type
        Of the normal numbers.
    width : int
        Trajectories side by side (the numbers of a cache line), or 1 where units lie side by side.
    """

    #: What the numbers are, in the name of the function.
    title = "normal"

    #: Blocks of 64 units a call at most where units lie side by side.
    most = 16

    def __init__(self, module: Any, name: str, element: Any, width: int) -> None:
        self.element, self.unit_layout = element, width == 1
        # one register of 32-bit words, but never more than trajectories lie side by side
        self.count = min(vector_bytes() // 4, 16 if self.unit_layout else width)
        self.parts = (16 if self.unit_layout else width) // self.count
        pointer, words = element.as_pointer(), INT64.as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, INT64, INT64, words, INT64, INT64, words])
        self.function = ir.Function(module, kind, name)
        self.function.linkage = "internal"
        self.function.attributes.add("noinline")
        self.function.attributes.add("nounwind")
        self.out, self.block, self.blocks, self.numbers, self.step, self.stream, keys = self.function.args
        for argument in (self.out, self.numbers, keys):
            argument.add_attribute("noalias")
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        b = self.builder
        self.keys = [Word(b, b.load(b.gep(keys, [self._int(i)]))) for i in range(20)]
        # words lie as the normal numbers of their places will
        self.vectors = self.parts * (1 if self.unit_layout else 16)
        total = 4 * self.vectors * self.count * (self.most if self.unit_layout else 1)
        self.words = b.alloca(INT32, size=total)
        self.words.align = LINE
        self._write_words()
        self._write_normals()
        b.ret_void()

    def _int(self, value: int) -> Any:
        return ir.Constant(INT64, value)

    def _place(self, outer: Any, word: int, inner: int) -> Any:
        """Return the first element of a vector of a word (or place): `inner` of a unit, `outer` of all blocks."""
        b = self.builder
        if self.unit_layout:  # [block][word][16 units]
            block = b.mul(b.udiv(outer, self._int(self.parts)), self._int(64))
            part = b.mul(b.urem(outer, self._int(self.parts)), self._int(self.count))
            return b.add(b.add(block, part), self._int(16 * word))
        # [word][16 units][trajectories]
        unit = b.mul(outer, self._int(self.parts * self.count))
        return b.add(unit, self._int(word * self.vectors * self.count + inner * self.count))

    def _sides(self, base: Vector) -> tuple[Vector, Vector]:
        return base.pick(list(range(0, base.count, 2))), base.pick(list(range(1, base.count, 2)))

    def _write_words(self) -> None:
        b = self.builder
        first = b.mul(self.block, self._int(16))
        step, stream = Word(b, self.step), Word(b, self.stream)
        if self.unit_layout:
            number = Word(b, b.load(self.numbers))
            with _loop(b, b.mul(self.blocks, self._int(self.parts))) as part:
                base = spread(b, b.add(first, b.mul(part, self._int(self.count))), self.count)
                units = Vector(b, b.add(base.value, ir.Constant(base.value.type, list(range(self.count)))))
                words = philox_words([Word(b, vectors=self._sides(units)), number, step, stream], self.keys)
                self._keep(words, part, 0)
        else:
            with _loop(b, self._int(16)) as unit:
                counter = Word(b, b.add(first, unit))
                for part in range(self.parts):
                    numbers = load(b, self.numbers, self._int(part * self.count), self.count, align=8)
                    side = Word(b, vectors=self._sides(numbers))
                    self._keep(philox_words([counter, side, step, stream], self.keys), unit, part)

    def _keep(self, words: list[Vector], outer: Any, part: int) -> None:
        for q, word in enumerate(words):
            store(self.builder, word, self.words, self._place(outer, q, part))

    def _write_normals(self) -> None:
        """First the radii of all, then the angles: fewer constants are in flight at a time."""
        b = self.builder
        repeats = b.mul(self.blocks, self._int(self.parts)) if self.unit_layout else self._int(16)
        for radii in (True, False):
            with _loop(b, repeats) as outer:
                for part in range(1 if self.unit_layout else self.parts):
                    for q in (0, 2):
                        self._write_pair(outer, q, part, radii)

    def _write_pair(self, outer: Any, q: int, part: int, radii: bool) -> None:
        b = self.builder
        here, there = self._place(outer, q, part), self._place(outer, q + 1, part)
        if radii:
            store(b, _radius(load(b, self.words, here, self.count), self.element), self.out, here)
            return
        radius = load(b, self.out, here, self.count)
        cosine, sine = _angle(load(b, self.words, there, self.count), self.element)
        store(b, radius * cosine, self.out, here)
        store(b, radius * sine, self.out, there)


def _call(
    context: Any, builder: Any, signature: Any, arguments: Any, writer: type[NumberWriter], unit_layout: bool
) -> Any:
    out, offset, block, blocks, numbers, first, step, stream, keys = arguments
    element = context.get_value_type(signature.args[0].dtype)
    width = 1 if unit_layout else LINE // (4 if element == SINGLE else 8)
    name = f"thermozoo_{writer.title}_numbers_{'unit' if unit_layout else 'batch'}_{element}"
    module = builder.module
    function = module.globals.get(name) or writer(module, name, element, width).function

    def pointer(position: int, value: Any, index: Any) -> Any:
        array = context.make_array(signature.args[position])(context, builder, value)
        return builder.gep(array.data, [index])

    zero = ir.Constant(INT64, 0)
    places = [pointer(0, out, offset), block, blocks, pointer(4, numbers, first), step, stream, pointer(8, keys, zero)]
    builder.call(function, places)
    return context.get_dummy_value()


def typed_numbers(writer: type[NumberWriter], unit_layout: bool) -> Any:
    """Return what numba makes an intrinsic of that calls what a writer writes."""

    def typer(
        typing: Any, out: Any, offset: Any, block: Any, blocks: Any, numbers: Any, first: Any, step: Any, stream: Any,
        keys: Any,
    ) -> Any:  # fmt: skip
        number = types.int64
        signature = types.void(out, number, number, number, numbers, number, number, number, keys)
        return signature, lambda context, builder, sig, args: _call(context, builder, sig, args, writer, unit_layout)

    return typer


#: ``normal_numbers_batch(out, offset, block, blocks, numbers, first, step, stream, keys)``: the numbers of the 64 units
#: of a block for as many trajectories as a cache line holds (their numbers stand in `numbers` from `first` on), as
#: [unit][trajectory].
normal_numbers_batch = intrinsic(typed_numbers(NumberWriter, unit_layout=False))

#: The same for one trajectory and up to 16 blocks, as [unit].
normal_numbers_unit = intrinsic(typed_numbers(NumberWriter, unit_layout=True))
