"""Few units in JAX on the processor: one compiled loop over steps, threefry noise."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from few import DT, KICK, MOBILITY, UNITS, couplings, report
from work import J2, J4

J = jnp.asarray(couplings())


@jax.jit
def run(x: jax.Array, key: jax.Array, steps: int) -> jax.Array:
    def step(k: jax.Array, x: jax.Array) -> jax.Array:
        gradient = 2 * J2 * x + 4 * J4 * (x * x * x)
        if UNITS > 1:
            gradient = gradient + x @ J
        noise = jax.random.normal(jax.random.fold_in(key, k), x.shape, x.dtype)
        return x - MOBILITY * DT * gradient + KICK * noise

    return jax.lax.fori_loop(0, steps, step, x)


def advance(start: np.ndarray, steps: int) -> np.ndarray:
    return np.asarray(run(jnp.asarray(start), jax.random.key(1), steps))


report("jax", advance)
