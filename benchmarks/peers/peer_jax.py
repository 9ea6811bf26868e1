"""JAX on the processor: one compiled scan over steps."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from work import DT, J2, J4, KICK, MOBILITY, VISIBLE, couplings, report

between, within = map(jnp.asarray, couplings())


@functools.partial(jax.jit, static_argnums=2)
def run(x: jax.Array, key: jax.Array, steps: int) -> jax.Array:
    def step(x: jax.Array, k: jax.Array) -> tuple[jax.Array, None]:
        visible, hidden = x[:, :VISIBLE], x[:, VISIBLE:]
        product = jnp.concatenate([hidden @ between.T, visible @ between + hidden @ within], axis=1)
        gradient = product + 2 * J2 * x + 4 * J4 * (x * x * x)
        noise = jax.random.normal(jax.random.fold_in(key, k), x.shape, x.dtype)
        return x - MOBILITY * DT * gradient + KICK * noise, None

    return jax.lax.scan(step, x, jnp.arange(steps))[0]


def advance(start: np.ndarray, steps: int) -> np.ndarray:
    return np.asarray(run(jnp.asarray(start), jax.random.key(1), steps))


report("jax", advance)
