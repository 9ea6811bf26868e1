"""Check of a potential's stable states, and the search for them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np

from thermozoo.interfaces.tree import values_of, with_values
from thermozoo.testing.checks.potential import KT
from thermozoo.testing.checks.potential_derivatives import force  # noqa: F401 - registers what this one needs first
from thermozoo.testing.context import Context
from thermozoo.testing.measured import Measured
from thermozoo.testing.oracle import UnitOracle
from thermozoo.testing.outcomes import CheckFailed, DoesNotApply
from thermozoo.testing.registry import check
from thermozoo.testing.search import for_all
from thermozoo.testing.strategies import parameter_values

#: Minima closer than this fraction of the interval are looked at with exact slopes.
_CLOSE = 1e-3

#: How often the interval of a minimum is halved: to a trillionth.
_HALVINGS = 40


@check(
    "potential",
    claim="The energy has the claimed number of stable states over the whole of the declared bounds.",
    needs=("confining", "force"),
)
def stable_states(context: Context) -> Measured:
    """Count the places where the slope changes from falling to rising, on a grid that is fine near zero."""
    claimed = context.cls.stable_states
    if claimed is None:
        raise DoesNotApply("it claims no number of stable states")

    def claim(values: Mapping[str, float]) -> None:
        found = minima(UnitOracle(with_values(context.plugin, values), KT))
        if len(found) != claimed:
            places = ", ".join(f"{v:.3g}" for v in found[:6]) or "none"
            raise CheckFailed(
                f"{len(found)} stable states (x = {places}), claimed {claimed}",
                {"parameters": dict(values)},
                measured=Measured("stable states", len(found), claimed, 0),
            )

    claim(values_of(context.plugin))
    tried = for_all(parameter_values(context.plugin), claim, seed=context.integer("stable"), examples=60)
    return Measured("stable states", claimed, claimed, 0, detail=f"{tried} draws")


def minima(oracle: UnitOracle) -> list[float]:
    """Return the states at which the energy has a minimum.

    Where minima seem to lie close together the sign of the slope may be rounding, as beside a minimum at which the
    curvature vanishes: there it is asked of the exact slope.
    """
    low, high = oracle.interval
    reach = max(abs(low), abs(high))
    near = reach * np.logspace(-9, 0, 2001)
    x = np.unique(np.concatenate([np.linspace(low, high, 8001), near, -near]))
    x = x[(x >= low) & (x <= high)]
    slope = np.array(oracle.gradient(x))
    places = x[:-1][(slope[:-1] <= 0) & (slope[1:] > 0)]
    doubtful = np.zeros(len(x), dtype=bool)
    for left, right in itertools.pairwise(places):
        if right - left < _CLOSE * reach:
            doubtful |= (x >= left - _CLOSE * reach) & (x <= right + _CLOSE * reach)
    slope[doubtful] = [oracle.exact_gradient(v) for v in x[doubtful]]
    # of a state where the slope is zero, or jumps and is none, the states beside it tell
    x, slope, doubtful = (values[(slope != 0.0) & ~np.isnan(slope)] for values in (x, slope, doubtful))
    turns = np.flatnonzero((slope[:-1] < 0) & (slope[1:] > 0))

    def root(k: int) -> float:
        def at(v: float) -> float:
            found = oracle.exact_gradient(v) if doubtful[k] else float(oracle.gradient(np.asarray(v)))
            return 0.0 if np.isnan(found) else found  # a cusp between falling and rising is the minimum

        left, right = float(x[k]), float(x[k + 1])
        for _ in range(_HALVINGS):
            middle = 0.5 * (left + right)
            value = at(middle)
            if value == 0.0:
                return middle
            left, right = (middle, right) if value < 0 else (left, middle)
        return 0.5 * (left + right)

    return [root(int(k)) for k in turns]
