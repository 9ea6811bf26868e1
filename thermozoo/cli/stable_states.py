"""The stable states that ``thermozoo show`` reports, unit by unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs
import numpy as np

from thermozoo.errors import ParameterError
from thermozoo.interfaces.tree import values_of, with_values

if TYPE_CHECKING:
    from thermozoo.interfaces import Potential
    from thermozoo.testing.oracle import UnitOracle

__all__ = ["StablePlace", "single_units", "stable_places"]

#: How far beside a minimum a flat bottom must reach to be one, as a fraction of all that is looked at.
_CLOSE = 1e-6


def single_units(potential: Potential) -> Iterator[Potential]:
    """Yield the potential of each unit: one with numbers for parameters, several where some have one value per unit.

    Raises
    ------
    ParameterError
        When two parameters have values for different numbers of units.
    """
    values = values_of(potential)
    several = {name: value for name, value in values.items() if np.ndim(value)}
    if not several:
        yield potential
        return
    (first, units), *others = ((name, len(value)) for name, value in several.items())
    for name, count in others:
        if count != units:
            raise ParameterError(
                f"{potential.name!r} is given {units} values of {first} and {count} of {name}: give one number, or one "
                "value for each of the same units"
            )
    for unit in range(units):
        yield with_values(potential, {name: float(value[unit]) for name, value in several.items()})


@attrs.frozen
class StablePlace:
    """Where the energy of one unit has a minimum.

    Parameters
    ----------
    x : float
        The state.
    flat : (float, float) or None
        Ends of the interval around it on which the energy is the same, if there is one.
    """

    x: float
    flat: tuple[float, float] | None = None

    @property
    def text(self) -> str:
        """It in words."""
        return f"{self.x:.4g}" if self.flat is None else f"{self.flat[0]:.4g} to {self.flat[1]:.4g} (flat)"


def stable_places(potential: Potential, kT: float) -> list[StablePlace]:
    """Return the stable states of one unit; none where its energy does not confine it.

    Parameters
    ----------
    potential : Potential
        With numbers for parameters.
    kT : float
        Temperature that sets how far out states are looked for [energy].
    """
    from thermozoo.testing.checks.potential_minima import minima
    from thermozoo.testing.oracle import UnitOracle
    from thermozoo.testing.outcomes import CheckFailed

    oracle = UnitOracle(potential, kT)
    try:
        found = minima(oracle)
    except CheckFailed:
        return []
    reach = max(map(abs, oracle.interval))
    places = []
    for x in found:
        low, high = (_end_of_flat(oracle, x, sign * _CLOSE * reach) for sign in (-1.0, 1.0))
        flat = (_short(low), _short(high)) if high > low else None
        places.append(StablePlace(_short(x), flat))
    return places


def _end_of_flat(oracle: UnitOracle, x: float, step: float) -> float:
    """Return how far the energy stays the same from `x` on, looked at in steps that double, then bisected."""

    def same(at: float) -> bool:
        return float(oracle.gradient(np.asarray(at))) == 0.0

    if not (same(x) and same(x + step)):
        return x
    while np.isfinite(2 * step) and same(x + 2 * step):
        step *= 2
    inside, outside = x + step, x + 2 * step
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if same(middle) else (inside, middle)
    return inside


def _short(x: float) -> float:
    return float(f"{x:.6g}") if abs(x) > 1e-6 else 0.0
