"""The oracle of an interaction, which shares no code with what it judges.

The author's own method is called with symbols, once, and evaluated in many digits by mpmath, or on arrays by sympy's
own printer; energies of computers are sums over tuples, one by one.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import sympy

from thermozoo.interfaces import Interaction
from thermozoo.interfaces.symbolic_copy import symbolic_copy
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.guard import call
from thermozoo.testing.author import DIGITS, exact_value, on_array, slope

__all__ = ["TupleOracle", "all_tuples"]

Array = npt.NDArray[np.floating[Any]]

#: Step of a central difference, in units of max(1, |x|): its error is of the order of the square.
_STEP = "1e-25"


@attrs.frozen(eq=False, slots=False)
class TupleOracle:
    """An interaction with fixed parameters.

    Parameters
    ----------
    interaction : Interaction
        The plugin, with its parameter values.
    """

    interaction: Interaction

    @functools.cached_property
    def formula(self) -> tuple[tuple[Any, ...], Any, list[float]]:
        """Symbols, energy and the values of those symbols that are parameters."""
        copied, parameters = symbolic_copy(self.interaction)
        states = [sympy.Symbol(one.name, real=True) for one in self.interaction.quantities()]
        energy = sympy.sympify(call(copied.energy, type(self.interaction).__name__, *states))
        values = values_of(self.interaction)
        return (*states, *parameters.values()), energy, [float(values[name]) for name in parameters]

    def exact(self, states: Sequence[Any]) -> Any:
        """Return phi in many digits, not-a-number at a pole."""
        import mpmath

        symbols, energy, values = self.formula
        with mpmath.workdps(DIGITS):
            return exact_value(symbols, energy, [mpmath.mpf(v) for v in (*states, *values)])

    @staticmethod
    def evaluated(expression: Any, point: dict[Any, float]) -> Any:
        """Return an expression of symbols at a point, in many digits."""
        import mpmath

        with mpmath.workdps(DIGITS):
            return exact_value(tuple(point), expression, [mpmath.mpf(v) for v in point.values()])

    def exact_slope(self, states: Sequence[float], place: int) -> Any:
        """Return the derivative of phi by one state, from a central difference in many digits."""
        import mpmath

        with mpmath.workdps(DIGITS):
            step = mpmath.mpf(_STEP) * max(1.0, abs(states[place]))
            sides = []
            for sign in (1, -1):
                moved = [mpmath.mpf(s) for s in states]
                moved[place] += sign * step
                sides.append(self.exact(moved))
            return (sides[0] - sides[1]) / (2 * step)

    @functools.cached_property
    def _arrays(self) -> list[Callable[..., Any]]:
        symbols, energy, _ = self.formula
        slopes = [slope(energy, state) for state in symbols[: self.interaction.order]]
        return [sympy.lambdify(symbols, e, modules=["numpy", "scipy"]) for e in (energy, *slopes)]

    def _values(self, function: Callable[..., Any], states: Sequence[Array]) -> Array:
        found: Array = on_array(function, *states, *self.formula[2])
        return found

    def energy(self, tuples: Any, strengths: Array, x: Array) -> Array:
        """Return the sum over tuples of J phi, tuple by tuple, for states of shape (rows, n)."""
        total = np.zeros(len(x))
        for units, strength in zip(tuples, strengths, strict=True):
            total += strength * self._values(self._arrays[0], [x[:, i] for i in units])
        return total

    def gradient(self, tuples: Any, strengths: Array, x: Array) -> Array:
        """Return the derivative of `energy` by the states, tuple by tuple, shape of `x`."""
        total = np.zeros(x.shape)
        for units, strength in zip(tuples, strengths, strict=True):
            states = [x[:, i] for i in units]
            for place, unit in enumerate(units):
                total[:, unit] += strength * self._values(self._arrays[1 + place], states)
        return total


def all_tuples(interaction: Interaction, units: int) -> npt.NDArray[np.int64]:
    """Return every set of so many units as an interaction couples, every other one in the reverse order."""
    found = [t if k % 2 else t[::-1] for k, t in enumerate(itertools.combinations(range(units), interaction.order))]
    return np.array(found, dtype=np.int64).reshape(-1, interaction.order)
