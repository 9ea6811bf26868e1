"""diffrax: Euler with constant steps; the quickest of its Brownian motions."""

from __future__ import annotations

import functools

import diffrax
import jax
import jax.numpy as jnp
import lineax
import numpy as np
from work import DT, J2, J4, KICK, MOBILITY, VISIBLE, couplings, report

between, within = map(jnp.asarray, couplings())


def drift(t: jax.Array, x: jax.Array, args: None) -> jax.Array:
    visible, hidden = x[:, :VISIBLE], x[:, VISIBLE:]
    product = jnp.concatenate([hidden @ between.T, visible @ between + hidden @ within], axis=1)
    return -MOBILITY * (product + 2 * J2 * x + 4 * J4 * (x * x * x))


def diffusion(t: jax.Array, x: jax.Array, args: None) -> lineax.DiagonalLinearOperator:
    return lineax.DiagonalLinearOperator(jnp.full_like(x, KICK / DT**0.5))


@functools.partial(jax.jit, static_argnums=2)
def run(x: jax.Array, key: jax.Array, steps: int) -> jax.Array:
    shape = jax.ShapeDtypeStruct(x.shape, x.dtype)
    brownian = diffrax.UnsafeBrownianPath(shape=shape, key=key)
    terms = diffrax.MultiTerm(diffrax.ODETerm(drift), diffrax.ControlTerm(diffusion, brownian))
    solution = diffrax.diffeqsolve(
        terms,
        diffrax.Euler(),
        t0=0.0,
        t1=steps * DT,
        dt0=DT,
        y0=x,
        saveat=diffrax.SaveAt(t1=True),
        adjoint=diffrax.DirectAdjoint(),
        max_steps=steps + 2,
    )
    return solution.ys[0]


def advance(start: np.ndarray, steps: int) -> np.ndarray:
    return np.asarray(run(jnp.asarray(start), jax.random.key(1), steps))


report("diffrax", advance)
