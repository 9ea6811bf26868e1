"""The stable states of one unit."""

from __future__ import annotations

import itertools

import attrs
import numpy as np
from scipy.optimize import brentq

from thermozoo.computer.boltzmann import unit_interval
from thermozoo.computer.onsite import UnitEnergy
from thermozoo.symbolic.smoothness import exact_value

__all__ = ["StableState", "stable_states"]

#: Minima closer than this fraction of the interval are looked at with exact slopes.
_CLOSE = 1e-3

#: How far beside a minimum a flat bottom must reach to be one, as a fraction of the interval.
_BESIDE = 1e-6


@attrs.frozen
class StableState:
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


def stable_states(one: UnitEnergy, kT: float) -> list[StableState]:
    """Return the minima of the energy of one unit among the states that it visits; on a circle, those of one turn.

    Where minima seem to lie close together the sign of the slope may be rounding, as beside a minimum at which the
    curvature vanishes: there it is asked of the formula, in many digits.

    Parameters
    ----------
    one : UnitEnergy
        The potential; every parameter is a number.
    kT : float
        Temperature that sets how far out states are looked for [energy].

    Raises
    ------
    ParameterError
        When the energy does not confine the unit.
    """
    formulas = one.formulas
    numbers = formulas.bind(one.values).numbers

    def coded(at: float) -> float:
        return float(one.gradient(np.asarray(at)))

    def exact(at: float) -> float:
        value = exact_value(formulas.plain.gradient, formulas.x, at, numbers)
        return coded(at) if value is None else float(value)

    low, high = unit_interval(one, kT)
    reach = max(abs(low), abs(high))
    near = reach * np.logspace(-9, 0, 2001)
    x = np.unique(np.concatenate([np.linspace(low, high, 8001), near, -near]))
    x = x[(x >= low) & (x <= high)]
    slope = one.gradient(x)
    places = x[:-1][(slope[:-1] <= 0) & (slope[1:] > 0)]
    doubtful = np.zeros(len(x), dtype=bool)
    for left, right in itertools.pairwise(places):
        if right - left < _CLOSE * reach:
            doubtful |= (x >= left - _CLOSE * reach) & (x <= right + _CLOSE * reach)
    slope[doubtful] = [exact(v) for v in x[doubtful]]
    x, slope, doubtful = (values[slope != 0.0] for values in (x, slope, doubtful))
    found = []
    for k in np.flatnonzero((slope[:-1] < 0) & (slope[1:] > 0)):
        minimum = float(brentq(exact if doubtful[k] else coded, x[k], x[k + 1]))
        left, right = (_end_of_flat(one, minimum, sign * _BESIDE * reach) for sign in (-1.0, 1.0))
        found.append(StableState(minimum, (left, right) if right > left else None))
    return found if one.period is None else _around(found, one.period)


def _around(states: list[StableState], period: float) -> list[StableState]:
    """Return states on a circle as they lie on the turn about zero, in increasing order."""
    turned = []
    for state in states:
        shift = -period * np.ceil(state.x / period - 0.5)
        flat = None if state.flat is None else (state.flat[0] + shift, state.flat[1] + shift)
        turned.append(StableState(float(state.x + shift), flat))
    return sorted(turned, key=lambda state: state.x)


def _end_of_flat(one: UnitEnergy, x: float, step: float) -> float:
    """Return how far the energy stays the same from `x` on, looked at in steps that double, then bisected."""

    def same(at: float) -> bool:
        return float(one.gradient(np.asarray(at))) == 0.0

    if not (same(x) and same(x + step)):
        return x
    while np.isfinite(2 * step) and same(x + 2 * step):
        step *= 2
    inside, outside = x + step, x + 2 * step
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if same(middle) else (inside, middle)
    return inside
