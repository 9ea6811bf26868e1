"""What a time step makes of a linear force: its bias in the variance, how fast it forgets, whether it is stable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["LinearStep", "linear_step", "modes", "step_matrices"]

Array = npt.NDArray[np.float64]

#: Eigenvalues between the smallest and the largest at which steps are looked at.
_BETWEEN = 25


@attrs.frozen
class LinearStep:
    """What steps do along the eigenvectors of a matrix.

    Parameters
    ----------
    growth : float
        By which factor the slowest direction shrinks in a step, or the fastest one grows: stable below 1.
    bias : float
        Largest relative deviation of a stationary variance from kT over the eigenvalue; of its size, with its sign.
    safe : bool
        Whether steps are stable with eigenvalues up to twice the largest: of overdamped units, mobility times dt times
        the largest eigenvalue is below 1.
    """

    growth: float
    bias: float
    safe: bool


class _Symbols:
    """What an integrator's `step` is called with: symbols, and a force that is linear in the state."""

    def __init__(self, names: tuple[str, ...], stiffness: Any, numbers: Mapping[str, float]) -> None:
        import sympy

        self._new, self._stiffness = sympy.Symbol, stiffness
        self.noises: list[Any] = []
        self.states = {name: sympy.Symbol(name, real=True) for name in ("x", *names)}
        vars(self).update(self.states)
        vars(self).update({name: sympy.Float(value) for name, value in numbers.items()})

    def force(self, at: Any) -> Any:
        """Return the force on a harmonic unit."""
        return -self._stiffness * at

    def noise(self) -> Any:
        """Return a new standard normal number."""
        self.noises.append(self._new(f"xi_{len(self.noises)}", real=True))
        return self.noises[-1]


def step_matrices(integrator: Any, *, dt: float, mobility: float, kT: float) -> Callable[[float], tuple[Array, Array]]:
    """Return a function of the stiffness of a harmonic unit: what a step multiplies its state and its noises by.

    The state after a step, with the integrator's variables, is the first matrix times that before it, plus the second
    one times the noises.
    """
    import sympy

    symbol = sympy.Symbol("stiffness", positive=True)
    symbols = _Symbols(tuple(type(integrator).variables), symbol, {"dt": dt, "mobility": mobility, "kT": kT})
    after = integrator.step(symbols)
    rows = [after[name] for name in symbols.states] if isinstance(after, Mapping) else [after]
    rows = [sympy.expand(row) for row in rows]
    moved = sympy.Matrix([[row.coeff(one) for one in symbols.states.values()] for row in rows])
    shaken = sympy.Matrix([[row.coeff(one) for one in symbols.noises] for row in rows])
    matrices = sympy.lambdify(symbol, [moved, shaken], "numpy")

    def of_stiffness(value: float) -> tuple[Array, Array]:
        move, shake = (np.array(one, dtype=np.float64) for one in matrices(value))
        return move, shake

    return of_stiffness


def linear_step(
    integrator: Any, smallest: float, largest: float, *, dt: float, mobility: float, kT: float
) -> LinearStep:
    """Return what steps of an integrator do to harmonic units with stiffness between two eigenvalues."""
    between = np.append(np.geomspace(smallest, largest, _BETWEEN), 2 * largest)
    growths, biases = modes(integrator, between, dt=dt, mobility=mobility, kT=kT)
    growth = float(growths[:-1].max())
    return LinearStep(growth, float(max(biases[:-1], key=abs)), bool(growths.max() < 1))


def modes(integrator: Any, stiffness: Array, *, dt: float, mobility: float, kT: float) -> tuple[Array, Array]:
    """Return growth and bias of steps at each of some stiffnesses; the bias is NaN where a step is not stable.

    A step is linear, see `step_matrices`; the stationary variance solves the Lyapunov equation of both.
    """
    from scipy.linalg import solve_discrete_lyapunov

    matrices = step_matrices(integrator, dt=dt, mobility=mobility, kT=kT)
    growths, biases = [], []
    for value in stiffness:
        move, shake = matrices(value)
        growths.append(float(np.abs(np.linalg.eigvals(move)).max()))
        stable = growths[-1] < 1
        biases.append(solve_discrete_lyapunov(move, shake @ shake.T)[0, 0] * value / kT - 1 if stable else np.nan)
    return np.array(growths), np.array(biases)
