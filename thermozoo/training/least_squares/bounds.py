"""The minimum of a quadratic loss within the declared bounds and constraints of on-site parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.constraints import Constraint, constraints_of
from thermozoo.errors import TrainingError
from thermozoo.interfaces.tree import flat_parameters
from thermozoo.training.least_squares.normal_equations import NormalEquations, Solution, Unknowns

__all__ = ["changes_allowed", "solve_within"]

Array = npt.NDArray[np.float64]

#: A bound that excludes its end is approached to this distance, relative to the bound where that is above one.
_MARGIN = 1e-6
_MOST_ROUNDS = 30

#: The first step, relative to a parameter where that is above one, by which an edge of a constraint is looked for; how
#: often it is doubled before there is none; and how often the last one is halved.
_FIRST_STEP = 1e-3
_DOUBLINGS = 60
_HALVINGS = 60


def changes_allowed(computer: Computer, names: Sequence[str]) -> tuple[Array, Array]:
    """Return the smallest and largest change of every local coefficient, biases first, shape (1 + names, n) each.

    A constraint bounds the one trained parameter that takes part in it, the others being as they are;
    `thermozoo.training.unit_types.trainable_forces` refuses several.
    """
    shape = (1 + len(names), computer.n)
    low, high = np.full(shape, -np.inf), np.full(shape, np.inf)
    for where, site in computer.onsite.parts():
        for name, declared, value in flat_parameters(site.potential):
            if name not in names:
                continue
            row = 1 + list(names).index(name)
            if declared.at_least is not None:
                low[row, where] = declared.at_least - value
            if declared.above is not None:
                low[row, where] = declared.above + _MARGIN * max(1.0, abs(declared.above)) - value
            if declared.at_most is not None:
                high[row, where] = declared.at_most - value
            if declared.below is not None:
                high[row, where] = declared.below - _MARGIN * max(1.0, abs(declared.below)) - value
        for one in constraints_of(site.potential):
            for name in set(one.names) & set(names):
                row = 1 + list(names).index(name)
                values = {n: np.broadcast_to(v, (where.stop - where.start,)) for n, v in site.values.items()}
                low[row, where] = np.maximum(low[row, where], -_reach(one, values, name, -1.0))
                high[row, where] = np.minimum(high[row, where], _reach(one, values, name, 1.0))
    return low, high


def _reach(constraint: Constraint, values: Mapping[str, Array], name: str, sign: float) -> Array:
    """Return how far one parameter may go in one direction while a constraint holds, shape (units,)."""
    start = values[name]

    def holds(distance: Array) -> npt.NDArray[np.bool_]:
        return constraint.holds({**values, name: start + sign * distance})

    inside = np.zeros(start.shape)
    beyond = _FIRST_STEP * np.maximum(1.0, np.abs(start))
    for _ in range(_DOUBLINGS):
        held = holds(beyond)
        if not held.any():
            break
        inside = np.where(held, beyond, inside)
        beyond = np.where(held, 2.0 * beyond, beyond)
    free = holds(beyond)
    for _ in range(_HALVINGS):
        middle = 0.5 * (inside + beyond)
        held = holds(middle)
        inside, beyond = np.where(held, middle, inside), np.where(held, beyond, middle)
    margin = _MARGIN * np.maximum(1.0, np.abs(start + sign * inside))
    return np.where(free, np.inf, np.maximum(inside - margin, 0.0))


def solve_within(
    equations: NormalEquations,
    low: Array,
    high: Array,
    *,
    tolerance: float,
    start: Array | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[Solution, int]:
    """Find the minimum with local coefficients between bounds, by an active set.

    Coefficients that leave their bounds are held there and the rest is solved again; then those are let go whose
    gradient points back inside.

    Parameters
    ----------
    equations : NormalEquations
        The loss.
    low, high : ndarray, shape (P, n)
        Bounds.
    tolerance, start, progress
        See `NormalEquations.solve`.

    Returns
    -------
    Solution, int
        The minimum, and how many coefficients are at a bound.

    Raises
    ------
    TrainingError
        When the equations cannot be solved, or the set of held coefficients does not settle.
    """
    at = np.zeros(low.shape, dtype=np.int8)  # -1 at the lower bound, +1 at the upper one
    couplings, iterations = start, 0
    for _ in range(_MOST_ROUNDS):
        held = at != 0
        values = np.where(at < 0, low, np.where(at > 0, high, 0.0))
        values[~held] = 0.0
        solution = equations.holding(held, values).solve(tolerance=tolerance, start=couplings, progress=progress)
        couplings = solution.unknowns.couplings
        iterations += solution.iterations
        local = solution.unknowns.local + values
        leaving = equations.free & ~held
        below, above = leaving & (local < low), leaving & (local > high)
        if below.any() or above.any():
            at[below], at[above] = -1, 1
            continue
        complete = Unknowns(couplings, local)
        if held.any():
            slope = equations.gradient.local + equations.apply(complete).local
            inward = (at * slope) > 0
            if inward.any():
                at[inward] = 0
                continue
        decrease = -equations.loss(complete)
        return attrs.evolve(solution, unknowns=complete, iterations=iterations, decrease=decrease), int(held.sum())
    raise TrainingError(
        f"the on-site parameters that are at a bound did not settle in {_MOST_ROUNDS} rounds; train fewer "
        "potential_parameters, or take a potential with wider bounds"
    )
