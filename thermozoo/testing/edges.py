"""Where an energy is not smooth: found from what its formula is made of, and from its values alone.

The second way does not look at the formula: it halves every cell of a grid about the half in which a value
changes by more than its slope explains. What is left when cells are as small as rounding allows is a jump, however it
is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import sympy

from thermozoo.testing.author import away_from_jumps, on_array
from thermozoo.testing.oracle import UnitOracle

__all__ = ["Jump", "breakpoints", "energy_jumps", "force_jumps"]

Array = npt.NDArray[np.floating[Any]]
Function = Callable[[Array], Array]

#: Cells of the grid over the states that a unit visits; two edges of one cell are found as one.
_CELLS = 2000

#: Halvings of a cell: below the spacing of doubles.
_HALVINGS = 60


@attrs.frozen
class Jump:
    """A state at which an energy or its slope jumps.

    Parameters
    ----------
    x : float
        Where.
    height : float
        Value above minus value below.
    """

    x: float
    height: float


def energy_jumps(oracle: UnitOracle) -> list[Jump]:
    """Return the states of a unit's interval at which U jumps, found from its values alone."""
    return _jumps(oracle, oracle.energy, oracle.gradient, oracle.exact_energy, oracle.kT)


def force_jumps(oracle: UnitOracle) -> list[Jump]:
    """Return the states of a unit's interval at which dU/dx jumps, found from its values alone."""
    return _jumps(oracle, oracle.gradient, oracle.curvature, oracle.exact_gradient, oracle.kT / oracle.width)


def _jumps(
    oracle: UnitOracle, value: Function, slope: Function, exact: Callable[[float], float], unit: float
) -> list[Jump]:
    """Halve every cell about the part in which the value changes by more than the trapezoidal rule over its slope.

    What is found in doubles counts where it is there in many digits too: rounding makes steps of its own.
    """

    def unexplained(*ends: Array) -> Array:
        """Return what the rule leaves of the change from each array of states to the next, shape (arrays - 1, n)."""
        x = np.stack(ends)
        values, slopes = value(x), slope(x)
        explained = 0.5 * np.diff(x, axis=0) * (slopes[:-1] + slopes[1:])
        left: Array = np.abs(np.diff(values, axis=0) - np.where(np.isfinite(explained), explained, 0.0))
        return left

    low, high = oracle.interval
    if oracle.period is not None:
        low -= 0.01 * oracle.period  # a turn that begins at an edge
    shift = 0.317 * (high - low) / _CELLS  # no cell ends at a short number, as edges do
    ends = np.concatenate([[low], np.linspace(low + shift, high, _CELLS)])
    left, right = ends[:-1].copy(), ends[1:].copy()
    found: list[Jump] = []
    with np.errstate(all="ignore"):
        for _ in range(_HALVINGS):
            if not left.size:
                return []
            middle = 0.5 * (left + right)
            below, above = unexplained(left, middle, right)
            known = np.isfinite(below) & np.isfinite(above)  # a cell that shrinks to 0/0 stays as it is
            # what is less than a jump that counts never becomes more
            open_cells = ~known | (np.maximum(below, above) > 1e-7 * unit)
            left, right, middle = left[open_cells], right[open_cells], middle[open_cells]
            known, upper = known[open_cells], (below < above)[open_cells]
            left, right = np.where(known & upper, middle, left), np.where(known & ~upper, middle, right)
        size = np.abs(value(right)) + unit
        jumps = np.flatnonzero(np.abs(value(right) - value(left)) > 1e-6 * size)
    for k in jumps:
        place = float(f"{0.5 * (left[k] + right[k]):.12g}")
        place = 0.0 if abs(place) < 1e-12 * (high - low) else place
        reach = 1e-11 * max(abs(place), high - low)
        if oracle.period is not None and found and place - found[0].x > oracle.period - 100 * reach:
            break  # once around
        height = exact(place + reach) - exact(place - reach)
        if abs(height) > 1e-6 * size[k] and (not found or place - found[-1].x > 100 * reach):
            found.append(Jump(place, height))
    return found


def breakpoints(expression: Any, x: Any, values: Mapping[Any, float], period: float | None = None) -> list[float]:
    """Return the states at which an expression may change its branch, by what it is made of; on a circle, of one turn.

    Of Piecewise, Max, Min, Abs, sign and Heaviside, and of a power that is no whole number: where its base vanishes.
    """
    numeric = expression.subs(values)
    found: set[float] = set()
    for argument in dict.fromkeys(_switches(numeric)):
        if argument.has(x):
            found |= set(_zeros(argument, x, period))
    return sorted(found)


def _switches(expression: Any) -> Iterator[Any]:
    for node in expression.atoms(sympy.Piecewise):
        for _, condition in node.args:
            yield from (r.lhs - r.rhs for r in sympy.sympify(condition).atoms(sympy.core.relational.Relational))
    for node in expression.atoms(sympy.Max, sympy.Min):
        yield from (a - b for k, a in enumerate(node.args) for b in node.args[:k])
    for node in expression.atoms(sympy.Abs, sympy.sign, sympy.Heaviside):
        yield node.args[0]
    for node in expression.atoms(sympy.Pow):
        if node.exp.is_integer is False and not node.base.is_number:
            yield node.base


def _zeros(argument: Any, x: Any, period: float | None) -> list[float]:
    """Return the real zeros of an argument: of a polynomial all of them, else those at which it changes its sign."""
    if argument.is_polynomial(x):
        roots = sympy.Poly(argument, x).nroots(n=30, maxsteps=200) if sympy.degree(argument, x) > 0 else []
        return [_rounded(sympy.re(r)) for r in roots if abs(sympy.im(r)) <= 1e-10 * (1 + abs(sympy.re(r)))]
    from scipy.optimize import brentq

    function = sympy.lambdify(x, away_from_jumps(argument), modules=["numpy", "scipy"])

    def value(at: Any) -> Any:
        return on_array(function, at)

    if period is None:
        sizes = np.logspace(-6, 6, 1201)
        grid = np.unique(np.concatenate([-sizes, [0.0], sizes, np.linspace(-20, 20, 4001)]))
    else:
        grid = 0.51 * period * np.linspace(-1.0, 1.0, 4001)  # the seam is inside
    there = value(grid)
    found = [float(v) for v in grid[there == 0.0]]
    for k in np.flatnonzero(np.sign(there[:-1]) * np.sign(there[1:]) < 0):
        found.append(float(brentq(lambda v: float(value(np.asarray(v))), grid[k], grid[k + 1], xtol=1e-300)))
    return found


def _rounded(root: Any) -> float:
    """Return a root as a float; a double root is found to half of its digits, and may be zero or a short number."""
    value = float(root)
    return 0.0 if abs(value) < 1e-13 else value
