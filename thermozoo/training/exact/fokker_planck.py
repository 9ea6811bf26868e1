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


def boltzmann(grid: Grid, force: Array, temperature: float) -> Array:
    """Return the Boltzmann weights of the grid, shape (S, M), under one force for each s."""
    exponent = force[:, None] * grid.x / temperature - grid.energy
    density = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return np.asarray(density / density.sum(axis=1, keepdims=True))


def _rates(grid: Grid, force: Array, unit: Unit) -> tuple[Array, Array]:
    """Return the rates up and down between neighbors, each (S, M - 1), in detailed balance."""
    z = np.diff(grid.energy, axis=1) - force[:, None] * grid.spacing / unit.temperature
    size = np.abs(z)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        slow = size / np.expm1(size)  # Bernoulli function of |z|, free of cancellation
    slow[size < 1e-9] = 1.0
    rate = unit.mobility * unit.temperature / grid.spacing**2
    return rate * (slow + np.maximum(-z, 0)), rate * (slow + np.maximum(z, 0))


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
    count, points = grid.x.shape
    start = float(evaluate(intensity, edges[:1], "intensity")[0])
    density = np.ascontiguousarray(boltzmann(grid, start * strengths, unit.temperature))
    yield density
    key: tuple[float, float] | None = None
    at: float | None = None
    rests = True
    diagonal = np.empty((count, points))
    upper, lower = np.zeros((count, points)), np.zeros((count, points))
    steps = np.diff(edges) / substeps
    middles = edges[:-1, None] + steps[:, None] * (np.arange(substeps) + 0.5)
    intensities = evaluate(intensity, middles.ravel(), "intensity").reshape(middles.shape)
    for begin, step, during in zip(edges[:-1], map(float, steps), intensities, strict=True):
        for held in map(float, during):
            # The equilibrium of the first intensity stays what it is for as long as this intensity is held.
            rests = rests and held == start
            if rests:
                continue
            if at != held:
                up, down = _rates(grid, held * strengths, unit)
                at = held
            if key != (step, held):
                lower[:, :-1], upper[:, :-1] = -step * up, -step * down
                diagonal[:] = 1.0
                diagonal[:, :-1] -= lower[:, :-1]
                diagonal[:, 1:] -= upper[:, :-1]
                key = (step, held)
            *_, solution, info = dgtsv(lower.ravel()[:-1], diagonal.ravel(), upper.ravel()[:-1], density.ravel())
            if info != 0:
                raise TrainingError(
                    f"a Fokker-Planck step failed at t = {begin:g} (pivot {info}); is the intensity finite?"
                )
            density = solution.reshape(count, points)
        yield density
