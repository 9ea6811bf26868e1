"""The Boltzmann distribution of uncoupled units by quadrature: density, averages, exact samples.

An uncoupled unit under a constant force f has the density p(x) = exp(-(U(x) - f x) / kT) / Z. Every unit gets a grid of
its own that covers all x with p(x) > exp(-40) max p; on it the trapezoidal rule converges faster than any power of the
spacing for a smooth energy. A unit whose state lives on a circle gets a grid over one turn, with the density of the
states within it; it has one where no force drives it around.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.discrete import refuse_discrete
from thermozoo.computer.onsite import UnitEnergy
from thermozoo.computer.support import confining_window
from thermozoo.errors import ParameterError
from thermozoo.symbolic.guard import where_written

__all__ = ["UnitBoltzmann", "turn", "unit_boltzmann", "unit_interval"]

Array = npt.NDArray[np.floating[Any]]

#: Energy above the minimum, in kT, up to which a state counts: exp(-40) is below the rounding of a double.
DEPTH = 40.0

#: Spacing of the grid over the thermal width sqrt(kT / |U''|), squared: finer grids are chosen above the first, to
#: reach the second. At the second, exact samples have the variance of a harmonic well to 7e-4.
_COARSE, _FINE = 1 / 64, 1 / 256

#: More points than this a unit mean that the energy varies on too small a scale for its range.
_MOST_POINTS = 50_000


@attrs.frozen(eq=False, slots=False)
class UnitBoltzmann:
    """Boltzmann distributions of units, each on its own grid.

    Parameters
    ----------
    x : ndarray, shape (units, points)
        Grid of each unit.
    weight : ndarray, shape (units, points)
        Density times spacing; each row sums to one.
    log_partition : ndarray, shape (units,)
        ln of the integral of exp(-(U - f x)/kT).
    closed : bool
        Whether the grid is one turn of a circle, whose first and last point are one state: each has half its weight.
    """

    x: Array
    weight: Array
    log_partition: Array
    closed: bool = False

    def mean(self, values: Array) -> Array:
        """Return the average of `values`, given on the grid, for each unit."""
        average: Array = (self.weight * values).sum(axis=1)
        return average

    @property
    def density(self) -> Array:
        """Density of each unit on its grid [1 / state]."""
        density: Array = self.weight / np.diff(self.x, axis=1)[:, :1]
        if self.closed:
            density[:, [0, -1]] *= 2.0
        return density

    @functools.cached_property
    def _distribution(self) -> tuple[Array, Array]:
        """Cumulative distribution on the grid, and what it was divided by to end at one."""
        p = self.density
        h = self.x[:, 1] - self.x[:, 0]
        cells = 0.5 * h[:, None] * (p[:, 1:] + p[:, :-1])
        cumulative = np.zeros(self.x.shape)
        np.cumsum(cells, axis=1, out=cumulative[:, 1:])
        cumulative /= cumulative[:, -1:]
        return cumulative, cells.sum(axis=1)

    @property
    def nbytes(self) -> int:
        """Bytes that it holds once samples were drawn."""
        return 2 * self.x.nbytes + self.weight.nbytes

    def quantile(self, u: Array) -> Array:
        """Return states at which the cumulative distribution equals `u`, shape (samples, units).

        With `u` uniform in (0, 1) these are exact Boltzmann samples, up to the grid: within a cell the cumulative
        distribution is inverted for a density that is linear in x.
        """
        units, points = self.x.shape
        cumulative, total = self._distribution
        h = self.x[:, 1] - self.x[:, 0]
        # one search for all units: unit i's cumulative distribution is shifted to i .. i + 1
        row = np.arange(units)
        flat = np.searchsorted((cumulative + row[:, None]).ravel(), u + row, side="right") - 1
        cell = np.clip(flat - row * points, 0, points - 2)
        rest = (u - cumulative[row, cell]) * total
        left, right = self.weight[row, cell] / h, self.weight[row, cell + 1] / h
        if self.closed:
            left, right = left * np.where(cell == 0, 2.0, 1.0), right * np.where(cell == points - 2, 2.0, 1.0)
        slope = (right - left) / h
        # the root of left d + slope d^2 / 2 = rest, in the form that does not cancel; rounding may take the
        # discriminant of the last sample of a cell below zero
        root = np.sqrt(np.maximum(left**2 + 2.0 * slope * rest, 0.0))
        step = 2.0 * rest / np.where(left + root > 0.0, left + root, np.inf)
        result: Array = self.x[row, cell] + np.minimum(step, h)
        return result


def turn(period: float, points: int) -> Array:
    """Return a grid over one turn of a circle, from -period / 2 on, with both ends."""
    return np.linspace(-period / 2, period / 2, points)


def unit_interval(one: UnitEnergy, kT: float) -> tuple[float, float]:
    """Return an interval outside of which one unit's energy is more than 40 kT above its minimum; of a circle one turn.

    A turn begins where the energy rises most steeply, so that no stable state lies at its ends.

    Raises
    ------
    ParameterError
        When the energy does not confine a unit.
    """
    if one.period is not None:
        x = turn(one.period, 801)
        steepest = float(x[np.argmax(one.gradient(x))])
        return steepest, steepest + one.period
    _, low, high = _interval(one, kT, np.zeros(1), 801)
    return float(low[0, 0]), float(high[0, 0])


def _interval(one: UnitEnergy, kT: float, force: Array, points: int) -> tuple[Callable[[Array], Array], Array, Array]:
    """Return (U(x) - f x) / kT as a function, and ends of an interval of each unit that its visited states fill."""
    refuse_discrete(one.potential, "a Boltzmann density")
    if one.period is not None:
        _refuse_driven(one, force)
    site = one.columns()
    units = max(force.size, *(v.shape[0] for v in site.values.values() if np.ndim(v)), 1)
    f = np.broadcast_to(force, (units,))[:, None]

    def tilted(x: Array) -> Array:
        values: Array = (site.energy(x) - f * x) / kT
        return values

    if one.period is not None:
        half = np.full((units, 1), one.period / 2)
        return tilted, -half, half
    width, confined = confining_window(tilted, units, DEPTH, lambda energy, x: _check_numbers(energy, x, one))
    if np.isinf(width):
        free = int(np.argmin(confined))
        raise _unconfined(one, float(f[free, 0]), free)
    low, high = np.full((units, 1), -width), np.full((units, 1), width)
    # zoom in three times: a deep narrow well may be far smaller than the first bracket
    for _ in range(3):
        grid = low + (high - low) * np.linspace(0.0, 1.0, points)
        energy = tilted(grid)
        inside = energy - energy.min(axis=1, keepdims=True) < DEPTH
        first = np.maximum(inside.argmax(axis=1) - 1, 0)
        last = np.minimum(points - inside[:, ::-1].argmax(axis=1), points - 1)
        rows = np.arange(units)
        low, high = grid[rows, first][:, None], grid[rows, last][:, None]
    return tilted, low, high


def unit_boltzmann(one: UnitEnergy, kT: float, force: npt.ArrayLike = 0.0, points: int = 801) -> UnitBoltzmann:
    """Return the Boltzmann distribution of one unit for each force.

    Parameters
    ----------
    one : UnitEnergy
        The potential; parameters may hold one value per force.
    kT : float
        Temperature [energy].
    force : array_like, shape (units,)
        Constant force on each unit [energy].
    points : int
        Grid points a unit, at least: more are taken where a thermal width would hold fewer than eight.

    Raises
    ------
    ParameterError
        When the energy does not confine a unit, or a force drives it around a circle, so that it has no Boltzmann
        distribution, or it varies on too small a scale for a grid.
    """
    forces = np.asarray(force, dtype=np.float64)
    if forces.ndim == 1 and not any(np.ndim(v) for v in one.values.values()):
        # units of one energy under one force, the background of an image above all, have one distribution
        kinds, kind = np.unique(forces, return_inverse=True)
        if kinds.size < forces.size:
            few = unit_boltzmann(one, kT, kinds, points)
            rows = {name: getattr(few, name)[kind] for name in ("x", "weight", "log_partition")}
            return attrs.evolve(few, **rows)
    tilted, low, high = _interval(one, kT, forces, points)
    grid = low + (high - low) * np.linspace(0.0, 1.0, points)
    energy = tilted(grid)
    bend = _bend(energy)
    if bend > _COARSE:
        points = int(np.ceil(points * np.sqrt(bend / _FINE)))
        if points > _MOST_POINTS:
            raise ParameterError(
                f"{type(one.potential).__name__}: at kT = {kT:g} the Boltzmann distribution would need {points} grid "
                f"points between x = {low.min():g} and {high.max():g}: raise the temperature"
            )
        grid = low + (high - low) * np.linspace(0.0, 1.0, points)
        energy = tilted(grid)
    _check_numbers(energy, grid, one)
    floor = energy.min(axis=1, keepdims=True)
    weight = np.exp(-(energy - floor))
    if one.period is not None:
        weight[:, [0, -1]] *= 0.5
    total = weight.sum(axis=1, keepdims=True)
    spacing = (high - low)[:, 0] / (points - 1)
    return UnitBoltzmann(
        x=grid,
        weight=weight / total,
        log_partition=np.log(total[:, 0] * spacing) - floor[:, 0],
        closed=one.period is not None,
    )


def _check_numbers(energy: Array, grid: Array, one: UnitEnergy) -> None:
    """Raise ParameterError where an energy is not a number, or infinitely low; a state of infinite energy is a wall."""
    bad = ~np.isfinite(energy) & ~np.isposinf(energy)
    if bad.any():
        raise ParameterError(
            f"{type(one.potential).__name__}: the energy is not finite at x = {grid[bad][0]:g}, so it has no "
            f"Boltzmann distribution ({where_written(one.potential.energy)})"
        )


def _bend(energy: Array) -> float:
    """Return the largest second difference of an energy [kT] among visited states: (spacing / thermal width)^2."""
    visited = energy[:, 1:-1] < energy.min(axis=1, keepdims=True) + DEPTH / 2
    second = np.abs(energy[:, 2:] - 2 * energy[:, 1:-1] + energy[:, :-2])
    return float(second[visited].max(initial=0.0))


def _refuse_driven(one: UnitEnergy, force: Array) -> None:
    """Raise ParameterError where something drives a unit around its circle: a current flows, and nothing is at rest."""
    name = type(one.potential).__name__
    if one.driven:
        raise ParameterError(
            f"{name} drives a unit around its circle: its energy changes by {one.formulas.climb} a turn, so a current "
            f"flows and there is no Boltzmann distribution ({where_written(one.potential.energy)}): choose parameters "
            "with which this is zero, or simulate it, which needs none"
        )
    if np.any(force):
        raise ParameterError(
            f"{name}: the state lives on a circle, around which the imposed force f = {force[force != 0][0]:g} drives "
            "a unit, so a current flows and there is no Boltzmann distribution: impose no force on these units, or "
            "choose a potential that confines them"
        )


def _unconfined(one: UnitEnergy, force: float, unit: int) -> ParameterError:
    """Say that a unit has no Boltzmann distribution, and what to do."""
    values = ", ".join(f"{k} = {np.ravel(v)[unit if np.ndim(v) else 0]:g}" for k, v in one.values.items())
    where, energy = (f" under the imposed force f = {force:g}", "U(x) - f x") if force else ("", "the energy")
    return ParameterError(
        f"{type(one.potential).__name__} does not confine a unit{where}: {f'with {values}, ' * bool(values)}"
        f"{energy} does not rise on both sides, so there is no Boltzmann distribution "
        f"({where_written(one.potential.energy)}): choose other parameters, or add a term that grows faster than |x|"
    )
