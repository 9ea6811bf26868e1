"""The oracle of an energy of projections, which shares no code with what it judges.

The author's own method is called once, with sums that are written out pattern by pattern, and evaluated in many digits
by mpmath, or on arrays by sympy's own printer.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import sympy

from thermozoo.interfaces import Projection
from thermozoo.interfaces.symbolic_copy import symbolic_copy
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.guard import call
from thermozoo.testing.author import DIGITS, exact_value, on_array

__all__ = ["ProjectionOracle"]

Array = npt.NDArray[np.floating[Any]]

#: Step of a difference quotient, in units of max(1, |z|): the error of a central one is of the order of its square.
_STEP = "1e-25"


class _WrittenOut:
    """What the author's method receives: sums have a summand a pattern."""

    def __init__(self, z: Sequence[sympy.Symbol], weights: Sequence[sympy.Symbol]) -> None:
        self.z = sympy.Symbol("z", real=True)
        self._z, self._weights = z, weights

    def sum(self, at: Any) -> Any:
        """Return the sum of the weights times an expression of each projection."""
        pairs = zip(self._z, self._weights, strict=True)
        return sympy.Add(*(weight * sympy.sympify(at).xreplace({self.z: z}) for z, weight in pairs))


@attrs.frozen(eq=False, slots=False)
class ProjectionOracle:
    """An energy of projections with fixed parameters, of so many patterns.

    Parameters
    ----------
    projection : Projection
        The plugin, with its parameter values.
    patterns : int
        How many.
    """

    projection: Projection
    patterns: int

    @functools.cached_property
    def formula(self) -> tuple[tuple[Any, ...], Any, list[float]]:
        """Symbols (projections, weights, parameters), energy, and the values of the parameters."""
        copied, parameters = symbolic_copy(self.projection)
        z = [sympy.Symbol(f"z_{k}", real=True) for k in range(self.patterns)]
        weights = [sympy.Symbol(f"w_{k}", positive=True) for k in range(self.patterns)]
        energy = sympy.sympify(call(copied.energy, type(self.projection).__name__, _WrittenOut(z, weights)))
        values = values_of(self.projection)
        return (*z, *weights, *parameters.values()), energy, [float(values[name]) for name in parameters]

    def exact(self, z: Sequence[Any] | Array, weights: Sequence[float] | Array) -> Any:
        """Return the energy at projections in many digits, not-a-number at a pole."""
        import mpmath

        symbols, energy, values = self.formula
        with mpmath.workdps(DIGITS):
            return exact_value(symbols, energy, [mpmath.mpf(v) for v in (*z, *weights, *values)])

    def slopes(self, z: Sequence[Any] | Array, weights: Sequence[float] | Array, side: int = 0) -> list[Any]:
        """Return the derivative by each projection, from central differences, or from those to one side."""
        import mpmath

        with mpmath.workdps(DIGITS):
            here = [mpmath.mpf(v) for v in z]
            found = []
            for k, value in enumerate(here):
                step = mpmath.mpf(_STEP) * max(1, abs(value))
                high, low = (side, 0) if side else (1, -1)
                ends = [self.exact([*here[:k], value + s * step, *here[k + 1 :]], weights) for s in (high, low)]
                found.append((ends[0] - ends[1]) / ((high - low) * step))
            return found

    def energy(self, z: Array, weights: Array) -> Array:
        """Return the energy of projections of shape (rows, patterns)."""
        symbols, energy, values = self.formula
        function = sympy.lambdify(symbols, energy, modules=["numpy", "scipy"])
        found: Array = on_array(function, *z.T, *weights, *values)
        return found
