"""Moments of an uncoupled unit as functions of time and of the signal, to a stated tolerance.

`thermozoo.training.exact.fokker_planck` gives densities that are positive at any step and spacing but
first order in the step and second order in the spacing. Here the moments are extrapolated in both
(Richardson), interpolated in s by Chebyshev polynomials and in time by Legendre polynomials (whose
nodes are also the quadrature over time), and every one of the four is refined until its error
estimate falls below the tolerance. Where few values of s are asked for, these are solved for instead
and nothing is interpolated in s.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from thermozoo.errors import TrainingError
from thermozoo.training.exact.unit_grid import Array, Function, Unit
from thermozoo.training.exact.unit_moments import (
    Problem,
    UnitMoments,
    make_problem,
    moment_names,
    number,
)

__all__ = ["solve_moments"]

#: Refinements beyond these mean that the problem is not what the method is made for.
MOST_STRENGTHS, MOST_TIMES, MOST_LEVELS = 1536, 192, 8

#: Nodes in time to begin with: so many a segment, but fewer, down to the least, where segments are many and short.
_A_SEGMENT, _LEAST, _ALL_SEGMENTS = 12, 4, 48
#: Of so many segments, or fewer, nodes in time are chosen by a coarse solution.
_FEW_SEGMENTS = 4


def solve_moments(
    unit: Unit,
    intensity: Function,
    duration: float,
    strengths: tuple[float, float],
    *,
    breakpoints: Sequence[float] = (),
    tolerance: float = 3e-4,
    listed: Array | None = None,
) -> UnitMoments:
    r"""Solve for the moments of an uncoupled unit pushed by the force a(t) s from equilibrium on, for a range of s.

    Parameters
    ----------
    unit : Unit
        Energy, temperature, mobility, regressors.
    intensity : callable
        :math:`a(t)` [energy] of an array of times.
    duration : float
        Time during which the unit is followed.
    strengths : tuple of float
        Smallest and largest value of s.
    breakpoints : sequence of float
        Times at which a(t) has a kink or a jump, and any others at which the quadrature over time
        shall be cut.
    tolerance : float
        Bound on each of the four error estimates, relative to the size of a moment (its largest
        mean modulus; the largest variance for the variance).
    listed : ndarray, optional
        The values of s that will be asked for, in increasing order, where they are few.

    Returns
    -------
    UnitMoments

    Raises
    ------
    ParameterError
        If duration or range make no sense.
    TrainingError
        If the potential does not confine, energy, force or an observable is not a number at a state, or a refinement
        ends before the tolerance is met.

    Notes
    -----
    The moments have expansions in powers of the implicit step and in even powers of the
    spacing, which Richardson's table removes in turn as step and spacing are halved. An error
    estimate is the difference of the two most accurate entries, of which the better is returned.
    """
    problem = make_problem(unit, intensity, duration, strengths, breakpoints, listed)
    segments = problem.breakpoints.size - 1
    many, often = 32, min(_A_SEGMENT, max(_LEAST, _ALL_SEGMENTS // segments))
    if segments > _FEW_SEGMENTS:
        often = _choose_often(problem, often, tolerance)
    while True:
        many, often, size = _choose_nodes(problem, many, often, tolerance, in_time=segments <= _FEW_SEGMENTS)
        nodes, (at, weights) = problem.nodes(many), problem.quadrature(often)
        values, step, spacing = _refine(problem, nodes, at, size, tolerance)
        in_strength, in_time = problem.tails(values, size, often)
        if max(in_strength, in_time) <= tolerance:
            break
        # The coarse solution that chose the nodes was smoother than the refined one.
        many = many * 3 // 2 if in_strength > tolerance else many
        often = often * 3 // 2 if in_time > tolerance else often
    return UnitMoments(
        times=at,
        weights=weights,
        names=moment_names(unit),
        strengths=problem.strengths,
        breakpoints=problem.breakpoints,
        coefficients=problem.series(values),
        errors={"step": step, "spacing": spacing, "strength": in_strength, "time": in_time},
        listed=listed,
    )


def _refine(
    problem: Problem,
    nodes: Array,
    at: Array,
    size: Array,
    tolerance: float,
) -> tuple[Array, float, float]:
    """Halve step and spacing until both errors, returned too, are below the tolerance."""
    solved: dict[tuple[int, int], Array] = {}

    def level(space: int, step: int) -> Array:
        if (space, step) not in solved:
            grid = problem.grid(nodes, 0.5 * 2**space)
            solved[space, step] = problem.averages(grid, nodes, at, 2**step)[0]
        return solved[space, step]

    spaces, steps = 3, 3
    while True:
        tables = [_extrapolate([level(k, n) for n in range(steps)], 2) for k in range(spaces)]
        step_error = max(_difference(*table, size) for table in tables)
        best, before = _extrapolate([table[0] for table in tables], 4)
        space_error = _difference(best, before, size)
        if max(step_error, space_error) <= tolerance:
            return best, step_error, space_error
        if max(spaces, steps) == MOST_LEVELS:
            raise TrainingError(
                f"the Fokker-Planck moments did not reach the tolerance {tolerance:g}: "
                f"{MOST_LEVELS} refinements ended with errors of {step_error:.1e} (time step) and "
                f"{space_error:.1e} (spacing); raise the tolerance or take method = 'moments'"
            )
        steps += step_error > tolerance
        spaces += space_error > tolerance


def _difference(left: Array, right: Array, size: Array) -> float:
    return number(np.abs((left - right) / size[:, None]).max())


def _extrapolate(levels: Sequence[Array], ratio: int) -> tuple[Array, Array]:
    """Return the last two entries of Richardson's table; errors fall by powers of `ratio`."""
    row, before, power = list(levels), levels[-1], ratio
    while len(row) > 1:
        before = row[-1]
        row = [b + (b - a) / (power - 1) for a, b in pairwise(row)]
        power *= ratio
    return row[-1], before


def _choose_often(problem: Problem, often: int, tolerance: float) -> int:
    """Choose how many nodes in time short segments need, by the extreme values of s.

    Between nodes of short segments the errors of a coarse solution vary from step to step, so extrapolated ones tell.
    """
    nodes = np.unique(np.array([*problem.strengths, np.mean(problem.strengths)]))
    nodes = nodes if problem.listed is None else problem.listed
    grid = problem.grid(nodes, 0.5)
    while often <= MOST_TIMES:
        at, _ = problem.quadrature(often)
        found = [problem.averages(grid, nodes, at, 2**step) for step in range(3)]
        values, _ = _extrapolate([one for one, _ in found], 2)
        if problem.tail_in_time(values, found[0][1], often) <= tolerance / 2:
            break
        often = often * 3 // 2
    return often


def _choose_nodes(
    problem: Problem, many: int, often: int, tolerance: float, *, in_time: bool
) -> tuple[int, int, Array]:
    """Choose how many nodes in s and, if `in_time`, in time, and measure the size of each moment.

    One coarse discretization is enough: it is as smooth in s, and in time on long segments, as the finest.
    """
    while True:
        at, _ = problem.quadrature(often)
        nodes = problem.nodes(many)
        values, size = problem.averages(problem.grid(nodes, 1.0), nodes, at, 1)
        tail, tail_in_time = problem.tails(values, size, often)
        rough = in_time and tail_in_time > tolerance / 2
        if tail <= tolerance / 2 and not rough and often <= MOST_TIMES:
            return many, often, size
        many = many * 3 // 2 if tail > tolerance / 2 else many
        often = often * 3 // 2 if rough else often
        if many > MOST_STRENGTHS or often > MOST_TIMES:
            remedy = (
                f"{MOST_STRENGTHS} values of s: narrow the range of s, raise the temperature"
                if many > MOST_STRENGTHS
                else f"{MOST_TIMES} times between breakpoints: name the kinks and jumps of the protocol as breakpoints"
            )
            raise TrainingError(
                f"the moments of the noised unit are not resolved to {tolerance:g} with {remedy} "
                "or take method = 'moments'"
            )
