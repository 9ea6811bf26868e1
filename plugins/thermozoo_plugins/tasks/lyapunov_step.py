"""What a time step makes of the covariance of two modes whose noises are correlated."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from thermozoo_plugins.tasks.linear_step import step_matrices

__all__ = ["covariance_bias"]

#: Eigenvalues between the smallest and the largest at which pairs of modes are looked at.
_BETWEEN = 25


def covariance_bias(
    integrator: Any, smallest: float, largest: float, *, dt: float, mobility: float, kT: float
) -> float:
    r"""Return the largest relative deviation of a stationary covariance from that of the Lyapunov equation.

    .. math:: C_{ij} = M_i C_{ij} M_j^T + N_i N_j^T\, \frac{R_{ij}}{2}, \qquad
              \frac{C_{ij}}{R_{ij} / (\lambda_i + \lambda_j)} - 1

    with M and N the matrices of a step of a mode of stiffness lambda: the state after it, with the integrator's
    variables, is M times that before it, plus N times its noises, which grow as the root of the temperature. R is the
    covariance of the noise between two modes: it multiplies both, so that the deviation is the same for any. Of units
    with inertia it contains what that does to modes of different stiffness, which no shorter step removes.

    Parameters
    ----------
    integrator : Integrator
        The scheme.
    smallest, largest : float
        Eigenvalues between which modes lie [energy].
    dt, mobility, kT : float
        Time step [time], mobility [1 / (energy time)] and temperature [energy].

    Returns
    -------
    float
        The deviation of largest size, with its sign; NaN where a mode is not stable.
    """
    matrices = step_matrices(integrator, dt=dt, mobility=mobility, kT=kT)
    values = np.geomspace(smallest, largest, _BETWEEN)
    modes = [matrices(float(value)) for value in values]
    if max(np.abs(np.linalg.eigvals(moved)).max() for moved, _ in modes) >= 1:
        return float("nan")
    found = []
    for (a, (moved, shaken)), (b, (other, shaken_too)) in itertools.combinations_with_replacement(
        zip(values, modes, strict=True), 2
    ):
        kept = np.eye(moved.size) - np.kron(moved, other)
        covariance = np.linalg.solve(kept, (shaken @ shaken_too.T).ravel())
        found.append(float(covariance[0] / kT * (a + b) / 2 - 1))
    return max(found, key=abs)
