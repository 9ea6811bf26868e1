"""The minimum of a quadratic loss within the declared bounds of on-site parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.errors import TrainingError
from thermozoo.symbolic.trace import flat_parameters
from thermozoo.training.normal_equations import NormalEquations, Solution, Unknowns

__all__ = ["changes_allowed", "solve_within"]

Array = npt.NDArray[np.float64]

#: A bound that excludes its end is approached to this distance, relative to the bound where that is above one.
_MARGIN = 1e-6
_MOST_ROUNDS = 30


def changes_allowed(computer: Computer, names: Sequence[str]) -> tuple[Array, Array]:
    """Return the smallest and largest change of every local coefficient, biases first, shape (1 + names, n) each."""
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
    return low, high


def solve_within(
    equations: NormalEquations,
    low: Array,
    high: Array,
    *,
    tolerance: float,
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
    tolerance, progress
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
    couplings, iterations = None, 0
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
