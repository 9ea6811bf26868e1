"""Few units in diffrax: its Euler solver for one trajectory, `vmap` over trajectories; the quickest Brownian motion."""

from __future__ import annotations

import diffrax
import jax
import jax.numpy as jnp
import lineax
import numpy as np
from few import DT, KICK, MOBILITY, UNITS, couplings, report
from work import J2, J4

J = jnp.asarray(couplings())


def drift(t: jax.Array, x: jax.Array, args: None) -> jax.Array:
    gradient = 2 * J2 * x + 4 * J4 * (x * x * x)
    if UNITS > 1:
        gradient = gradient + J @ x
    return -MOBILITY * gradient


def diffusion(t: jax.Array, x: jax.Array, args: None) -> lineax.DiagonalLinearOperator:
    return lineax.DiagonalLinearOperator(jnp.full_like(x, KICK / DT**0.5))


def solve(x: jax.Array, key: jax.Array, steps: jax.Array) -> jax.Array:
    brownian = diffrax.UnsafeBrownianPath(shape=jax.ShapeDtypeStruct(x.shape, x.dtype), key=key)
    terms = diffrax.MultiTerm(diffrax.ODETerm(drift), diffrax.ControlTerm(diffusion, brownian))
    solution = diffrax.diffeqsolve(
        terms,
        diffrax.Euler(),
        t0=0.0,
        t1=steps * DT,
        dt0=DT,
        y0=x,
        saveat=diffrax.SaveAt(t1=True),
        adjoint=diffrax.ForwardMode(),
        max_steps=None,
    )
    return solution.ys[0]


run = jax.jit(jax.vmap(solve, in_axes=(0, 0, None)))


def advance(start: np.ndarray, steps: int) -> np.ndarray:
    keys = jax.random.split(jax.random.key(1), len(start))
    return np.asarray(run(jnp.asarray(start), keys, jnp.float32(steps)))


report("diffrax", advance)
