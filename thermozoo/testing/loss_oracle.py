"""Three coupled units on which an objective is tried: its loss by the author's method, gradients, known data."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import sympy

from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.derive import LossGradients

__all__ = ["DT", "KT", "MOBILITY", "NAMES", "PAIRS", "A", "C", "LossOracle", "N", "chain_rule", "known_steps"]

Array = npt.NDArray[np.floating[Any]]

#: Three coupled units with energies a x^2 + c x^4: small enough for sums that are written out.
N = 3
PAIRS = ((0, 1), (0, 2), (1, 2))
A, C = 0.5, 0.25
#: kT is not 1/2: a lost factor 2 kT would not show.
KT, MOBILITY, DT = 0.4, 1.3, 0.02


class _Symbols:
    """What an objective's `step_loss` sees here."""

    def __init__(self) -> None:
        self.x, self.x_next, self.gradient, self.gradient_next = sympy.symbols("a b g h", real=True)
        self.dt, self.mobility, self.kT = sympy.symbols("d m T", positive=True)


@attrs.frozen(eq=False, slots=False)
class LossOracle:
    """The author's loss as functions made by sympy's own printer."""

    objective: Any

    @functools.cached_property
    def _traced(self) -> tuple[list[Any], Any]:
        s = _Symbols()
        loss = sympy.sympify(self.objective.step_loss(s))
        return [s.x, s.x_next, s.gradient, s.gradient_next, s.dt, s.mobility, s.kT], loss

    @functools.cached_property
    def exact(self) -> Callable[..., Any]:
        """The loss in mpmath."""
        function: Callable[..., Any] = sympy.lambdify(*self._traced, modules="mpmath")
        return function

    @functools.cached_property
    def arrays(self) -> Callable[..., Any]:
        """The loss in NumPy."""
        function: Callable[..., Any] = sympy.lambdify(*self._traced, modules=["numpy", "scipy"])
        return function

    def total(self, theta: Array, x: Array, x_next: Array) -> Array:
        """Return the loss of each step, summed over units, for states of shape (steps, 3)."""
        g, g_next = gradient(theta, x), gradient(theta, x_next)
        values = self.arrays(x, x_next, g, g_next, DT, MOBILITY, KT)
        totals: Array = np.broadcast_to(np.asarray(values, dtype=float), x.shape).sum(axis=-1)
        return totals


def gradient(theta: Any, x: Any) -> Any:
    """Return dV/dx of states of shape (..., 3), written out pair by pair."""
    couplings, biases = theta[: len(PAIRS)], theta[len(PAIRS) : len(PAIRS) + N]
    columns = []
    cube = x * x * x  # a power of an array is worked out by logarithms
    for i in range(N):
        value = 2 * A * x[..., i] + 4 * C * cube[..., i] + biases[i]
        for J, (p, q) in zip(couplings, PAIRS, strict=True):
            if i in (p, q):
                value = value + J * x[..., q if i == p else p]
        columns.append(value)
    return np.stack(columns, axis=-1)


def chain_rule(
    objective: Any, derived: LossGradients, theta: Array, x: Array, x_next: Array, only: int | None = None
) -> Array:
    """Return the gradient of each step's loss by the derived r = dl/dg' and q = dl/dg, shape (steps, 8).

    `only`: of the loss of one unit, instead of the sum over all.
    """
    f = derived.formula
    bound = f.bind(values_of(objective), dt=DT, mobility=MOBILITY, kT=KT)
    symbols = [f.x, f.x_next, f.gradient, f.gradient_next]
    function = bound.function("residuals", symbols, derived.by_gradient_next, derived.by_gradient)
    r, q = function(x, x_next, gradient(theta, x), gradient(theta, x_next))
    if only is not None:
        r, q = (one * (np.arange(N) == only) for one in (r, q))
    couplings = [
        r[..., i] * x_next[..., j] + r[..., j] * x_next[..., i] + q[..., i] * x[..., j] + q[..., j] * x[..., i]
        for i, j in PAIRS
    ]
    biases = [r[..., i] + q[..., i] for i in range(N)]
    onsite = [
        (r * 2 * x_next + q * 2 * x).sum(axis=-1),
        (r * 4 * x_next * x_next * x_next + q * 4 * x * x * x).sum(axis=-1),
    ]
    return np.stack([*couplings, *biases, *onsite], axis=-1)


NAMES = [*(f"J_{i}{j}" for i, j in PAIRS), *(f"b_{i}" for i in range(N)), "on-site a", "on-site c"]


def known_steps(rng: np.random.Generator, direction: str) -> tuple[Array, Array, Array]:
    """Return parameters, and steps (x, x') that those parameters' computer takes in a direction."""
    theta = np.array([0.8, -0.5, 0.4, 0.3, -0.6, 0.5])
    # Relaxation from far away: at equilibrium a path is as likely as its reverse, and a wrong sign of the increment
    # would not show.
    x = np.array([0.8, -0.6, 0.4]) + 1.2 * rng.standard_normal((3000, N))
    pairs = []
    for _ in range(20):
        moved = x - MOBILITY * gradient(theta, x) * DT
        moved = moved + np.sqrt(2 * MOBILITY * KT * DT) * rng.standard_normal(x.shape)
        # in reverse, the observed step ends where the computer's step began
        pairs.append((moved, x) if direction == "reverse" else (x, moved))
        x = moved
    return theta, np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])
