"""The oracle of a potential on arrays, which shares no code with what it judges.

The author's own method is called with symbols, once, and turned into NumPy code by sympy's own printer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import attrs
import mpmath
import numpy as np
import numpy.typing as npt

from thermozoo.interfaces.tree import values_of
from thermozoo.testing.author import DIGITS, authored, evaluate, is_number, limit, on_array
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply

__all__ = ["DRIVEN", "UnitOracle"]

Array = npt.NDArray[np.floating[Any]]

#: Why what needs a Boltzmann weight is not asked of a unit that is driven around its circle.
DRIVEN = "a turn of the circle changes the energy, so a current flows and there is no Boltzmann weight"

#: States of one array at which a formula that is 0/0 is taken to its limit; more are no single states.
_SINGLE_STATES = 64


@attrs.frozen(eq=False, slots=False)
class UnitOracle:
    """A potential with fixed parameters on arrays, for quadrature: density, averages, samples.

    Parameters
    ----------
    potential : Potential
        The plugin, with its parameter values.
    kT : float
        Temperature [energy].
    tilt : float
        A constant force on the unit [energy].
    """

    potential: Any
    kT: float
    tilt: float = 0.0

    @functools.cached_property
    def _functions(self) -> tuple[Callable[[Array], Array], ...]:
        formula = authored(self.potential)
        values = _values(self.potential)
        numbers = {symbol: values[name] for name, symbol in formula.parameters.items()}

        def bound(function: Callable[..., Any], expression: Any) -> Callable[[Array], Array]:
            def evaluated(x: Array) -> Array:
                found: Array = on_array(function, x, *numbers.values())
                unknown = np.isnan(found)
                if not 0 < np.count_nonzero(unknown) <= _SINGLE_STATES:
                    return found
                flat = found.flatten()  # 0/0 at single states: the limit
                for k in np.flatnonzero(unknown):
                    point = {formula.x: float(np.ravel(x)[k]), **numbers}
                    with mpmath.workdps(DIGITS):
                        flat[k] = float(limit(expression, point, formula.x))
                return flat.reshape(found.shape)

            return evaluated

        return tuple(map(bound, formula.arrays, formula.expressions))

    def energy(self, x: Array) -> Array:
        """Return U(x) - tilt x."""
        return self._functions[0](x) - self.tilt * x

    def gradient(self, x: Array) -> Array:
        """Return dU/dx - tilt."""
        return self._functions[1](x) - self.tilt

    def exact_energy(self, x: float) -> float:
        """Return U(x) - tilt x, rounded once."""
        return self._exactly(authored(self.potential).energy, x) - self.tilt * x

    def exact_gradient(self, x: float) -> float:
        """Return dU/dx - tilt, rounded once: without the cancellation of its terms."""
        return self._exactly(authored(self.potential).gradient, x) - self.tilt

    def _exactly(self, expression: Any, x: float) -> float:
        formula, values = authored(self.potential), _values(self.potential)
        with mpmath.workdps(DIGITS):
            point = {formula.x: float(x), **{formula.parameters[k]: v for k, v in values.items()}}
            value = evaluate(expression, point)
            return float(value if is_number(value) else limit(expression, point, formula.x))

    def curvature(self, x: Array) -> Array:
        """Return d2U/dx2."""
        return self._functions[2](x)

    @property
    def period(self) -> float | None:
        """Circumference of the circle on which states live; None: they live on a line."""
        period: float | None = self.potential.period
        return period

    @functools.cached_property
    def driven(self) -> bool:
        """Whether a turn of the circle changes the energy, so that there is no Boltzmann weight."""
        if self.period is None:
            return False
        x = np.linspace(0.0, self.period, 65)
        before, after = self.energy(x), self.energy(x + self.period)
        return bool(np.abs(after - before).max() > 1e-9 * (np.abs(before).max() + self.kT))

    @functools.cached_property
    def interval(self) -> tuple[float, float]:
        """An interval outside of which the Boltzmann weight is below exp(-40) of its maximum; of a circle one turn.

        A turn begins where the energy rises most steeply, so that no stable state lies at its ends.
        """
        if self.period is not None:
            x = np.linspace(-self.period / 2, self.period / 2, 2001)
            steepest = float(x[np.nanargmax(self.gradient(x))])
            return steepest, steepest + self.period
        half = 1.0
        for _ in range(50):
            x = np.linspace(-half, half, 2001)
            u = np.where(np.isfinite(v := self.energy(x)), v, np.inf)
            inside = np.flatnonzero(u < u.min() + 40.0 * self.kT)
            # nothing is inside where 40 kT is less than the rounding of the lowest energy
            if inside.size and inside[0] > 0 and inside[-1] < len(x) - 1:
                low, high = x[inside[0] - 1], x[inside[-1] + 1]
                if len(inside) > 100:
                    return float(low), float(high)
                center, half_width = (low + high) / 2, (high - low) / 2
                return self._zoom(float(center), float(half_width))
            half *= 2.0
        raise CheckFailed(
            f"no interval holds the Boltzmann weight at kT = {self.kT:g}: the energy does not rise on both sides",
            {"parameters": _values(self.potential)},
        )

    def _zoom(self, center: float, half: float) -> tuple[float, float]:
        for _ in range(40):
            x = np.linspace(center - half, center + half, 2001)
            u = self.energy(x)
            inside = np.flatnonzero(u < u.min() + 40.0 * self.kT)
            if not inside.size:
                break  # 40 kT is less than the rounding of the lowest energy
            low, high = x[max(inside[0] - 1, 0)], x[min(inside[-1] + 1, len(x) - 1)]
            center, half = (low + high) / 2, (high - low) / 2
            if len(inside) > 500:
                break
        return center - half, center + half

    def grid(self, points: int = 4001) -> Array:
        """Return a grid over the interval."""
        return np.linspace(*self.interval, points)

    def weights(self, points: int = 4001) -> tuple[Array, Array]:
        """Return a grid and the Boltzmann probability of each of its points."""
        if self.driven:
            raise DoesNotApply(DRIVEN)
        x = self.grid(points)
        u = self.energy(x) / self.kT
        w = np.exp(-(u - u.min()))
        if self.period is not None:  # first and last point are one state
            w[[0, -1]] *= 0.5
        return x, w / w.sum()

    def visited(self, points: int = 4001) -> tuple[Array, Array]:
        """Return a grid and probabilities to begin with: Boltzmann's, of a unit that has none all states alike."""
        if not self.driven:
            return self.weights(points)
        return self.grid(points), np.full(points, 1.0 / points)

    @property
    def log_partition(self) -> float:
        """Return ln of the integral of exp(-U/kT), by Gauss-Legendre quadrature of ever more cells."""
        low, high = self.interval
        x, _ = self.weights()
        floor = float((self.energy(x) / self.kT).min())
        nodes, shares = np.polynomial.legendre.leggauss(8)
        before = np.inf
        for cells in 2 ** np.arange(6, 16):
            half = 0.5 * (high - low) / cells
            middle = low + half * (2 * np.arange(cells) + 1)
            value = half * float((np.exp(floor - self.energy(middle[:, None] + half * nodes) / self.kT) @ shares).sum())
            if abs(value - before) < 1e-10 * value:
                break
            before = value
        return float(np.log(value) - floor)

    @functools.cached_property
    def width(self) -> float:
        """Standard deviation of the state at equilibrium, or of all states of a turn."""
        x, w = self.visited()
        mean = (w * x).sum()
        return float(np.sqrt((w * (x - mean) ** 2).sum()))

    @functools.cached_property
    def center(self) -> float:
        """Mean state at equilibrium, or of all states of a turn."""
        x, w = self.visited()
        return float((w * x).sum())

    def samples(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Return independent Boltzmann samples, by inversion on a fine grid; of a driven unit, uniform ones."""
        x, w = self.visited(20001)
        cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (w[1:] + w[:-1]))])
        drawn: Array = np.interp(rng.uniform(size=shape) * cumulative[-1], cumulative, x)
        return drawn

    def time_step(self, mobility: float, fraction: float = 0.02) -> float:
        """Return a time step that is a small fraction of the fastest relaxation among visited states."""
        x, w = self.visited()
        visited = w > w.max() * np.exp(-12.0)
        fastest = np.nanmax(np.abs(self.curvature(x[visited])))
        steepest = np.nanmax(np.abs(self.gradient(x[visited])))
        limits = [
            fraction / (mobility * fastest) if fastest > 0 else np.inf,
            0.5 * fraction * self.width**2 / (mobility * self.kT),
            5.0 * fraction * self.width / (mobility * steepest) if steepest > 0 else np.inf,
        ]
        return float(min(limits))


def _values(potential: Any) -> dict[str, float]:

    return values_of(potential)
