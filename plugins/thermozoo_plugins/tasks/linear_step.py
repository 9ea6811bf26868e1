"""What a time step makes of a linear force: its bias in the variance, how fast it forgets, whether it is stable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["LinearStep", "linear_step", "modes"]

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
    """

    growth: float
    bias: float


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


def linear_step(
    integrator: Any, smallest: float, largest: float, *, dt: float, mobility: float, kT: float
) -> LinearStep:
    """Return what steps of an integrator do to harmonic units with stiffness between two eigenvalues."""
    between = np.geomspace(smallest, largest, _BETWEEN)
    growths, biases = modes(integrator, between, dt=dt, mobility=mobility, kT=kT)
    return LinearStep(float(growths.max()), float(max(biases[growths < 1], key=abs, default=np.nan)))


def modes(integrator: Any, stiffness: Array, *, dt: float, mobility: float, kT: float) -> tuple[Array, Array]:
    """Return growth and bias of steps at each of some stiffnesses; the bias is NaN where a step is not stable.

    A step is linear: the state after it, with the integrator's variables, is a matrix times that before it, plus
    another one times its noises. The stationary variance solves the Lyapunov equation of both.
    """
    import sympy
    from scipy.linalg import solve_discrete_lyapunov

    symbol = sympy.Symbol("stiffness", positive=True)
    symbols = _Symbols(tuple(type(integrator).variables), symbol, {"dt": dt, "mobility": mobility, "kT": kT})
    after = integrator.step(symbols)
    rows = [after[name] for name in symbols.states] if isinstance(after, Mapping) else [after]
    rows = [sympy.expand(row) for row in rows]
    moved = sympy.Matrix([[row.coeff(one) for one in symbols.states.values()] for row in rows])
    shaken = sympy.Matrix([[row.coeff(one) for one in symbols.noises] for row in rows])
    matrices = sympy.lambdify(symbol, [moved, shaken], "numpy")
    growths, biases = [], []
    for value in stiffness:
        move, shake = (np.array(one, dtype=np.float64) for one in matrices(value))
        growths.append(float(np.abs(np.linalg.eigvals(move)).max()))
        stable = growths[-1] < 1
        biases.append(solve_discrete_lyapunov(move, shake @ shake.T)[0, 0] * value / kT - 1 if stable else np.nan)
    return np.array(growths), np.array(biases)
