"""One uncoupled unit, and the positions on which its density is followed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from thermozoo.computer.support import confining_window
from thermozoo.errors import ParameterError, TrainingError
from thermozoo.interfaces import Potential

__all__ = ["Grid", "Unit", "follows_a_line", "make_grid"]

Array = NDArray[np.float64]
Function = Callable[[Array], Any]

#: Boltzmann factors below exp(-DEPTH) are left outside the grid (2e-15 of the peak).
DEPTH = 34.0


def evaluate(function: Function, x: Array, what: str, *, finite: bool = False) -> Array:
    """Call `function` on the positions `x` and broadcast constants to the shape of `x`; infinite values may pass."""
    values = np.broadcast_to(np.asarray(function(x), dtype=np.float64), x.shape)
    bad = ~np.isfinite(values) if finite else np.isnan(values)
    if bad.any():
        raise TrainingError(
            f"the {what} is {'not finite' if finite else 'not a number'} at x = {x[bad][0]:g}; "
            "exact training needs a potential that is defined on the whole line"
        )
    return values


def _positive(instance: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise ParameterError(f"{attribute.name} must be positive and finite, got {value!r}")


@attrs.frozen
class Unit:
    r"""One uncoupled unit: on-site energy, temperature, mobility and functions to average.

    Parameters
    ----------
    energy, gradient : callable
        :math:`U(x)` and :math:`U'(x)` [energy] of an array of positions.
    temperature : float
        :math:`k_BT` [energy].
    mobility : float
        :math:`\mu` [1 / (energy time)].
    observables : dict of str to callable
        Further functions of x whose averages are wanted, by name.
    potential : str
        What the energy is the energy of, and where it is written; for messages.

    Raises
    ------
    ParameterError
        If temperature or mobility is not positive, or an observable takes a name that is in use.
    """

    energy: Function
    gradient: Function
    temperature: float = attrs.field(validator=_positive)
    mobility: float = attrs.field(default=1.0, validator=_positive)
    observables: dict[str, Function] = attrs.field(factory=dict)
    potential: str = ""

    def called(self, what: str) -> str:
        """Return what a function of this unit is called in a message."""
        return f"{what} of {self.potential}" if self.potential else what

    def __attrs_post_init__(self) -> None:
        taken = sorted({"mean", "variance", "force"} & set(self.observables))
        if taken:
            raise ParameterError(f"an observable cannot be called {taken[0]!r}: that moment is always there")


def follows_a_line(potential: Potential) -> str:
    """Return why the density of a unit whose states live on a circle is not followed, and what to do."""
    return (
        f"states of {potential.name!r} live on a circle (period {potential.period:.6g}), and exact training follows "
        "densities on a line: take a sampled method, such as method = 'moments'"
    )


@attrs.frozen
class Grid:
    """Equidistant positions for each value of s and what the fluxes between them need.

    All are points of one lattice, the multiples of one spacing: what the lattice makes of a kink of the energy is then
    the same for every s, so that moments stay smooth in s.

    Parameters
    ----------
    x : ndarray, shape (S, M)
        Positions.
    spacing : ndarray, shape (S, 1)
        Distance between neighbors.
    energy : ndarray, shape (S, M)
        U(x) / kT.
    """

    x: Array
    spacing: Array
    energy: Array


def _support(unit: Unit, force: float) -> tuple[float, float]:
    """Return the interval that holds the Boltzmann weight of a unit under a force."""

    def tilted(x: Array) -> Array:
        with np.errstate(over="ignore"):
            return (evaluate(unit.energy, x, unit.called("energy")) - force * x) / unit.temperature

    def inside(x: Array) -> NDArray[np.intp]:
        energy = tilted(x)
        return np.flatnonzero(energy <= energy.min() + DEPTH)

    width, _ = confining_window(tilted, 1, DEPTH)
    if np.isinf(width):
        raise TrainingError(
            f"the on-site energy does not confine the unit under a force of {force:g}: its "
            "Boltzmann weight does not fall off; exact training needs a confining potential"
        )
    x = np.linspace(-8.0 * width, 8.0 * width, 8001)
    found = inside(x)
    for _ in range(60):
        if found[0] == 0 or found[-1] == x.size - 1:
            raise TrainingError(
                f"at temperature {unit.temperature:g} a unit under a force of {force:g} stays within the rounding of "
                f"x = {x[found[0]]:g}: its energy varies on too small a scale; raise the temperature or take "
                "method = 'moments'"
            )
        low, high = x[found[0] - 1], x[found[-1] + 1]
        if found.size > 4000:
            break
        x = np.linspace(low - 0.1 * (high - low), high + 0.1 * (high - low), 8001)
        found = inside(x)
    return float(low), float(high)


def _crossing(x: Array, energy: Array) -> float:
    """Return where a tabulated energy [kT] first comes within DEPTH of its minimum."""
    above = energy - energy.min() - DEPTH
    first = max(int(np.argmax(above <= 0)), 1)
    part = above[first - 1] / (above[first - 1] - above[first]) if above[first - 1] > 0 else 0.0
    return float(x[first - 1] + part * (x[first] - x[first - 1]))


def make_grid(
    unit: Unit,
    strengths: Array,
    intensities: tuple[float, float],
    *,
    resolution: float = 1.0,
) -> Grid:
    r"""Choose positions that cover every density between the extreme forces, for each value of s.

    Noise is additive, so a path under a stronger force stays above the path under a weaker one with
    the same noise: every density lies between the equilibria of the extreme forces, whose tails
    bound the grid. The spacing is the smallest thermal width :math:`\sqrt{k_BT/|U''|}` on it,
    divided by `resolution`, the same for every s.

    Parameters
    ----------
    unit : Unit
        Energy and temperature.
    strengths : ndarray, shape (S,)
        Values of s.
    intensities : tuple of float
        Smallest and largest intensity over all times [energy].
    resolution : float
        Grid points a thermal width.

    Returns
    -------
    Grid

    Raises
    ------
    TrainingError
        If the potential does not confine the unit, or the grid would need more than 100,000 points.
    """
    forces = np.sort(np.outer(strengths, intensities), axis=1)
    whole = _support(unit, float(forces.min()))[0], _support(unit, float(forces.max()))[1]
    table = np.linspace(*whole, 8001)
    energy = evaluate(unit.energy, table, unit.called("energy")) / unit.temperature
    slope = np.abs(np.diff(evaluate(unit.gradient, table, unit.called("gradient")))) / (table[1] - table[0])
    low = np.array([_crossing(table, energy - force * table) for force in forces[:, 0] / unit.temperature])
    high = np.array(
        [_crossing(table[::-1], (energy - force * table)[::-1]) for force in forces[:, 1] / unit.temperature]
    )
    spacing = np.inf
    for left, right in zip(low, high, strict=True):
        steepest = slope[np.searchsorted(table, left) - 1 : np.searchsorted(table, right)].max(initial=0.0)
        # The thermal width where the curvature is largest; 30 points at least.
        width = (right - left) / 30
        if steepest > 0:
            width = min(width, float(np.sqrt(unit.temperature / steepest)))
        with np.errstate(divide="ignore"):
            spacing = min(spacing, (right - left) / np.ceil(resolution * (right - left) / np.float64(width)))
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.ceil((high - low).max() / spacing) + 2
    if not needed <= 100_000:
        raise TrainingError(
            f"the {unit.called('on-site energy')} would need {needed:g} grid points between {low.min():g} and "
            f"{high.max():g}: it varies on too small a scale; raise the temperature or take method = 'moments'"
        )
    points = int(needed)
    # As many points for every s, none of them beyond the highest that any s needs.
    first = np.minimum(np.floor(low / spacing), np.ceil(high.max() / spacing) - points + 1)
    x = (first[:, None] + np.arange(points)) * spacing
    return Grid(
        x=x,
        spacing=np.full((len(x), 1), spacing),
        energy=evaluate(unit.energy, x, unit.called("energy")) / unit.temperature,
    )
