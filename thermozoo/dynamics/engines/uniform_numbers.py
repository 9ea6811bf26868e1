"""The uniform numbers of the compiled engine: those of `thermozoo.dynamics.noise`, bit for bit, as vector code."""

from __future__ import annotations

from typing import Any

from numba.extending import intrinsic

from thermozoo.dynamics.engines.box_muller import NumberWriter, typed_numbers
from thermozoo.dynamics.engines.vectors import INT32, SINGLE, Vector, load, store

__all__ = ["uniform_numbers_batch", "uniform_numbers_unit"]


class _UniformWriter(NumberWriter):
    """Writes uniform numbers where normal ones would lie."""

    title = "uniform"

    def _write_pair(self, outer: Any, q: int, part: int, radii: bool) -> None:
        if not radii:  # one pass is enough
            return
        for word in (q, q + 1):
            place = self._place(outer, word, part)
            store(self.builder, self._uniform(load(self.builder, self.words, place, self.count)), self.out, place)

    def _uniform(self, word: Vector) -> Vector:
        if self.element == SINGLE:
            return ((word >> 9).to(SINGLE) + 0.5) * 2.0**-23
        # words are unsigned: half of their range is taken off before they become numbers, and put back then
        signed = Vector(self.builder, (word ^ -(2**31)).value)
        assert signed.element == INT32
        return (signed.to(self.element) + (2.0**31 + 0.5)) * 2.0**-32


#: ``uniform_numbers_batch(out, offset, block, blocks, numbers, first, step, stream, keys)``: as of normal numbers.
uniform_numbers_batch = intrinsic(typed_numbers(_UniformWriter, unit_layout=False))

#: The same for one trajectory and up to 16 blocks, as [unit].
uniform_numbers_unit = intrinsic(typed_numbers(_UniformWriter, unit_layout=True))
