"""Oracles that share no code with what they judge.

A potential is judged by its author's own method: called with 90-digit numbers it gives the energy, and differences of
those give derivatives; called with a symbol and turned into NumPy code by sympy's own printer it gives arrays for
quadrature.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.testing.outcomes import CheckFailed
from thermozoo.testing.strategies import with_values

__all__ = ["DIGITS", "Exact", "UnitOracle", "away_from_jumps", "breakpoints", "evaluate"]

Array = npt.NDArray[np.floating[Any]]

#: Decimal digits of exact numerics; differences of step 1e-25 keep 40 correct digits of a first derivative.
DIGITS = 90


@attrs.frozen(eq=False)
class Exact:
    """A potential with fixed parameters, evaluated to `DIGITS` digits by its author's own method.

    Parameters
    ----------
    potential : Potential
        The plugin.
    values : mapping
        Parameter values by dotted name.
    """

    potential: Any
    values: Mapping[str, float]

    def energy(self, x: Any, values: Mapping[str, Any] | None = None) -> Any:
        """Return U(x) as an mpmath number, or a complex or non-finite one where it is none."""
        import sympy

        numbers = {k: _number(v) for k, v in (values or self.values).items()}
        twin = with_values(self.potential, numbers)
        result = sympy.sympify(twin.energy(_number(x)))
        return _to_mpmath(result.evalf(DIGITS))

    def first(self, x: float, width: float) -> tuple[Any, Any, Any]:
        """Return dU/dx as a central, a left and a right difference."""
        mp, h = _step(width)
        center = mp.mpf(x)
        f = self.energy
        here, left, right = f(center), f(center - h), f(center + h)
        return (right - left) / (2 * h), (here - left) / h, (right - here) / h

    def second(self, x: float, width: float) -> tuple[Any, Any, Any]:
        """Return d2U/dx2 as a central, a left and a right difference."""
        mp, h = _step(width)
        center = mp.mpf(x)
        f = self.energy
        here = f(center)
        l1, l2, r1, r2 = (f(center + k * h) for k in (-1, -2, 1, 2))
        return (r1 - 2 * here + l1) / h**2, (here - 2 * l1 + l2) / h**2, (r2 - 2 * r1 + here) / h**2

    def by_parameter(self, x: float, name: str, width: float) -> tuple[Any, Any]:
        """Return dU/dp and d2U/dxdp as central differences."""
        mp, h = _step(width)
        k = mp.mpf(10) ** -25 * max(abs(self.values[name]), 1e-3)
        center, value = mp.mpf(x), mp.mpf(self.values[name])
        at = {
            (i, j): self.energy(center + i * h, {**self.values, name: value + j * k})
            for i in (-1, 0, 1)
            for j in (-1, 1)
        }
        first = (at[0, 1] - at[0, -1]) / (2 * k)
        mixed = (at[1, 1] - at[1, -1] - at[-1, 1] + at[-1, -1]) / (4 * h * k)
        return first, mixed


def _step(width: float) -> tuple[Any, Any]:
    import mpmath

    mpmath.mp.dps = DIGITS
    return mpmath.mp, mpmath.mpf(10) ** -25 * width


def _number(value: Any) -> Any:
    import sympy

    return sympy.Float(value, DIGITS)


def _to_mpmath(value: Any) -> Any:
    import mpmath

    mpmath.mp.dps = DIGITS
    try:
        return mpmath.mpmathify(value)
    except (TypeError, ValueError):
        return mpmath.mpf("nan")


def evaluate(expression: Any, point: Mapping[Any, float]) -> Any:
    """Return the value of an expression at a point of symbols, to `DIGITS` digits, by mpmath."""
    import mpmath
    import sympy

    mpmath.mp.dps = DIGITS
    symbols = list(point)
    function = _mpmath_function(tuple(symbols), sympy.sympify(expression))
    return mpmath.mpmathify(function(*(mpmath.mpf(point[s]) for s in symbols)))


@functools.lru_cache(maxsize=256)
def _mpmath_function(symbols: tuple[Any, ...], expression: Any) -> Callable[..., Any]:
    import sympy

    function: Callable[..., Any] = sympy.lambdify(symbols, expression, modules="mpmath")
    return function


def away_from_jumps(derivative: Any) -> Any:
    """Return a derivative without what it is at the single states where the differentiated expression jumps."""
    import sympy

    return derivative.replace(sympy.DiracDelta, lambda *arguments: sympy.Integer(0))


def breakpoints(expression: Any, x: Any, values: Mapping[Any, float]) -> list[float]:
    """Return the states at which an expression changes its branch: of Piecewise, Max, Min, Abs, sign, Heaviside."""
    import sympy

    numeric = expression.subs(values)
    arguments: list[Any] = []
    for node in numeric.atoms(sympy.Piecewise):
        for _, condition in node.args:
            arguments += [r.lhs - r.rhs for r in sympy.sympify(condition).atoms(sympy.core.relational.Relational)]
    for node in numeric.atoms(sympy.Max, sympy.Min):
        arguments += [node.args[0] - other for other in node.args[1:]]
    for node in numeric.atoms(sympy.Abs, sympy.sign, sympy.Heaviside):
        arguments.append(node.args[0])
    found: set[float] = set()
    for argument in arguments:
        if not argument.has(x):
            continue
        try:
            roots = sympy.solve(argument, x)
        except NotImplementedError:
            continue
        found |= {float(r) for r in roots if r.is_number and r.is_real}
    return sorted(found)


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
        import sympy

        x = sympy.Symbol("x", real=True)
        energy = sympy.sympify(self.potential.energy(x))
        built = [
            sympy.lambdify(x, e, modules=["numpy", "scipy"])
            for e in (energy, away_from_jumps(sympy.diff(energy, x)), away_from_jumps(sympy.diff(energy, x, 2)))
        ]
        return tuple(lambda v, f=f: np.broadcast_to(np.asarray(f(v), dtype=float), np.shape(v)) for f in built)

    def energy(self, x: Array) -> Array:
        """Return U(x) - tilt x."""
        return self._functions[0](x) - self.tilt * x

    def gradient(self, x: Array) -> Array:
        """Return dU/dx - tilt."""
        return self._functions[1](x) - self.tilt

    @functools.cached_property
    def _exact_gradient(self) -> Callable[[Any], Any]:
        import sympy

        x = sympy.Symbol("x", real=True)
        energy = sympy.sympify(self.potential.energy(x))
        function: Callable[[Any], Any] = sympy.lambdify(x, away_from_jumps(sympy.diff(energy, x)), modules="mpmath")
        return function

    def exact_gradient(self, x: float) -> float:
        """Return dU/dx - tilt, rounded once: without the cancellation of its terms."""
        import mpmath

        with mpmath.workdps(DIGITS):
            return float(self._exact_gradient(mpmath.mpf(float(x))) - self.tilt)

    def curvature(self, x: Array) -> Array:
        """Return d2U/dx2."""
        return self._functions[2](x)

    @functools.cached_property
    def interval(self) -> tuple[float, float]:
        """An interval outside of which the Boltzmann weight is below exp(-40) of its maximum."""
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
        x = self.grid(points)
        u = self.energy(x) / self.kT
        w = np.exp(-(u - u.min()))
        return x, w / w.sum()

    @property
    def log_partition(self) -> float:
        """Return ln of the integral of exp(-U/kT), by adaptive quadrature."""
        from scipy.integrate import quad

        x, _ = self.weights()
        floor = float((self.energy(x) / self.kT).min())
        value, _ = quad(
            lambda v: float(np.exp(floor - self.energy(np.asarray(v)) / self.kT)),
            *self.interval,
            epsabs=0,
            epsrel=1e-10,
            limit=400,
        )
        return float(np.log(value) - floor)

    @functools.cached_property
    def width(self) -> float:
        """Standard deviation of the state at equilibrium."""
        x, w = self.weights()
        mean = (w * x).sum()
        return float(np.sqrt((w * (x - mean) ** 2).sum()))

    @functools.cached_property
    def center(self) -> float:
        """Mean state at equilibrium."""
        x, w = self.weights()
        return float((w * x).sum())

    def samples(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Return independent Boltzmann samples, by inversion on a fine grid."""
        x, w = self.weights(20001)
        cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (w[1:] + w[:-1]))])
        drawn: Array = np.interp(rng.uniform(size=shape) * cumulative[-1], cumulative, x)
        return drawn

    def time_step(self, mobility: float, fraction: float = 0.02) -> float:
        """Return a time step that is a small fraction of the fastest relaxation among visited states."""
        x, w = self.weights()
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
    from thermozoo.symbolic.trace import flat_parameters

    return {name: value for name, _, value in flat_parameters(potential)}
