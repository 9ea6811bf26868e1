r"""Fields of discrete units that are kept from step to step, as whole numbers: only a flip changes them.

A unit's gradient is the sum of its row, and of n units coupled in pairs a flip changes it by 2 J. Kept in floating
numbers, rounding errors would pile up and depend on how a run is split. Kept as multiples of a quantum, sums are exact
in any order. What is decided is what the sum of the row, added up as other layouts do, decides:

- where every strength is a multiple of one power of two, and no sum of a row needs more digits than a number has (whole
  numbers, such as a graph's weights), that sum is exact as well, and the same number;
- elsewhere both differ by less than a margin. Where the step comes out alike at both ends of it, and depends on the
  gradient by one rising or falling bound, it does so in between; else the row is added up.

So a trajectory has the bits that it has in other layouts.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import sympy
from sympy.core.relational import Relational

from thermozoo.computer.computer import Computer
from thermozoo.computer.discrete import discrete_groups
from thermozoo.dynamics.engines.color_rows import Places, Rows
from thermozoo.symbolic.trace import StepFormula

__all__ = ["MARGIN_OF_KT", "KeptFields", "can_keep", "kept_fields"]

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

#: Share of kT by which the margin is at least wide: over it a computed exponential certainly rises, as its own
#: rounding errors are a hundredth of it.
MARGIN_OF_KT = {4: 2.0**-17, 8: 2.0**-46}

#: Bits of a sum that is exact in each precision, and bits of a kept sum.
_EXACT, _KEPT = {4: 24, 8: 53}, {4: 29, 8: 61}


#: Margin, as a share of a typical field, up to which a matrix of short numbers pays: so seldom is a row added up.
_MOST_MARGIN = 0.02


@attrs.frozen(eq=False)
class KeptFields:
    """Rows as whole numbers.

    Parameters
    ----------
    whole : ndarray of int, shape (places,)
        The part of the gradient that depends on no other unit, in quanta.
    doubled : ndarray of int, shape (entries,)
        Twice the strength of each entry of a row, in quanta.
    matrix : ndarray of int, shape (places, places), or (0, 0)
        The same as a matrix of the shortest numbers that hold it, where most units are coupled.
    inner : ndarray of bool, shape (lines,)
        Which lines of units have two that are coupled.
    quantum : float
        The energy that fields are counted in [energy].
    margin : float
        By how much a sum of a row may differ from what is kept [energy]; zero where both are exact.
    """

    whole: npt.NDArray[Any]
    doubled: npt.NDArray[Any]
    matrix: npt.NDArray[Any]
    inner: npt.NDArray[np.bool_]
    quantum: float
    margin: float


def can_keep(computer: Computer, rows: dict[int, Rows], step: StepFormula) -> bool:
    """Return whether fields can be kept: pairs of spins, and a step with one rising or falling bound."""
    groups, sizes = discrete_groups(computer), computer.layout.sizes
    if set(rows) != {2} or sum(sizes[g] for g in groups) != computer.n:
        return False
    return all(set(one.states or ()) == {-1, 1} for one in groups.values()) and _has_one_bound(
        step.result, step.x, step.forces
    )


@functools.lru_cache(maxsize=16)
def _has_one_bound(result: sympy.Expr, x: sympy.Symbol, forces: tuple[sympy.Symbol, ...]) -> bool:
    """Return whether a step, of either state, compares once with what rises or falls with the force."""
    if len(forces) != 1 or not isinstance(result, sympy.Piecewise):
        return False
    [force] = forces
    for state in (1, -1):
        one = result.subs(x, state)
        apart = [bound.lhs - bound.rhs for bound in one.atoms(Relational) if bound.has(force)]
        apart = [bound for k, bound in enumerate(apart) if all(bound not in (other, -other) for other in apart[:k])]
        chosen = [value for piece in one.atoms(sympy.Piecewise) for value, _ in piece.args]
        if len(apart) != 1 or any(value.has(force) for value in chosen):
            return False
        slope = sympy.diff(apart[0], force)
        if not (slope.is_nonnegative or slope.is_nonpositive):
            return False
    return True


def kept_fields(rows: Rows, field: npt.NDArray[Any], places: Places, dense: bool, dtype: Any) -> KeptFields:
    """Return the rows of units in their places as whole numbers.

    Parameters
    ----------
    rows : Rows
        Rows of the units in the order of their places; the other units by their places.
    field : ndarray, shape (places,)
        The part of the gradient that depends on no other unit, in the precision of states [energy].
    places : Places
        Places of the units.
    dense : bool
        Whether a matrix is wanted.
    dtype : data type
        Precision of states.
    """
    size, itemsize = len(places.unit), np.dtype(dtype).itemsize
    free, integer = len(rows.starts) - 1, np.dtype(f"i{itemsize}")
    values = rows.values.astype(dtype).astype(np.float64)
    own = np.zeros(size)
    own[:free] = field[:free]
    row = np.repeat(np.arange(free), np.diff(rows.starts))
    quantum = _lowest_bit(np.concatenate([own, values]))
    exact = _summed(own, row, values) <= quantum * 2.0 ** _EXACT[itemsize]
    if not exact:
        fine = 2.0 ** (math.frexp(_summed(own, row, values))[1] - _KEPT[itemsize])
        # a matrix of short numbers is read in half the time, and rows are added up a little more often
        coarse = 2.0 ** (math.frexp(float(np.abs(values).max(initial=0.0)))[1] - 4 * itemsize + 2)
        wide = math.sqrt(float((values**2).sum()) / max(free, 1))
        use = dense and _margin(own, row, values, coarse, itemsize) < _MOST_MARGIN * wide
        quantum = max(fine, coarse) if use else fine
    margin = 0.0 if exact else _margin(own, row, values, quantum, itemsize)
    doubled = 2 * np.rint(values / quantum).astype(integer)
    other = rows.others[0]
    most = int(np.abs(doubled).max(initial=0))
    short = next(one for one in ("i1", "i2", "i4", "i8") if most <= np.iinfo(one).max)
    matrix = np.zeros((size, size) if dense else (0, 0), short)
    if dense:
        matrix[row, other] = doubled
    line = 64 // itemsize
    inner = np.zeros(size // line, dtype=bool)
    inner[row[row // line == other // line] // line] = True
    whole = np.rint(own / quantum).astype(integer)
    return KeptFields(whole, doubled, matrix, inner, quantum, margin)


def _summed(own: Array, row: Indices, values: Array) -> float:
    """Return the largest that a field can be."""
    sums = np.abs(own)
    np.add.at(sums, row, np.abs(values))
    return float(sums.max(initial=0.0))


def _margin(own: Array, row: Indices, values: Array, quantum: float, itemsize: int) -> float:
    """Return by how much the sum of a row may differ from the field that is kept in such quanta."""
    rounded = [one - quantum * np.rint(one / quantum) for one in (own, values)]
    entries = int(np.bincount(row).max(initial=0)) if len(row) else 0
    # what its entries were rounded by, the row's own additions, and what becomes of the kept number
    additions = (entries / 4 + 8) * 2.0 ** -_EXACT[itemsize] * _summed(own, row, values)
    return 1.01 * (_summed(rounded[0], row, rounded[1]) + additions)


def _lowest_bit(numbers: Array) -> float:
    """Return the largest power of two that all numbers are multiples of."""
    fraction, exponent = np.frexp(numbers[numbers != 0])
    if not fraction.size:
        return 1.0
    digits = np.abs(fraction * 2.0**53).astype(np.int64)
    lowest = np.log2((digits & -digits).astype(np.float64)).astype(np.int64)
    return 2.0 ** int((exponent - 53 + lowest).min())
