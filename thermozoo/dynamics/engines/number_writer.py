"""Numbers from counters as vector code: which counters, and where their four numbers go, in each layout.

A counter belongs to one trajectory and to four units of a block, 16 apart: two words make the numbers of the first two
of them, two words those of the others. What nobody asked for is not made: of eight units, eight counters and one number
of each. Philox waits for itself for ten rounds, so a call has many counters to work on at once: 16 of a block and of
trajectories side by side, or those of as many chunks with few units, or of as many steps of one trajectory.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba import types

from thermozoo.dynamics.engines.philox import Word, philox_words
from thermozoo.dynamics.engines.vectors import INT32, INT64, LINE, SINGLE, Vector, load, spread, store, vector_bytes

__all__ = ["AheadWriter", "BatchWriter", "NumberWriter", "UnitWriter", "typed_numbers"]

#: Counters in a line of units.
_COUNTERS = 16


class NumberWriter:
    """Writes the function void(arguments) that writes numbers, for one layout and precision.

    Parameters
    ----------
    pair : callable
        Returns the two numbers that two words make, given the words and the element.
    element : LLVM type
        Of the numbers.
    """

    #: What the function is given, beside `out`, `numbers` and `keys` only numbers.
    arguments: tuple[str, ...]

    #: Whether the numbers of several trajectories lie side by side.
    batch = False

    #: Most vectors of words, each as long as a line of units, that a call keeps.
    most = 64

    def __init__(self, module: Any, name: str, element: Any, pair: Any) -> None:
        self.element, self.pair = element, pair
        self.width = LINE // (4 if element == SINGLE else 8) if self.batch else _COUNTERS
        # one register of 32-bit words, but never more than trajectories lie side by side
        self.count = min(vector_bytes() // 4, self.width)
        self.parts = self.width // self.count
        kinds = {"out": element.as_pointer(), "numbers": INT64.as_pointer(), "keys": INT64.as_pointer()}
        kind = ir.FunctionType(ir.VoidType(), [kinds.get(argument, INT64) for argument in self.arguments])
        self.function = ir.Function(module, kind, name)
        self.function.linkage = "internal"
        self.function.attributes.add("noinline")
        self.function.attributes.add("nounwind")
        self.given = dict(zip(self.arguments, self.function.args, strict=True))
        for argument in kinds:
            self.given[argument].add_attribute("noalias")
        b = self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.keys = [Word(b, b.load(b.gep(self.given["keys"], [self.constant(i)]))) for i in range(20)]
        self.step, self.stream = Word(b, self.given["step"]), Word(b, self.given["stream"])
        self.words = b.alloca(INT32, size=self.most * self.width)
        self.words.align = LINE
        self.write()
        b.ret_void()

    def write(self) -> None:
        """Write what the function does."""
        raise NotImplementedError

    def constant(self, value: int) -> Any:
        """Return a constant."""
        return ir.Constant(INT64, value)

    def plus(self, *values: Any) -> Any:
        """Return the sum of numbers, or of constants."""
        first, *others = (self.constant(value) if isinstance(value, int) else value for value in values)
        for other in others:
            first = self.builder.add(first, other)
        return first

    def times(self, value: Any, factor: int) -> Any:
        """Return a multiple of a number."""
        return self.builder.mul(value, self.constant(factor))

    def least(self, value: Any, most: int) -> Any:
        """Return the smaller of a number and a constant."""
        return self.builder.select(
            self.builder.icmp_signed("<", value, self.constant(most)), value, self.constant(most)
        )

    def sides(self, base: Vector) -> Word:
        """Return a vector as a word: even and odd places apart."""
        return Word(
            self.builder, vectors=(base.pick([*range(0, base.count, 2)]), base.pick([*range(1, base.count, 2)]))
        )

    def read(self, place: Any) -> Vector:
        """Return words that were kept."""
        return load(self.builder, self.words, place, self.count)

    def keep(self, word: Vector, place: Any) -> None:
        """Keep words."""
        store(self.builder, word, self.words, place)

    def put(self, numbers: Vector, place: Any) -> None:
        """Write numbers out."""
        store(self.builder, numbers, self.given["out"], place)

    @contextlib.contextmanager
    def loop(self, count: Any) -> Iterator[Any]:
        """Yield the counter of a loop that runs `count` >= 1 times."""
        with self._loop({"index": 1}, lambda now, after: self.builder.icmp_signed("<", after["index"], count)) as now:
            yield now["index"]

    @contextlib.contextmanager
    def lines(self, units: Any, chunks: Any) -> Iterator[tuple[Any, Any, Any]]:
        """Yield a running number, unit and chunk of a loop over the chunks of each unit: one loop, which is long."""
        b = self.builder

        def more(now: dict[str, Any], after: dict[str, Any]) -> Any:
            last = b.icmp_signed("==", after["chunk"], chunks)
            after["chunk"] = b.select(last, self.constant(0), after["chunk"])
            after["unit"] = b.select(last, after["unit"], now["unit"])
            return b.icmp_signed("<", after["unit"], units)

        with self._loop({"index": 1, "unit": 1, "chunk": 1}, more) as now:
            yield now["index"], now["unit"], now["chunk"]

    @contextlib.contextmanager
    def _loop(self, steps: dict[str, int], more: Any) -> Iterator[dict[str, Any]]:
        """Yield the counters of a loop; `more` returns whether to go on, and may change what they will be."""
        b = self.builder
        before, body = b.block, b.append_basic_block("body")
        b.branch(body)
        b.position_at_end(body)
        now = {name: b.phi(INT64) for name in steps}
        for phi in now.values():
            phi.add_incoming(self.constant(0), before)
        yield now
        after = {name: b.add(now[name], self.constant(step)) for name, step in steps.items()}
        condition = more(now, after)
        for name, phi in now.items():
            phi.add_incoming(after[name], b.block)
        end = b.append_basic_block("after")
        b.cbranch(condition, body, end)
        b.position_at_end(end)


class BatchWriter(NumberWriter):
    """Numbers of the first `units` of a block, of `chunks` of trajectories, each [unit][trajectory]."""

    arguments = ("out", "stride", "chunks", "block", "units", "numbers", "step", "stream", "keys")
    batch = True

    #: Two words of 64 counters of up to 16 units, or four of 16 counters.
    most = 128

    def write(self) -> None:
        """Write the words of all counters, and then the numbers."""
        b, units, chunks = self.builder, self.given["units"], self.given["chunks"]
        counters = self.least(units, _COUNTERS)
        total = self.times(b.mul(counters, chunks), self.width)
        others = b.icmp_signed(">", units, self.constant(2 * _COUNTERS))
        first = self.times(self.given["block"], _COUNTERS)
        with self.lines(counters, chunks) as (line, unit, chunk):
            counter = Word(b, b.add(first, unit))
            for part in range(self.parts):
                here = self.plus(self.times(line, self.width), part * self.count)
                of_part = self.plus(self.times(chunk, self.width), part * self.count)
                numbers = self.sides(load(b, self.given["numbers"], of_part, self.count, align=8))
                words = philox_words([counter, numbers, self.step, self.stream], self.keys)
                places = [self.plus(here, self.times(total, q)) for q in range(4)]
                for q in (0, 1):
                    self.keep(words[q], places[q])
                with b.if_then(others):
                    for q in (2, 3):
                        self.keep(words[q], places[q])
        with self.loop(b.select(others, self.constant(2), self.constant(1))) as half:
            left = b.sub(units, self.times(half, 2 * _COUNTERS))
            kept, begin = b.mul(self.times(half, 2), total), self.times(half, 2 * _COUNTERS)
            with self.lines(self.least(left, _COUNTERS), chunks) as (line, unit, chunk):
                both = b.icmp_signed("<", self.plus(unit, _COUNTERS), left)
                for part in range(self.parts):
                    here = self.plus(kept, self.times(line, self.width), part * self.count)
                    inside = self.times(b.add(begin, unit), self.width)
                    to = self.plus(b.mul(chunk, self.given["stride"]), inside, part * self.count)
                    near, far = self.pair(self.read(here), self.read(b.add(here, total)), self.element)
                    self.put(near, to)
                    with b.if_then(both):
                        self.put(far, self.plus(to, _COUNTERS * self.width))


class UnitWriter(NumberWriter):
    """Numbers of all units of up to 16 blocks of one trajectory, as [unit]."""

    arguments = ("out", "block", "blocks", "numbers", "step", "stream", "keys")

    #: Four words of 16 blocks.
    most = 64

    def write(self) -> None:
        """Write the words of all counters, and then the numbers."""
        b = self.builder
        repeats = self.times(self.given["blocks"], self.parts)
        number = Word(b, b.load(self.given["numbers"]))
        first = self.times(self.given["block"], _COUNTERS)
        with self.loop(repeats) as part:
            base = spread(b, b.add(first, self.times(part, self.count)), self.count)
            units = Vector(b, b.add(base.value, ir.Constant(base.value.type, list(range(self.count)))))
            words = philox_words([self.sides(units), number, self.step, self.stream], self.keys)
            for q, word in enumerate(words):
                self.keep(word, self._place(part, q))
        with self.loop(repeats) as part:
            for q in (0, 2):
                here, there = self._place(part, q), self._place(part, q + 1)
                near, far = self.pair(self.read(here), self.read(there), self.element)
                self.put(near, here)
                self.put(far, there)

    def _place(self, part: Any, q: int) -> Any:
        """Return where words, and numbers, of a part of a line of counters lie: [block][word][16 units]."""
        b = self.builder
        block = self.times(b.udiv(part, self.constant(self.parts)), 4 * _COUNTERS)
        return self.plus(block, self.times(b.urem(part, self.constant(self.parts)), self.count), _COUNTERS * q)


class AheadWriter(NumberWriter):
    """Numbers of the first 2^`shift` <= 16 units of one trajectory, of as many steps as fill `lines`: [step][unit]."""

    arguments = ("out", "lines", "shift", "numbers", "step", "stream", "keys")

    #: Two words of 16 lines.
    most = 32

    def write(self) -> None:
        """Write the words of all counters, and then the numbers."""
        b = self.builder
        number = Word(b, b.load(self.given["numbers"]))
        shift = spread(b, self.given["shift"], self.count)
        repeats = self.times(self.given["lines"], self.parts)
        total = self.times(repeats, self.count)
        with self.loop(repeats) as part:
            base = spread(b, self.times(part, self.count), self.count)
            place = b.add(base.value, ir.Constant(base.value.type, list(range(self.count))))
            ahead = b.lshr(place, shift.value)
            step = b.add(spread(b, self.given["step"], self.count).value, ahead)
            unit = b.sub(place, b.shl(ahead, shift.value))
            counter = [self.sides(Vector(b, unit)), number, self.sides(Vector(b, step)), self.stream]
            words = philox_words(counter, self.keys)
            for q in (0, 1):
                self.keep(words[q], self.plus(self.times(part, self.count), self.times(total, q)))
        with self.loop(repeats) as part:
            here = self.times(part, self.count)
            near, _ = self.pair(self.read(here), self.read(b.add(here, total)), self.element)
            self.put(near, here)


def typed_numbers(title: str, pair: Any, writer: type[NumberWriter]) -> Any:
    """Return what numba makes an intrinsic of that calls what a writer writes.

    It takes the writer's arguments, with two arrays and where in them to begin in the place of `out` and `numbers`.
    """
    given = [(name, f"{name}_at") if name in ("out", "numbers") else (name,) for name in writer.arguments]
    names = [name for group in given for name in group]

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = dict(zip(names, arguments, strict=True))
        kinds = dict(zip(names, signature.args, strict=True))
        element = context.get_value_type(kinds["out"].dtype)
        name = f"thermozoo_{title}_{writer.__name__}_{element}"
        module = builder.module
        function = module.globals.get(name) or writer(module, name, element, pair).function

        def argument(name: str) -> Any:
            if name not in ("out", "numbers", "keys"):
                return values[name]
            array = context.make_array(kinds[name])(context, builder, values[name])
            return builder.gep(array.data, [values.get(f"{name}_at", ir.Constant(INT64, 0))])

        builder.call(function, [argument(name) for name in writer.arguments])
        return context.get_dummy_value()

    def typer(typing: Any, *kinds: Any) -> Any:
        arrays = ("out", "numbers", "keys")
        wanted = (kind if name in arrays else types.int64 for name, kind in zip(names, kinds, strict=True))
        return types.void(*wanted), lower

    # numba reads the names of arguments here, and takes none that are starred
    parameters = [inspect.Parameter(one, inspect.Parameter.POSITIONAL_OR_KEYWORD) for one in ("typing", *names)]
    typer.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return typer
