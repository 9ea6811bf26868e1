r"""Fokker-Planck equation of one uncoupled overdamped unit under an imposed signal.

The density :math:`p(x, t)` of a unit that obeys

.. math::

    dx = \mu\,[-U'(x) + a(t)\,s]\,dt + \sqrt{2\mu k_BT}\,dW

is followed on a grid. The fluxes between neighboring cells are exponential in energy differences
(Scharfetter-Gummel, Chang-Cooper), so that the Boltzmann weights of the grid are the exact
stationary state at any spacing; time steps are implicit Euler steps, whose matrix is an M-matrix:
the density stays positive and normalized for any step. Order in time and space is gained
afterwards, by extrapolating the moments (`thermozoo.training.exact.refinement`), never by a scheme that
could make a density negative.

References
----------
Scharfetter and Gummel, IEEE Trans. Electron Devices 16, 64 (1969).
Chang and Cooper, J. Comput. Phys. 6, 1 (1970).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from thermozoo.errors import TrainingError
from thermozoo.training.exact.unit_grid import Array, Function, Grid, Unit, evaluate

__all__ = ["boltzmann", "densities"]

#: Entries of a band that are made at once: all of them stay in a processor's own cache.
_AT_ONCE = 2**14


def boltzmann(grid: Grid, force: Array, temperature: float) -> Array:
    """Return the Boltzmann weights of the grid, shape (S, M), under one force for each s."""
    exponent = force[:, None] * grid.x / temperature - grid.energy
    density = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return np.asarray(density / density.sum(axis=1, keepdims=True))


def _bands(grid: Grid, forces: Array, steps: Array, unit: Unit) -> tuple[Array, Array, Array]:
    """Return the bands of 1 - tau L of implicit steps under some forces, each (steps, S, M): lower, diagonal, upper.

    Rates up and down between neighbors are in detailed balance; blocks of the values of s are separated by zeros.
    """
    z = np.diff(grid.energy, axis=1) - forces[..., None] * grid.spacing / unit.temperature
    size = np.abs(z)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        slow = size / np.expm1(size)  # Bernoulli function of |z|, free of cancellation
    slow[size < 1e-9] = 1.0
    rate = unit.mobility * unit.temperature / grid.spacing**2
    lower, upper = np.zeros((2, len(steps), *grid.x.shape))
    lower[..., :-1] = -steps[:, None, None] * (rate * (slow + np.maximum(-z, 0)))
    upper[..., :-1] = -steps[:, None, None] * (rate * (slow + np.maximum(z, 0)))
    diagonal = np.ones_like(lower)
    diagonal[..., :-1] -= lower[..., :-1]
    diagonal[..., 1:] -= upper[..., :-1]
    return lower, diagonal, upper


def densities(
    unit: Unit,
    grid: Grid,
    strengths: Array,
    intensity: Function,
    edges: Array,
    *,
    substeps: int = 1,
) -> Iterator[Array]:
    r"""Yield the probabilities of the grid points at each of the times `edges`.

    Implicit Euler steps: :math:`(1 - \tau L)\,p_{n+1} = p_n`, the intensity taken at the middle of
    a step, so that a protocol may jump at an edge.

    Parameters
    ----------
    unit : Unit
        Energy, temperature and mobility.
    grid : Grid
        Positions, of `make_grid` for the same values of s.
    strengths : ndarray, shape (S,)
        Values of s; all are followed at once.
    intensity : callable
        :math:`a(t)` [energy] of an array of times.
    edges : ndarray, shape (T,)
        Increasing times; the first is the start, where the unit is in equilibrium.
    substeps : int
        Implicit steps between two edges.

    Yields
    ------
    ndarray, shape (S, M)
        Probabilities, positive, each row of sum one; a view that the next step overwrites.

    Raises
    ------
    TrainingError
        When the intensity is not a number, or a step has no solution.
    """
    from scipy.linalg.lapack import dgtsv

    # All values of s in one tridiagonal system: blocks that zeros separate.
    shape = grid.x.shape
    start = float(evaluate(intensity, edges[:1], "intensity")[0])
    density = np.ascontiguousarray(boltzmann(grid, start * strengths, unit.temperature))
    yield density
    lengths = np.diff(edges) / substeps
    middles = (edges[:-1, None] + lengths[:, None] * (np.arange(substeps) + 0.5)).ravel()
    held, steps = evaluate(intensity, middles, "intensity"), np.repeat(lengths, substeps)
    # The equilibrium of the first intensity stays what it is for as long as this intensity is held.
    resting = int(np.argmax(np.append(held, np.nan) != start))
    # A matrix is made where it changes, and for many steps at once: small arrays would wait for NumPy.
    changes = np.append(True, (held[1:] != held[:-1]) | (steps[1:] != steps[:-1]))
    first, number = np.flatnonzero(changes), np.cumsum(changes) - 1
    many = max(1, _AT_ONCE // grid.x.size)
    made: list[tuple[Array, Array, Array]] = []
    for n in range(held.size):
        if n >= resting:
            turn = (number[n] - number[resting]) % many
            if n == resting or (changes[n] and turn == 0):
                some = first[number[n] : number[n] + many]
                made = list(zip(*_bands(grid, held[some, None] * strengths, steps[some], unit), strict=True))
            lower, diagonal, upper = made[turn]
            *_, solution, info = dgtsv(lower.ravel()[:-1], diagonal.ravel(), upper.ravel()[:-1], density.ravel())
            if info != 0:
                raise TrainingError(
                    f"a Fokker-Planck step failed at t = {edges[n // substeps]:g} (pivot {info}); is the intensity "
                    "finite?"
                )
            density = solution.reshape(shape)
        if (n + 1) % substeps == 0:
            yield density
