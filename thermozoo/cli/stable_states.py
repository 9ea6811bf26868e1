"""The stable states that ``thermozoo show`` reports, unit by unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from thermozoo.errors import ParameterError
from thermozoo.interfaces.tree import values_of, with_values

if TYPE_CHECKING:
    from thermozoo.computer.minima import StableState
    from thermozoo.interfaces import Potential

__all__ = ["in_words", "single_units", "stable_places"]


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


def in_words(place: StableState) -> str:
    """Return a stable state in words."""
    return f"{place.x:.4g}" if place.flat is None else f"{place.flat[0]:.4g} to {place.flat[1]:.4g} (flat)"


def stable_places(potential: Potential, kT: float) -> list[StableState]:
    """Return the stable states of one unit to six digits; none where its energy does not confine it.

    Parameters
    ----------
    potential : Potential
        With numbers for parameters.
    kT : float
        Temperature that sets how far out states are looked for [energy].
    """
    from thermozoo.computer.minima import StableState, stable_states
    from thermozoo.computer.onsite import unit_energy

    try:
        found = stable_states(unit_energy(potential), kT)
    except ParameterError:
        return []
    flats = (None if one.flat is None else (_short(one.flat[0]), _short(one.flat[1])) for one in found)
    return [StableState(_short(one.x), flat) for one, flat in zip(found, flats, strict=True)]


def _short(x: float) -> float:
    return float(f"{x:.6g}") if abs(x) > 1e-6 else 0.0
