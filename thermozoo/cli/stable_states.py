"""The stable states that ``thermozoo show`` reports, unit by unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from thermozoo.errors import ParameterError

if TYPE_CHECKING:
    from thermozoo.interfaces import Potential

__all__ = ["single_units", "stable_places"]


def single_units(potential: Potential) -> Iterator[Potential]:
    """Yield the potential of each unit: one with numbers for parameters, several where some have one value per unit.

    Raises
    ------
    ParameterError
        When two parameters have values for different numbers of units.
    """
    from thermozoo.symbolic.trace import flat_parameters
    from thermozoo.testing.strategies import with_values

    values = {name: value for name, _, value in flat_parameters(potential)}
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


def stable_places(potential: Potential, kT: float) -> list[float]:
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

    try:
        places = minima(UnitOracle(potential, kT))
    except CheckFailed:
        return []
    return [float(f"{v:.6g}") if abs(v) > 1e-6 else 0.0 for v in places]
