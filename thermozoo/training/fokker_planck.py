r"""Fokker-Planck equation of one uncoupled overdamped unit under an imposed signal.

The density :math:`p(x, t)` of a unit that obeys

.. math::

    dx = \mu\,[-U'(x) + a(t)\,s]\,dt + \sqrt{2\mu k_BT}\,dW

is followed on a grid. The fluxes between neighboring cells are exponential in energy differences
(Scharfetter-Gummel, Chang-Cooper), so that the Boltzmann weights of the grid are the exact
stationary state at any spacing; time steps are implicit Euler steps, whose matrix is an M-matrix:
the density stays positive and normalized for any step. Order in time and space is gained
afterwards, by extrapolating the moments (`thermozoo.training.refinement`), never by a scheme that
could make a density negative.

References
----------
Scharfetter and Gummel, IEEE Trans. Electron Devices 16, 64 (1969).
Chang and Cooper, J. Comput. Phys. 6, 1 (1970).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from thermozoo.errors import ParameterError, TrainingError
from thermozoo.training.unit_grid import (
    HELD,
    Array,
    Density,
    Equilibrium,
    Function,
    Grid,
    InitialState,
    Point,
    Unit,
    evaluate,
    make_grid,
)

__all__ = [
    "Density",
    "Equilibrium",
    "Grid",
    "InitialState",
    "Point",
    "Unit",
    "boltzmann",
    "densities",
    "make_grid",
]


def boltzmann(grid: Grid, force: Array, temperature: float) -> Array:
    """Return the Boltzmann weights of the grid, shape (S, M), under one force for each s."""
    exponent = force[:, None] * grid.x / temperature - grid.energy
    density = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return np.asarray(density / density.sum(axis=1, keepdims=True))


def _start(unit: Unit, grid: Grid, strengths: Array, intensity: float, initial: InitialState) -> Array:
    if isinstance(initial, Equilibrium):
        held = intensity if initial.intensity is None else initial.intensity
        return boltzmann(grid, held * strengths, unit.temperature)
    if isinstance(initial, Density):
        density = np.array(evaluate(initial.function, grid.x, "initial density"))
        if not (np.all(density >= 0) and np.all(density.sum(axis=1) > 0) and np.isfinite(density.sum())):
            raise ParameterError("the initial density must be non-negative with a positive, finite integral")
    else:
        # A quadratic B-spline over three points: the mean is exact and the variance a quarter of the spacing
        # squared, wherever the point lies between them, so that extrapolation in the spacing removes it.
        density = np.zeros(grid.x.shape)
        place = (initial.position - grid.x[:, 0]) / grid.spacing[:, 0]
        nearest = np.round(place).astype(int)
        offset, row = place - nearest, np.arange(place.size)
        for shift, share in ((-1, (0.5 - offset) ** 2 / 2), (0, 0.75 - offset**2), (1, (0.5 + offset) ** 2 / 2)):
            density[row, nearest + shift] = share
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
    initial: InitialState = HELD,
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
        Increasing times; the first is the start.
    initial : Equilibrium, Density or Point
        State at the first time.
    substeps : int
        Implicit steps between two edges.

    Yields
    ------
    ndarray, shape (S, M)
        Probabilities, positive, each row of sum one; a view that the next step overwrites.

    Raises
    ------
    ParameterError
        When the initial density is negative somewhere, or its integral is not positive and finite.
    TrainingError
        When the intensity or the initial density is not a number, or a step has no solution.
    """
    from scipy.linalg.lapack import dgtsv

    # All values of s in one tridiagonal system: blocks that zeros separate.
    count, points = grid.x.shape
    start = float(evaluate(intensity, edges[:1], "intensity")[0])
    density = np.ascontiguousarray(_start(unit, grid, strengths, start, initial))
    yield density
    key: tuple[float, float] | None = None
    diagonal = np.empty((count, points))
    upper, lower = np.zeros((count, points)), np.zeros((count, points))
    for begin, end in pairwise(edges):
        step = float(end - begin) / substeps
        middle = evaluate(intensity, begin + step * (np.arange(substeps) + 0.5), "intensity")
        for held in map(float, middle):
            if key != (step, held):
                up, down = _rates(grid, held * strengths, unit)
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
