"""Moments of an uncoupled unit: the solved ones, and those of one discretization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from numpy.polynomial import chebyshev, legendre
from numpy.typing import NDArray

from thermozoo.errors import ParameterError, TrainingError
from thermozoo.training.exact.fokker_planck import densities
from thermozoo.training.exact.unit_grid import Array, Function, Grid, Unit, evaluate, make_grid

__all__ = ["Problem", "UnitMoments", "make_problem", "moment_names", "number"]


@attrs.frozen
class UnitMoments:
    r"""Moments of one kind of unit on quadrature nodes in time, interpolated in s.

    Parameters
    ----------
    times, weights : ndarray, shape (T,)
        Quadrature over the duration: ``sum(weights * f(times))`` is the integral of f.
    names : tuple of str
        ``"mean"`` :math:`\langle x\rangle`, ``"variance"``, ``"force"`` :math:`\langle U'\rangle`, and the
        averages of the unit's observables.
    strengths : tuple of float
        Smallest and largest s for which the interpolation holds.
    coefficients : ndarray, shape (S, K, T)
        Chebyshev coefficients in s of the K moments; with listed values of s the moments at these.
    breakpoints : ndarray, shape (B + 1,)
        Ends of the segments of the quadrature; each has the same number of Gauss-Legendre nodes.
    errors : dict
        Estimated errors by source (``"step"``, ``"spacing"``, ``"strength"``, ``"time"``), relative
        to the size of a moment.
    listed : ndarray, shape (S,), optional
        The only values of s that were solved for, in increasing order; None where any in the range will do.
    """

    times: Array
    weights: Array
    names: tuple[str, ...]
    strengths: tuple[float, float]
    coefficients: Array
    breakpoints: Array
    errors: dict[str, float]
    listed: Array | None = None

    def __call__(self, name: str, strength: Any) -> Array:
        """Return one moment at values of s, shape (T, *strength.shape).

        Raises
        ------
        ParameterError
            If a value lies outside the range that was solved for, or there is no such moment.
        """
        if name not in self.names:
            raise ParameterError(f"no moment is called {name!r}; there are {', '.join(self.names)}")
        series = self.coefficients[:, self.names.index(name)]
        if self.listed is not None:
            return np.moveaxis(series[self.places(strength)], -1, 0)
        return np.asarray(chebyshev.chebval(self.scaled(strength), series))

    @property
    def nodes(self) -> Array:
        """Return the values of s that were solved for, shape (S,)."""
        return self.listed if self.listed is not None else chebyshev_nodes(*self.strengths, len(self.coefficients))

    def at_nodes(self) -> Array:
        """Return the moments at the nodes in s, shape (S, K, T)."""
        if self.listed is not None:
            return self.coefficients
        return np.tensordot(values_from_series(len(self.coefficients)), self.coefficients, axes=1)

    def places(self, strength: Any) -> NDArray[np.int64]:
        """Return which of the listed values each value of s is.

        Raises
        ------
        ParameterError
            If a value is none of them.
        """
        assert self.listed is not None
        value = np.asarray(strength, dtype=np.float64)
        place = np.minimum(np.searchsorted(self.listed, value), self.listed.size - 1)
        strange = value[self.listed[place] != value]
        if strange.size:
            raise ParameterError(
                f"s must be one of the values that were solved for, {', '.join(map('{:g}'.format, self.listed))}; "
                f"got {strange.flat[0]:g}"
            )
        return place.astype(np.int64)

    def scaled(self, strength: Any) -> Array:
        """Map values of s to [-1, 1]."""
        low, high = self.strengths
        value = np.asarray(strength, dtype=np.float64)
        slack = 1e-9 * max(high - low, abs(low), abs(high), 1e-300)
        if value.size and (value.min() < low - slack or value.max() > high + slack):
            raise ParameterError(
                f"s must lie in [{low:g}, {high:g}], the range that was solved for; "
                f"got {value.min():g} to {value.max():g}"
            )
        if high == low:
            return np.zeros_like(value)
        return np.asarray((2 * value - low - high) / (high - low))

    def resampled(self, count: int) -> UnitMoments:
        """Return the moments on `count` quadrature nodes a segment, by Legendre interpolation in time."""
        old, segments = self._segments()
        if count == old:
            return self
        fresh, _ = legendre.leggauss(count)
        values = segments @ (legendre.legvander(fresh, old - 1) @ _series_in_time(old)).T
        times, weights = segment_quadrature(self.breakpoints, count)
        return attrs.evolve(self, times=times, weights=weights, coefficients=values.reshape(*values.shape[:2], -1))

    def at(self, times: Array, weights: Array) -> UnitMoments:
        """Return the moments at any times, which get these weights, by Legendre interpolation in time.

        What is returned has no nodes on segments, and cannot be interpolated again.
        """
        old, segments = self._segments()
        segment = np.searchsorted(self.breakpoints[1:-1], times, side="right")
        begin, end = self.breakpoints[segment], self.breakpoints[segment + 1]
        within = (2 * times - begin - end) / (end - begin)
        matrix = legendre.legvander(within, old - 1) @ _series_in_time(old)
        values = np.einsum("skto,to->skt", segments[:, :, segment], matrix)
        return attrs.evolve(self, times=times, weights=weights, coefficients=values)

    def _segments(self) -> tuple[int, Array]:
        """Return how many nodes a segment has, and the coefficients by segment and node, (S, K, segments, nodes)."""
        segments = self.breakpoints.size - 1
        return self.times.size // segments, self.coefficients.reshape(*self.coefficients.shape[:2], segments, -1)


def _series_in_time(count: int) -> Array:
    """Matrix from values at the nodes of a segment to Legendre coefficients: exact for their polynomial."""
    node, weight = legendre.leggauss(count)
    matrix: Array = (legendre.legvander(node, count - 1) * weight[:, None]).T * (np.arange(count) + 0.5)[:, None]
    return matrix


def segment_quadrature(breakpoints: Array, count: int) -> tuple[Array, Array]:
    """Return Gauss-Legendre nodes and weights on every segment between breakpoints."""
    node, weight = legendre.leggauss(count)
    begin, length = breakpoints[:-1, None], np.diff(breakpoints)[:, None]
    return (begin + length * (node + 1) / 2).ravel(), (length * weight / 2).ravel()


def moment_names(unit: Unit) -> tuple[str, ...]:
    """Return the names of the moments of a unit, in order."""
    return ("mean", "variance", "force", *unit.observables)


def _features(unit: Unit, grid: Grid) -> Array:
    """Return the functions to average, (S, M, K); "variance" stands for x squared.

    The force is averaged over the cell of each point, where it may jump.
    """
    x, half = grid.x, grid.spacing / 2
    above, below = (evaluate(unit.energy, x + side * half, unit.called("energy")) for side in (1, -1))
    columns = [x, np.square(x), (above - below) / grid.spacing]
    columns += [evaluate(f, x, unit.called(name), finite=True) for name, f in unit.observables.items()]
    return np.stack(columns, axis=2)


def chebyshev_nodes(low: float, high: float, count: int) -> Array:
    """Chebyshev points of the first kind on an interval (one point if it is empty)."""
    if low == high:
        return np.array([low])
    return (low + high) / 2 + (high - low) / 2 * chebyshev.chebpts1(count)


def values_from_series(count: int) -> Array:
    """Matrix from Chebyshev coefficients to values at the Chebyshev points."""
    return np.asarray(chebyshev.chebvander(chebyshev.chebpts1(count), count - 1))


def series_from_values(count: int) -> Array:
    """Matrix from values at the Chebyshev points to Chebyshev coefficients."""
    matrix = values_from_series(count).T * (2 / count)
    matrix[0] /= 2
    return matrix


def chebyshev_series(values: Array) -> Array:
    """Chebyshev coefficients along the first axis from values at the Chebyshev points."""
    return np.asarray(np.tensordot(series_from_values(values.shape[0]), values, axes=1))


@attrs.frozen
class Problem:
    """Everything that stays the same while nodes, steps and spacing are refined."""

    unit: Unit
    intensity: Function
    breakpoints: Array
    intensities: tuple[float, float]
    strengths: tuple[float, float]
    listed: Array | None = None

    def nodes(self, count: int) -> Array:
        """Return the values of s to solve for: the listed ones, or so many Chebyshev points."""
        return self.listed if self.listed is not None else chebyshev_nodes(*self.strengths, count)

    def series(self, values: Array) -> Array:
        """Return what `UnitMoments` keeps of values at the nodes."""
        return values if self.listed is not None else chebyshev_series(values)

    def quadrature(self, count: int) -> tuple[Array, Array]:
        """Return times and weights of `count` quadrature nodes a segment."""
        return segment_quadrature(self.breakpoints, count)

    def grid(self, nodes: Array, resolution: float) -> Grid:
        """Make the grid for these values of s."""
        return make_grid(self.unit, nodes, self.intensities, resolution=resolution)

    def averages(self, grid: Grid, nodes: Array, times: Array, substeps: int) -> tuple[Array, Array]:
        """Moments (S, K, T) of one discretization and the size of each, (K,)."""
        edges = np.union1d(self.breakpoints[self.breakpoints < times[-1]], times)
        features = _features(self.unit, grid)
        moduli = np.abs(features)
        stored, size = [], np.zeros(features.shape[2])
        wanted = np.isin(edges, times)
        solution = densities(self.unit, grid, nodes, self.intensity, edges, substeps=substeps)
        for keep, density in zip(wanted, solution, strict=True):
            if keep:
                moment = (density[:, None] @ features)[:, 0]
                moment[:, 1] -= moment[:, 0] ** 2
                stored.append(moment)
                size = np.maximum(size, (density[:, None] @ moduli).max(axis=(0, 1)))
        result = np.stack(stored, axis=2)
        size[1] = result[:, 1].max()
        return result, np.where(size > 0, size, 1.0)

    def tails(self, values: Array, size: Array, count: int) -> tuple[float, float]:
        """How far the last Chebyshev and the last Legendre coefficients have fallen."""
        relative = values / size[:, None]
        strength = 0.0
        if self.listed is None and values.shape[0] > 1:
            coefficient = chebyshev_series(relative)
            # Twice the last eighth: what was cut off and what was folded back, if an eighth halves
            # the coefficients.
            last_ones = np.abs(coefficient[-max(2, values.shape[0] // 8) :])
            strength = 2 * number(last_ones.sum(axis=0).max())
        return strength, self.tail_in_time(values, size, count)

    def tail_in_time(self, values: Array, size: Array, count: int) -> float:
        """How far the last two Legendre coefficients have fallen."""
        relative = values / size[:, None]
        node, weight = legendre.leggauss(count)
        last = legendre.legvander(node, count - 1)[:, -2:] * weight[:, None]
        last = last * (2 * np.arange(count - 2, count) + 1) / 2
        segments = relative.reshape(*relative.shape[:2], -1, count)
        return number(np.abs(segments @ last).max())


def number(error: Any) -> float:
    """Return an error estimate; one that is none would satisfy no comparison, and end no refinement.

    Raises
    ------
    TrainingError
        When it is not finite.
    """
    if not np.isfinite(error):
        raise TrainingError(
            f"the moments of the noised unit are not numbers (their error estimate is {error}): energy, force or "
            "intensity overflow where it moves; raise the temperature, weaken the protocol or take method = 'moments'"
        )
    return float(error)


def make_problem(
    unit: Unit,
    intensity: Function,
    duration: float,
    strengths: tuple[float, float],
    breakpoints: Sequence[float],
    listed: Array | None = None,
) -> Problem:
    """Check arguments and find the extreme intensities."""
    low, high = map(float, strengths)
    if not (np.isfinite(duration) and duration > 0):
        raise ParameterError(f"the duration must be positive and finite, got {duration!r}")
    if not (np.isfinite(low) and np.isfinite(high) and low <= high):
        raise ParameterError(f"the range of s must be finite and increasing, got {strengths!r}")
    cuts = np.unique(np.array([0.0, *(float(t) for t in breakpoints if 0 < t < duration), duration]))
    # Two names of one time, apart by rounding, would make a segment without length.
    cuts = cuts[np.diff(cuts, append=np.inf) > 1e-9 * duration]
    cuts[0], cuts[-1] = 0.0, duration
    probe = np.union1d(np.linspace(0, duration, 4001), cuts)
    scale = np.broadcast_to(np.asarray(intensity(probe), dtype=np.float64), probe.shape)
    if not np.all(np.isfinite(scale)):
        raise ParameterError(f"the intensity is not finite at t = {probe[np.argmin(np.isfinite(scale))]:g}")
    return Problem(
        unit=unit,
        intensity=intensity,
        breakpoints=cuts,
        intensities=(float(scale.min()), float(scale.max())),
        strengths=(low, high),
        listed=listed,
    )
