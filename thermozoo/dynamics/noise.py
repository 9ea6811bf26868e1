r"""Counter-based normal numbers: Philox 4x32-10 and Box-Muller.

The number of (seed, stream, draw, step, trajectory, unit) depends on nothing else, so a trajectory is the same
whatever the batch, the thread count, the interruption or the machine it ran on.

Layout of the counter: four 32-bit words (block, trajectory, step, stream + 65536 draw) and the key (low and high word
of the seed). Units come in blocks of 64; unit u belongs to block word 16 (u div 64) + u mod 16, and its place q = (u
mod 64) div 16 chooses among the four normal numbers of that counter. Neighbors in a row of 16 have neighboring
counters, which is what lets a compiler vectorize.

Of the four output words w, (w0, w1) give q = 0, 1 and (w2, w3) give q = 2, 3 by Box-Muller, evaluated in single
precision up to the logarithm so that every engine starts from identical numbers:

    u = (w_a >> 1) 2^-31 + 2^-32  in (0, 1],   turn = int32(w_b) 2^-32  in [-1/2, 1/2)
    xi = sqrt(-2 ln u) cos(2 pi turn),   sqrt(-2 ln u) sin(2 pi turn)

Uniform numbers are made from single words: of unit u, word q of the same counter. In double precision (w + 1/2) 2^-32,
in single precision ((w >> 9) + 1/2) 2^-23; both are exact, so every engine has the same bits. Those that an integrator
asks for have draws of their own, from 32768 on: they share no word with its normal numbers.

References
----------
J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, Parallel random numbers: as easy as 1, 2, 3, SC11 (2011).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, count, instance, integer_array, told
from thermozoo.errors import ParameterError, UnknownNameError, nearest

__all__ = ["NUMBERS", "STREAMS", "UNIFORM_DRAWS", "NoiseKey", "check_numbers", "normals", "philox", "uniforms"]

Words = npt.NDArray[np.uint32]

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)

#: Steps and trajectories are numbered from 0 to one less than this: a word of the counter holds no more, and a number
#: that wrapped around would repeat noise.
NUMBERS = 2**32

#: Counters that are worked out at a time: their words and what is made of them take half a megabyte.
_AT_ONCE = 2**13

#: What noise is used for: a stream for every use. Streams 100 to 999 are free for a user's own.
STREAMS = {
    "noising": 2,
    "validation": 3,
    "held-out": 4,
    "equilibration": 5,
    "generation": 6,
    "projection": 7,
    "condition": 8,
    "imperfection": 9,
    "user": 100,
}

#: The draw of the first uniform number of an integrator's step; its normal numbers have draws below.
UNIFORM_DRAWS = 2**15

#: The numbers that states are prepared from before the first step have the stream of the steps plus this.
_PREPARATION = 1000


@attrs.frozen
class NoiseKey:
    """What all noise of one simulation shares.

    Parameters
    ----------
    seed : int
        0 to 2^64 - 1.
    stream : int
        What the noise is used for, 0 to 65535; see `STREAMS`.
    """

    seed: int = checked(count, at_most=2**64 - 1)
    stream: int = checked(count, at_most=2**16 - 1, default=STREAMS["user"])

    @property
    def words(self) -> tuple[int, int]:
        """Low and high word of the seed."""
        return self.seed & 0xFFFFFFFF, self.seed >> 32

    def named(self, stream: str) -> NoiseKey:
        """Return the key of another use of the same seed, one of `STREAMS`."""
        if stream not in STREAMS:
            raise UnknownNameError(
                f"no stream is called {told(stream)}{nearest(str(stream), STREAMS)}; streams: {', '.join(STREAMS)}; "
                "a stream of your own is a number, NoiseKey(seed, 100) to NoiseKey(seed, 999)"
            )
        return NoiseKey(self.seed, STREAMS[stream])

    @property
    def preparation(self) -> NoiseKey:
        """Key of what prepares the states of this use: the steps share no number with it."""
        return NoiseKey(self.seed, self.stream + _PREPARATION)


def check_numbers(first_step: int, steps: int, trajectories: npt.NDArray[Any]) -> None:
    """Raise ParameterError when a step or a trajectory has a number that noise cannot count."""
    if not 0 <= first_step <= first_step + steps <= NUMBERS:
        raise ParameterError(
            f"steps are numbered from 0 to 2^32 - 1, got {steps} steps from number {first_step}: noise would repeat; "
            "go on with another seed or stream, from step 0"
        )
    if trajectories.size and (trajectories.min() < 0 or trajectories.max() >= NUMBERS):
        raise ParameterError(
            f"trajectories are numbered from 0 to 2^32 - 1, got numbers {trajectories.min()} to {trajectories.max()}: "
            "noise would repeat; go on with another seed or stream, from trajectory 0"
        )


def philox(counter: tuple[Any, Any, Any, Any], key: tuple[int, int]) -> tuple[Words, Words, Words, Words]:
    """Return the four output words of Philox 4x32-10 for arrays of counters that broadcast.

    Parameters
    ----------
    counter : four arrays of uint32
        Counter words 0 to 3.
    key : (int, int)
        Key words 0 and 1.
    """
    # they broadcast when they meet: what the first rounds do to a word that is one number is done once
    c0, c1, c2, c3 = (np.asarray(c, dtype=np.uint64) for c in counter)
    k0, k1 = key
    for _ in range(10):
        product0 = c0 * _MULTIPLIERS[0]
        product1 = c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (
            (product1 >> _SHIFT) ^ c1 ^ np.uint64(k0),
            product1 & _LOW,
            (product0 >> _SHIFT) ^ c3 ^ np.uint64(k1),
            product0 & _LOW,
        )
        k0 = (k0 + _WEYL[0]) & 0xFFFFFFFF
        k1 = (k1 + _WEYL[1]) & 0xFFFFFFFF
    return tuple(c.astype(np.uint32) for c in (c0, c1, c2, c3))  # type: ignore[return-value]


def _of_units(
    key: NoiseKey,
    step: int,
    trajectories: npt.NDArray[Any],
    n: int,
    draw: int,
    dtype: npt.DTypeLike,
    numbers_of: Callable[[tuple[Words, ...], int], Iterable[npt.NDArray[Any]]],
) -> npt.NDArray[Any]:
    """Return numbers of shape (trajectories, n), where `numbers_of` makes those of some places from the four words.

    Only counters and places that have units are worked out: up to 16 units have a counter each, and one place.
    Some trajectories are done at a time, so that words stay in the cache from one operation to the next.
    """
    instance("key", key, NoiseKey, "give NoiseKey(seed)")
    step = count("step", step, at_most=NUMBERS - 1)
    numbers = integer_array("trajectories", trajectories, ("trajectories",), at_most=NUMBERS - 1)
    draw = count("draw", draw, at_most=2**16 - 1)
    n = count("n", n)
    blocks, places, columns = -(-n // 64), min(-(-n // 16), 4), min(n, 16)
    c0 = 16 * np.arange(blocks)[:, None] + np.arange(columns)
    c1 = numbers[:, None, None]
    # unit 64 block + 16 place + column
    result = np.empty((len(numbers), blocks, places, columns), dtype)
    rows = max(1, _AT_ONCE // max(1, c0.size))
    for start in range(0, len(numbers), rows):
        some = slice(start, start + rows)
        words = philox((c0, c1[some], step, key.stream + (draw << 16)), key.words)
        for place, values in enumerate(numbers_of(words, places)):
            result[some, :, place] = values
    return np.ascontiguousarray(result.reshape(len(numbers), blocks * places * columns)[:, :n])


def _box_muller(words: tuple[Words, ...], places: int) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the normal numbers of each place."""
    for pair in range(0, places, 2):
        radius_word, turn_word = words[pair : pair + 2]
        u = (radius_word >> np.uint32(1)).astype(np.float32) * np.float32(2**-31) + np.float32(2**-32)
        turn = turn_word.view(np.int32).astype(np.float32) * np.float32(2**-32)
        radius = np.sqrt(-2.0 * np.log(u.astype(np.float64)))
        angle = 2.0 * np.pi * turn.astype(np.float64)
        yield radius * np.cos(angle)
        if pair + 1 < places:
            yield radius * np.sin(angle)


def normals(
    key: NoiseKey,
    step: int,
    trajectories: npt.NDArray[Any],
    n: int,
    draw: int = 0,
    dtype: npt.DTypeLike = np.float64,
) -> npt.NDArray[np.floating[Any]]:
    """Return the standard normal numbers of one step, shape (trajectories, n).

    Parameters
    ----------
    key : NoiseKey
        Seed and stream.
    step : int
        Number of the step, below 2^32.
    trajectories : ndarray of int, shape (B,)
        Numbers of the trajectories, below 2^32.
    n : int
        Units.
    draw : int
        Which of the integrator's noises of this step.
    dtype : data type
        Of the result; the transcendental functions are evaluated in double precision.

    Raises
    ------
    ParameterError
        When a number cannot be counted: it would wrap around and repeat noise.
    """
    return _of_units(key, step, trajectories, n, draw, dtype, _box_muller)


def uniforms(
    key: NoiseKey,
    step: int,
    trajectories: npt.NDArray[Any],
    n: int,
    draw: int = 0,
    dtype: npt.DTypeLike = np.float64,
) -> npt.NDArray[Any]:
    """Return uniform numbers in (0, 1), shape (trajectories, n), from the same words; parameters as of `normals`."""

    def of_word(word: Words) -> npt.NDArray[np.floating[Any]]:
        if np.dtype(dtype) == np.float32:  # 32 bits would round to 1
            return ((word >> np.uint32(9)) + np.float32(0.5)) * np.float32(2.0**-23)
        return (word + 0.5) * 2.0**-32

    return _of_units(key, step, trajectories, n, draw, dtype, lambda words, places: map(of_word, words[:places]))
