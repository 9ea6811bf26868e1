"""The step of an integrator of discrete units as a function of force and random number, and its probabilities.

It is made by sympy's own printer from the author's method, and probabilities are lengths of intervals of the uniform
number, found by bisection: nothing is shared with the engines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["ChoiceFunction", "choice_function"]

Array = npt.NDArray[np.floating[Any]]

#: Cells of the interval (0, 1) in which a step is taken to change once at most.
_CELLS = 64


class _Symbols:
    """What an integrator's `step` sees here; records what it asks for."""

    def __init__(self) -> None:
        import sympy

        self.x = sympy.Symbol("y", real=True)
        self.dt, self.mobility, self.kT = sympy.symbols("h m T", positive=True)
        self.places: list[Any] = []
        self.forces: list[Any] = []
        self.uniforms: list[Any] = []
        self.noises: list[Any] = []

    def _new(self, kind: list[Any], letter: str) -> Any:
        import sympy

        kind.append(sympy.Symbol(f"{letter}{len(kind)}", real=True))
        return kind[-1]

    def force(self, at: Any) -> Any:
        self.places.append(at)
        return self._new(self.forces, "f")

    def uniform(self) -> Any:
        return self._new(self.uniforms, "r")

    def noise(self) -> Any:
        return self._new(self.noises, "w")


@attrs.frozen(eq=False)
class ChoiceFunction:
    """A step that draws one uniform number and evaluates one force, at x.

    Parameters
    ----------
    symbols : object
        What the author's method was called with.
    result : Expr
        The state after the step.
    """

    symbols: Any
    result: Any
    _function: Callable[..., Any] = attrs.field(repr=False)

    def __call__(self, x: Array, force: Array, u: Array, kT: float, mobility: float = 1.0, dt: float = 1.0) -> Array:
        """Return the states after the step; arrays broadcast."""
        x, force, u = np.broadcast_arrays(x, force, u)
        with np.errstate(over="ignore"):
            after: Array = np.asarray(self._function(x, force, u, kT, mobility, dt), dtype=float)
        return np.array(np.broadcast_to(after, x.shape))

    def probability(
        self, state: float, x: Array, force: Array, kT: float, mobility: float = 1.0, dt: float = 1.0
    ) -> Array:
        """Return the probability that the state after the step is `state`."""
        x, force = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(force, dtype=float))
        edges = np.linspace(0.0, 1.0, _CELLS + 1).reshape(-1, *[1] * x.ndim)
        inside = np.clip(edges, 2.0**-60, 1 - 2.0**-53)
        there = self(x, force, inside, kT, mobility, dt) == state
        left, right = np.broadcast_to(edges[:-1], there[1:].shape), np.broadcast_to(edges[1:], there[1:].shape)
        low, high = np.array(left), np.array(right)
        for _ in range(54):
            middle = 0.5 * (low + high)
            same = (self(x, force, middle, kT, mobility, dt) == state) == there[:-1]
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        length = np.where(there[:-1] & there[1:], right - left, 0.0)
        length += np.where(there[:-1] & ~there[1:], low - left, 0.0) + np.where(
            ~there[:-1] & there[1:], right - high, 0.0
        )
        total: Array = length.sum(axis=0)
        return total


def choice_function(integrator: Any) -> ChoiceFunction:
    """Call an integrator's step with symbols and return it as a function of numbers."""
    import sympy

    s = _Symbols()
    result = sympy.sympify(integrator.step(s))
    arguments = [s.x, *(s.forces[:1] or [sympy.Dummy()]), *(s.uniforms[:1] or [sympy.Dummy()]), s.kT, s.mobility, s.dt]
    return ChoiceFunction(s, result, sympy.lambdify(arguments, result, modules=["numpy", "scipy"]))
