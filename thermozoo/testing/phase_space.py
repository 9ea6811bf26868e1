"""Steps of state and auxiliary variables without sampling: linear forces in closed form, others by quadrature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.testing.transfer import StepFunction, step_function

__all__ = ["LinearStep", "exact_underdamped_average", "linear_step", "phase_averages"]

Array = npt.NDArray[np.floating[Any]]


@attrs.frozen(eq=False)
class LinearStep:
    """A step z' = A z + b + C xi of z = (x, auxiliary variables).

    Parameters
    ----------
    A, b, C : ndarray
        Its matrices.
    """

    A: Array
    b: Array
    C: Array

    def covariance(self, steps: int) -> Array:
        """Return the covariance of z after a number of steps from one point."""
        sigma = np.zeros_like(self.A)
        for _ in range(steps):
            sigma = self.A @ sigma @ self.A.T + self.C @ self.C.T
        return sigma

    @property
    def stationary(self) -> Array:
        """The covariance of z in the long run, by the discrete Lyapunov equation; infinite where there is none."""
        from scipy.linalg import solve_discrete_lyapunov

        if np.abs(np.linalg.eigvals(self.A)).max() >= 1:
            return np.full_like(self.A, np.inf)
        found: Array = solve_discrete_lyapunov(self.A, self.C @ self.C.T)
        return found

    @property
    def variables(self) -> LinearStep:
        """The step of the auxiliary variables alone, where no state acts on them."""
        return LinearStep(self.A[1:, 1:], self.b[1:], self.C[1:])


def linear_step(
    integrator: Any, stiffness: float, push: float, mobility: float, kT: float, dt: float
) -> LinearStep | None:
    """Return the step of a unit with the force push - stiffness x; None where it is not linear."""
    import sympy

    step = step_function(integrator)
    s = step.symbols
    numbers = {s.dt: dt, s.mobility: mobility, s.kT: kT}
    forces: dict[Any, Any] = {}
    for symbol, place in zip(s.forces, s.places, strict=True):
        forces[symbol] = push - stiffness * place.subs(forces)
    phase = [s.x, *s.held.values()]
    rows = []
    for result in step.results.values():
        one = sympy.expand(result.subs(forces).subs(numbers))
        symbols = (*phase, *s.noises)
        if not one.is_polynomial(*symbols) or sympy.Poly(one, *symbols).total_degree() > 1:
            return None
        zero = dict.fromkeys(symbols, 0)
        rows.append([*(float(one.coeff(v)) for v in symbols), float(one.subs(zero))])
    table = np.array(rows)
    return LinearStep(table[:, : len(phase)], table[:, -1], table[:, len(phase) : -1])


def phase_averages(
    step: StepFunction,
    values: Callable[[Array], Array],
    steps: int,
    force: Callable[[Array], Array],
    mobility: float,
    kT: float,
    dt: float,
    half_widths: tuple[float, float],
) -> Callable[[Array, Array], Array]:
    """Return E[values(x_n) | x_0, v_0] of a step with one auxiliary variable and one noise, by backward recursion.

    Between steps the average is a quintic spline on a grid; paths from the middle never leave it.
    """
    from scipy.interpolate import RectBivariateSpline

    grids = [np.linspace(-half, half, 72) for half in half_widths]
    x, v = np.meshgrid(*grids, indexing="ij")
    nodes, weights = np.polynomial.hermite_e.hermegauss(10)
    weights = weights / weights.sum()
    moved = [step.moved([x, v], [np.full_like(x, node)], force, mobility, kT, dt) for node in nodes]
    inside = [[np.clip(z, -half, half) for z, half in zip(one, half_widths, strict=True)] for one in moved]
    current = values(x)
    for k in range(steps):
        spline = RectBivariateSpline(*grids, current, kx=5, ky=5)
        places = [(values(one[0])) if k == 0 else spline.ev(*at) for one, at in zip(moved, inside, strict=True)]
        current = sum(weight * one for weight, one in zip(weights, places, strict=True))
    final = RectBivariateSpline(*grids, current, kx=5, ky=5)
    result: Callable[[Array, Array], Array] = final.ev
    return result


def exact_underdamped_average(
    values: Callable[[Array], Array],
    start: tuple[float, float],
    time: float,
    energy: Callable[[Array], tuple[Array, Array]],
    mass: float,
    mobility: float,
    kT: float,
    half_width: float,
) -> float:
    """Return E[values(x(time)) | x(0), v(0)] of the underdamped Langevin equation itself.

    With the average exp(U / 2 kT) sum_n g_n(x) h_n(v / sigma), h_n the normalized Hermite polynomials and sigma^2 =
    kT / m, the backward equation couples neighbors: dg_n/dt = -n g_n / (mu m) + sqrt(n) D+ g_(n-1) + sqrt(n+1) D-
    g_(n+1) with D+- = sigma (d/dx +- U' / 2 kT), on a grid of sinc functions (H. Risken, The Fokker-Planck Equation,
    chapter 10).

    Parameters
    ----------
    values : callable
        The observable.
    start : (float, float)
        Initial state and velocity.
    time : float
        Elapsed time.
    energy : callable
        Returns U and U'.
    mass, mobility, kT : float
        Of the equation.
    half_width : float
        Half the interval, centered at the initial state; beyond it the Boltzmann weight is negligible.
    """
    from scipy.integrate import solve_ivp

    points, functions = 121, 36
    x = start[0] + np.linspace(-half_width, half_width, points)
    h, i = x[1] - x[0], np.arange(points)
    distance = i[:, None] - i[None, :]
    with np.errstate(divide="ignore"):
        slope = np.where(distance == 0, 0.0, (-1.0) ** distance / distance.astype(float)) / h
    u, first = energy(x)
    sigma = np.sqrt(kT / mass)
    up, down = (sigma * (slope + sign * np.diag(first) / (2 * kT)) for sign in (1, -1))
    n = np.arange(functions)
    friction, below, above = n / (mobility * mass), np.sqrt(n)[:, None], np.sqrt(n + 1)[:, None]

    def rate(t: float, flat: Array) -> Array:
        g = flat.reshape(functions, points)
        change = -friction[:, None] * g
        change[1:] += below[1:] * (g[:-1] @ up.T)
        change[:-1] += above[:-1] * (g[1:] @ down.T)
        return change.ravel()

    weight = np.exp(-(u - u[points // 2]) / (2 * kT))
    begin = np.zeros((functions, points))
    begin[0] = values(x) * weight
    done = solve_ivp(rate, (0.0, time), begin.ravel(), method="DOP853", rtol=1e-10, atol=1e-12)
    at = done.y[:, -1].reshape(functions, points)[:, points // 2]
    z = start[1] / sigma
    hermite = [1.0, z]
    for k in range(1, functions - 1):
        hermite.append((z * hermite[k] - np.sqrt(k) * hermite[k - 1]) / np.sqrt(k + 1))
    return float(at @ np.array(hermite))
