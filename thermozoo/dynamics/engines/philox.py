"""Philox 4x32-10 as vector code.

Philox's products of 32-bit words are products of 64-bit numbers, so even and odd places are kept in separate vectors of
64-bit words; the upper halves may hold anything until the end, because the product reads the lower halves only.

References
----------
J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, Parallel random numbers: as easy as 1, 2, 3, SC11 (2011).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from thermozoo.dynamics.engines.vectors import INT32, INT64, Vector, spread

__all__ = ["Word", "philox_words", "round_keys"]

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = 0xFFFFFFFF


def round_keys(words: tuple[int, int]) -> npt.NDArray[np.int64]:
    """Return the two key words of each of the ten rounds, shape (20,)."""
    keys = [(k + r * w) & _LOW for r in range(10) for k, w in zip(words, _WEYL, strict=True)]
    return np.array(keys, dtype=np.int64)


class Word:
    """A counter word: one 64-bit scalar for all places, or even and odd places in two vectors."""

    def __init__(self, builder: Any, scalar: Any = None, vectors: tuple[Vector, Vector] | None = None) -> None:
        self.builder, self.scalar, self.vectors = builder, scalar, vectors

    def times(self, multiplier: int) -> Word:
        """Return the product of the lower halves with a 32-bit number."""
        b = self.builder
        if self.vectors is None:
            low = b.and_(self.scalar, ir.Constant(INT64, _LOW))
            return Word(b, b.mul(low, ir.Constant(INT64, multiplier)))
        even, odd = ((v & _LOW) * multiplier for v in self.vectors)
        return Word(b, vectors=(even, odd))

    def high(self) -> Word:
        """Return the upper halves."""
        b = self.builder
        if self.vectors is None:
            return Word(b, b.lshr(self.scalar, ir.Constant(INT64, 32)))
        even, odd = (v >> 32 for v in self.vectors)
        return Word(b, vectors=(even, odd))

    def __xor__(self, other: Word) -> Word:
        b = self.builder
        if self.vectors is None and other.vectors is None:
            return Word(b, b.xor(self.scalar, other.scalar))
        if self.vectors is None or other.vectors is None:
            vectors, scalar = (other.vectors, self.scalar) if self.vectors is None else (self.vectors, other.scalar)
            assert vectors is not None
            wide = spread(b, scalar, vectors[0].count)
            return Word(b, vectors=(vectors[0] ^ wide, vectors[1] ^ wide))
        return Word(b, vectors=(self.vectors[0] ^ other.vectors[0], self.vectors[1] ^ other.vectors[1]))

    def together(self) -> Vector:
        """Return the lower halves of all places, in order."""
        assert self.vectors is not None
        even, odd = self.vectors
        return ((even & _LOW) | (odd << 32)).bits(INT32)


def philox_words(counter: list[Word], keys: list[Word]) -> list[Vector]:
    """Return the four output words of a counter, given the key words of each round."""
    c0, c1, c2, c3 = counter
    for r in range(10):
        product0, product1 = c0.times(_MULTIPLIERS[0]), c2.times(_MULTIPLIERS[1])
        c0, c2 = product1.high() ^ (c1 ^ keys[2 * r]), product0.high() ^ (c3 ^ keys[2 * r + 1])
        c1, c3 = product1, product0
    return [c.together() for c in (c0, c1, c2, c3)]
