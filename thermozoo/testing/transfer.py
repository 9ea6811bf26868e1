"""Averages and densities of a time step by quadrature: what samples are compared with, and orders without noise."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.testing.outcomes import DoesNotApply

__all__ = ["StepFunction", "carried", "exact_average", "kernel", "step_function"]

Array = npt.NDArray[np.floating[Any]]


def kernel(x: Array, force: Array, mobility: float, kT: float, dt: float, period: float | None = None) -> Array:
    """Return the Euler-Maruyama transition probabilities between points of a uniform grid, rows from, columns to.

    On a circle, `period`, a step is far shorter than a turn: it goes the nearer way.
    """
    variance = 2 * mobility * kT * dt
    mean = x + mobility * force * dt
    distance = x[None, :] - mean[:, None]
    if period is not None:
        distance -= period * np.round(distance / period)
    density = np.exp(-(distance**2) / (2 * variance))
    probabilities: Array = density * ((x[1] - x[0]) / np.sqrt(2 * np.pi * variance))
    return probabilities


def carried(p: Array, step: Array, steps: int) -> Array:
    """Return the distribution after a number of steps."""
    for _ in range(steps):
        p = p @ step
    normalized: Array = p / p.sum()
    return normalized


class _Symbols:
    """What an integrator's `step` sees here; records the places where it asks for forces and noise."""

    def __init__(self, variables: Iterable[str]) -> None:
        import sympy

        self.held = {name: sympy.Symbol(f"a_{name}", real=True) for name in variables}
        vars(self).update(self.held)
        self.x = sympy.Symbol("y", real=True)
        self.dt, self.mobility, self.kT = sympy.symbols("h m T", positive=True)
        self.places: list[Any] = []
        self.forces: list[Any] = []
        self.noises: list[Any] = []

    def force(self, at: Any) -> Any:
        import sympy

        self.places.append(sympy.sympify(at))
        self.forces.append(sympy.Symbol(f"f{len(self.forces)}", real=True))
        return self.forces[-1]

    def noise(self) -> Any:
        import sympy

        self.noises.append(sympy.Symbol(f"w{len(self.noises)}", real=True))
        return self.noises[-1]


@attrs.frozen(eq=False)
class StepFunction:
    """An integrator's step as NumPy functions made by sympy's own printer, of a unit with a given force.

    Parameters
    ----------
    symbols : object
        What the author's method was called with.
    results : dict of str to Expr
        The state after the step, ``x``, and each auxiliary variable after it.
    """

    symbols: Any
    results: dict[str, Any]
    _stages: tuple[Callable[..., Any], ...] = attrs.field(repr=False)
    _finals: tuple[Callable[..., Any], ...] = attrs.field(repr=False)

    @property
    def result(self) -> Any:
        """The state after the step."""
        return self.results["x"]

    @property
    def noises(self) -> int:
        """Noises that one step draws."""
        return len(self.symbols.noises)

    def __call__(
        self, x: Array, noises: list[Array], force: Callable[[Array], Array], mobility: float, kT: float, dt: float
    ) -> Array:
        """Return the state after one step; arrays broadcast."""
        return self.moved([x], noises, force, mobility, kT, dt)[0]

    def moved(
        self,
        phase: Sequence[Array],
        noises: Sequence[Array],
        force: Callable[[Array], Array],
        mobility: float,
        kT: float,
        dt: float,
    ) -> list[Array]:
        """Return state and auxiliary variables after one step of those in `phase`; arrays broadcast."""
        forces: list[Array] = []
        padding = [0.0] * len(self._stages)
        known = [phase[0], dt, mobility, kT, *phase[1:], *noises]
        for stage in self._stages:
            at = stage(*known, *forces, *padding[len(forces) :])
            forces.append(force(np.asarray(at, dtype=float)))
        return [np.asarray(final(*known, *forces), dtype=float) for final in self._finals]

    def average(
        self,
        values: Callable[[Array], Array],
        x: Array,
        force: Callable[[Array], Array],
        mobility: float,
        kT: float,
        dt: float,
    ) -> Array:
        """Return E[values(x')] for each x, by Gauss-Hermite quadrature over the noises.

        Raises
        ------
        DoesNotApply
            When a step draws more than two noises.
        """
        after, weights = self.spread(x, force, mobility, kT, dt)
        total: Array = weights @ values(after)
        return total

    def spread(
        self, x: Array, force: Callable[[Array], Array], mobility: float, kT: float, dt: float
    ) -> tuple[Array, Array]:
        """Return where the nodes of that quadrature take each x, shape (nodes, len(x)), and their weights.

        Raises
        ------
        DoesNotApply
            When a step draws more than two noises.
        """
        if self.noises > 2:
            raise DoesNotApply(f"quadrature covers one or two noises a step, this one draws {self.noises}")
        nodes, weights = np.polynomial.hermite_e.hermegauss(24 if self.noises < 2 else 14)
        weights = weights / weights.sum()
        chosen = np.array(list(itertools.product(range(len(nodes)), repeat=self.noises)), dtype=int)
        shape = (len(chosen), len(x))
        noises = [np.broadcast_to(nodes[one][:, None], shape) for one in chosen.T]
        after = self(np.broadcast_to(x, shape), noises, force, mobility, kT, dt)
        return np.broadcast_to(after, shape), weights[chosen].prod(axis=1)


def step_function(integrator: Any) -> StepFunction:
    """Call an integrator's step with symbols and return it as NumPy functions."""
    import sympy

    s = _Symbols(type(integrator).variables)
    returned = integrator.step(s)
    given = returned if isinstance(returned, Mapping) else {"x": returned}
    results = {name: sympy.sympify(given[name]) for name in ("x", *s.held)}
    arguments = [s.x, s.dt, s.mobility, s.kT, *s.held.values(), *s.noises, *s.forces]

    def build(expression: Any) -> Callable[..., Any]:
        function: Callable[..., Any] = sympy.lambdify(arguments, expression, modules=["numpy", "scipy"])
        return function

    return StepFunction(
        symbols=s,
        results=results,
        stages=tuple(build(p) for p in s.places),
        finals=tuple(build(one) for one in results.values()),
    )


def exact_average(
    values: Callable[[Array], Array],
    start: float,
    time: float,
    energy: Callable[[Array], tuple[Array, Array, Array]],
    mobility: float,
    kT: float,
    half_width: float,
) -> float:
    """Return E[values(x(time)) | x(0) = start] of the Langevin equation itself.

    With psi = exp(-U / 2 kT) u the backward equation becomes a Schroedinger equation with the potential
    U'^2 / 4 kT - U'' / 2, which is diagonalized on a grid of sinc functions (spectral accuracy).

    Parameters
    ----------
    values : callable
        The observable.
    start, time : float
        Initial state and elapsed time.
    energy : callable
        Returns U, U' and U''.
    mobility, kT : float
        Of the equation.
    half_width : float
        Half the interval, centered at `start`; beyond it the Boltzmann weight is negligible.
    """
    x, levels, states, scaled = _diagonalized(energy, start, kT, half_width)
    amplitudes = states.T @ (values(x) * scaled)
    decayed = states @ (np.exp(-mobility * levels * time) * amplitudes)
    return float(decayed[len(x) // 2])


@functools.lru_cache(maxsize=4)
def _diagonalized(
    energy: Callable[[Array], tuple[Array, Array, Array]], start: float, kT: float, half_width: float
) -> tuple[Array, Array, Array, Array]:
    """Return grid, levels and states of the Schroedinger equation, and exp(-U / 2 kT) of the grid."""
    points = 401
    x = start + np.linspace(-half_width, half_width, points)
    h = x[1] - x[0]
    i = np.arange(points)
    distance = i[:, None] - i[None, :]
    with np.errstate(divide="ignore"):
        kinetic = np.where(distance == 0, np.pi**2 / 3, 2.0 * (-1.0) ** distance / distance.astype(float) ** 2) / h**2
    u, first, second = energy(x)
    hamiltonian = kT * kinetic + np.diag(first**2 / (4 * kT) - second / 2)
    levels, states = np.linalg.eigh(hamiltonian)
    return x, levels, states, np.exp(-(u - u[points // 2]) / (2 * kT))
