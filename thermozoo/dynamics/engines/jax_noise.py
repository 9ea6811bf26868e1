"""The noise of the JAX engine: the words of `thermozoo.dynamics.noise`, bit for bit, and the numbers made of them.

Products of 32-bit words are products of 64-bit words, which JAX has only where 64 bits are switched on: everything here
is traced within ``jax.enable_x64``. A counter serves four units, and its words are worked out once for all of them: the
barrier keeps XLA from fusing them into what each unit makes of them.
"""

from __future__ import annotations

from typing import Any

import attrs
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from thermozoo.dynamics.engines.quarter_turn import SINE_DOUBLE, SINE_SINGLE
from thermozoo.dynamics.noise import UNIFORM_DRAWS, NoiseKey

__all__ = ["Counters", "normal_numbers", "philox_words", "uniform_numbers"]

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)


@jax.tree_util.register_pytree_node_class
@attrs.frozen(eq=False)
class Counters:
    """What the counters of a batch share.

    Parameters
    ----------
    key : array of uint32, shape (2,)
        Low and high word of the seed.
    stream : array of uint32, shape ()
        The stream.
    trajectories : array of uint32, shape (B,)
        Numbers of the trajectories.
    """

    key: Any
    stream: Any
    trajectories: Any

    @classmethod
    def of(cls, key: NoiseKey, trajectories: Any) -> Counters:
        """Return those of some trajectories."""
        words = np.array(key.words, np.uint32)
        return cls(*map(jnp.asarray, (words, np.uint32(key.stream), np.asarray(trajectories).astype(np.uint32))))

    def tree_flatten(self) -> tuple[tuple[Any, ...], None]:
        """Return its arrays, as JAX asks for them."""
        return (self.key, self.stream, self.trajectories), None

    @classmethod
    def tree_unflatten(cls, _: None, arrays: tuple[Any, ...]) -> Counters:
        """Return one of arrays."""
        return cls(*arrays)


def _product(word: Any, multiplier: int) -> tuple[Any, Any]:
    """Return upper and lower half of the product with a 32-bit number."""
    whole = word.astype(jnp.uint64) * np.uint64(multiplier)
    return (whole >> np.uint64(32)).astype(jnp.uint32), whole.astype(jnp.uint32)


def philox_words(counter: tuple[Any, Any, Any, Any], key: Any) -> tuple[Any, Any, Any, Any]:
    """Return the four output words of Philox 4x32-10 for arrays of counters, of uint32, that broadcast."""
    c0, c1, c2, c3 = counter
    k0, k1 = key[0], key[1]
    for _ in range(10):
        (high0, low0), (high1, low1) = _product(c0, _MULTIPLIERS[0]), _product(c2, _MULTIPLIERS[1])
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = k0 + np.uint32(_WEYL[0]), k1 + np.uint32(_WEYL[1])
    return c0, c1, c2, c3


def _words(counters: Counters, step: Any, n: int, draw: int) -> tuple[Any, ...]:
    """Return the words of a step, each of shape (B, blocks of 64 units, 1, counters of a block)."""
    blocks, columns = -(-n // 64), min(n, 16)
    block = (16 * np.arange(blocks)[:, None, None] + np.arange(columns)).astype(np.uint32)
    trajectory = counters.trajectories[:, None, None, None]
    last = counters.stream + np.uint32(draw << 16)
    words = philox_words((jnp.asarray(block), trajectory, step, last), counters.key)
    shape = (len(counters.trajectories), blocks, 1, columns)
    return tuple(lax.optimization_barrier([jnp.broadcast_to(word, shape) for word in words]))


def _places(n: int) -> Any:
    """Return the place of a unit among the four of its counter, in the third of four axes."""
    return np.arange(min(-(-n // 16), 4))[:, None]


def _in_units(numbers: Any, n: int) -> Any:
    """Return numbers as those of units: unit 64 block + 16 place + column."""
    return numbers.reshape(numbers.shape[0], -1)[:, :n]


def _quarter(turn: Any) -> Any:
    """Return sin(2 pi turn) of at most a quarter turn."""
    square = turn * turn
    total: Any = 0.0
    for coefficient in reversed(SINE_SINGLE if turn.dtype == jnp.float32 else SINE_DOUBLE):
        total = total * square + coefficient
    return turn * total


def normal_numbers(counters: Counters, step: Any, n: int, draw: int, dtype: Any) -> Any:
    """Return the standard normal numbers of one step, shape (B, n); see `thermozoo.dynamics.noise.normals`.

    Every unit goes the same way, choosing words and angles by its place, so that its numbers are vector code.
    """
    w0, w1, w2, w3 = _words(counters, step, n, draw)
    place = _places(n)
    radius_word, turn_word = jnp.where(place < 2, w0, w2), jnp.where(place < 2, w1, w3)
    u = (radius_word >> np.uint32(1)).astype(jnp.float32) * np.float32(2**-31) + np.float32(2**-32)
    turn = (lax.bitcast_convert_type(turn_word, jnp.int32).astype(jnp.float32) * np.float32(2**-32)).astype(dtype)
    size = jnp.abs(turn)
    # the cosine of a turn is the sine of a quarter turn less it
    angle = jnp.where(place % 2 == 0, 0.25 - size, jnp.sign(turn) * jnp.minimum(size, 0.5 - size))
    return _in_units(jnp.sqrt(-2.0 * jnp.log(u.astype(dtype))) * _quarter(angle), n)


def uniform_numbers(counters: Counters, step: Any, n: int, draw: int, dtype: Any) -> Any:
    """Return uniform numbers between 0 and 1, shape (B, n); see `thermozoo.dynamics.noise.uniforms`."""
    w0, w1, w2, w3 = _words(counters, step, n, UNIFORM_DRAWS + draw)
    place = _places(n)
    word = jnp.where(place < 2, jnp.where(place == 0, w0, w1), jnp.where(place == 2, w2, w3))
    if dtype == jnp.float32:  # 32 bits would round to 1
        numbers = ((word >> np.uint32(9)).astype(jnp.float32) + np.float32(0.5)) * np.float32(2.0**-23)
    else:
        numbers = (word.astype(jnp.float64) + 0.5) * 2.0**-32
    return _in_units(numbers, n)
