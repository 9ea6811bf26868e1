"""The uniform numbers of the compiled engine: those of `thermozoo.dynamics.noise`, bit for bit, as vector code."""

from __future__ import annotations

from typing import Any

from numba.extending import intrinsic

from thermozoo.dynamics.engines.number_writer import BatchWriter, UnitWriter, typed_numbers
from thermozoo.dynamics.engines.vectors import INT32, SINGLE, Vector

__all__ = ["uniform_numbers_batch", "uniform_numbers_unit"]


def _uniform(word: Vector, element: Any) -> Vector:
    """Return the uniform number that a word makes."""
    if element == SINGLE:
        return ((word >> 9).to(SINGLE) + 0.5) * 2.0**-23
    # words are unsigned: half of their range is taken off before they become numbers, and put back then
    signed = word ^ -(2**31)
    assert signed.element == INT32
    return (signed.to(element) + (2.0**31 + 0.5)) * 2.0**-32


def _pair(first: Vector, second: Vector, element: Any) -> tuple[Vector, Vector]:
    """Return the two uniform numbers that two words make."""
    return _uniform(first, element), _uniform(second, element)


#: ``uniform_numbers_batch(...)``: as of normal numbers.
uniform_numbers_batch = intrinsic(typed_numbers("uniform", _pair, BatchWriter))

#: ``uniform_numbers_unit(...)``: the same for one trajectory.
uniform_numbers_unit = intrinsic(typed_numbers("uniform", _pair, UnitWriter))
