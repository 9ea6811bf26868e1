r"""Exact training: the minimum of a quadratic loss over all noising trajectories, without sampling one.

During noising the units are independent given the signal, so every expectation in the gradient of the loss is a product
of moments of single units. Those follow from one-dimensional Fokker-Planck equations (`thermozoo.training.refinement`),
are averaged over time and images, and leave linear equations for couplings, biases and on-site parameters
(`thermozoo.training.normal_equations`).

For the reverse likelihood, with :math:`m_i = \langle x_i \rangle` and :math:`y_i = 2 \langle U'(x_i) \rangle - a s_i`,

.. math:: (J S + b \bar m^T)_{ij} + (J S + b \bar m^T)_{ji} = -(C_{ij} + C_{ji}), \qquad S = \langle m m^T \rangle
    + \mathrm{diag} \langle v \rangle, \quad C = \langle y m^T \rangle .

The moments are those of continuous time; the loss of trajectories with time step dt has its minimum O(dt) away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.errors import ParameterError
from thermozoo.interfaces import Protocol
from thermozoo.symbolic.codegen import array_function
from thermozoo.symbolic.trace import flat_parameters, trace_intensity
from thermozoo.training.bounds import changes_allowed, solve_within
from thermozoo.training.breakpoints import breakpoints
from thermozoo.training.expansion import StepExpansion, expand_objective
from thermozoo.training.kinds import kinds_of, trainable_forces, with_parameters
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import window_edges
from thermozoo.training.normal_equations import NormalEquations, Solution, Unknowns
from thermozoo.training.pair_sums import pair_sums
from thermozoo.training.refinement import solve_moments
from thermozoo.training.result import Training
from thermozoo.training.signal_functions import (
    KindMoments,
    SignalFunctions,
    kind_moments,
    observables_for,
    time_basis,
)
from thermozoo.training.unit_grid import Unit

__all__ = ["WORK", "ExactEquations", "exact_equations", "train_exact"]

Array = npt.NDArray[np.float64]

#: The total that is reported as progress.
WORK = 100
#: Rows of sums that are multiplied at once.
_ROWS = 2048


@attrs.frozen(eq=False)
class ExactEquations:
    """The normal equations of every time window of noising, in the order of time.

    Parameters
    ----------
    windows : tuple of NormalEquations
        One set a window; the loss is the mean loss of a step.
    names : tuple of str
        Trainable on-site parameters: the rows of the local unknowns after the biases.
    errors : dict
        Largest error estimates of the moments, by source.
    details : dict
        How they came about: kinds of units, nodes, rank.
    """

    windows: tuple[NormalEquations, ...]
    names: tuple[str, ...]
    errors: dict[str, float]
    details: dict[str, int]


class _Progress:
    """Reports whole percents, never backwards."""

    def __init__(self, report: Callable[[int], None] | None) -> None:
        self._report = report
        self._done = 0

    def at(self, fraction: float) -> None:
        """Report that this fraction of everything is done."""
        done = int(WORK * fraction)
        if self._report is not None and done > self._done:
            self._report(done - self._done)
            self._done = done


def threads(limit: int | None) -> AbstractContextManager[Any]:
    """Hold BLAS to so many threads (None: as many as it takes): small products lose more by waiting than they gain."""
    from threadpoolctl import threadpool_limits

    context: AbstractContextManager[Any] = threadpool_limits(limit, user_api="blas")
    return context


def _intensity(protocol: Protocol, duration: float) -> Callable[[Array], Array]:
    """Return a(t), traced once."""
    formula = trace_intensity(protocol)
    values = [value for _, _, value in flat_parameters(protocol)]
    arguments = [formula.t, formula.duration, *formula.parameters.values()]
    function = array_function("intensity", arguments, [formula.intensity])
    return lambda t: np.asarray(function(t, duration, *values)[0], dtype=np.float64)


def _moments(
    computer: Computer,
    signals: Array,
    protocol: Protocol,
    expansion: StepExpansion,
    names: tuple[str, ...],
    duration: float,
    dt: float,
    cuts: Sequence[float],
    tolerance: float,
    progress: _Progress,
) -> list[KindMoments]:
    """Solve the Fokker-Planck equation of every kind of unit, on common times."""
    kinds = kinds_of(computer)
    intensity = _intensity(protocol, duration)
    solved = []
    for done, kind in enumerate(kinds):
        mine = tuple(name for name in names if name in kind.site.values)
        unit = Unit(
            kind.site.energy,
            kind.site.gradient,
            computer.temperature,
            computer.mobility,
            observables=observables_for(kind, expansion, mine),
        )
        values = signals[:, kind.units]
        with threads(1):
            moments = solve_moments(
                unit,
                intensity,
                duration,
                (float(values.min()), float(values.max())),
                breakpoints=cuts,
                tolerance=tolerance,
            )
        solved.append((kind, mine, moments))
        progress.at(0.3 * (done + 1) / len(kinds))
    most = max(moments.times.size for _, _, moments in solved)
    combined = []
    for kind, mine, moments in solved:
        common = moments.resampled(most // (moments.breakpoints.size - 1))
        combined.append(
            kind_moments(
                kind,
                common,
                expansion,
                mine,
                np.array([0, *(1 + names.index(name) for name in mine)]),
                intensity=intensity(common.times),
                drift=computer.mobility * dt,
                diffusion=computer.mobility * computer.temperature * dt,
            )
        )
    return combined


def exact_equations(
    computer: Computer,
    signals: npt.ArrayLike,
    protocol: Protocol,
    loss: StepLoss,
    *,
    steps: int,
    windows: int = 1,
    potential_parameters: Sequence[str] = (),
    tolerance: float = 3e-4,
    progress: Callable[[int], None] | None = None,
) -> ExactEquations:
    """Set up the normal equations of every time window.

    Parameters
    ----------
    computer : Computer
        The computer; its on-site energies, temperature and mobility are those of the noising, its biases outside
        `trainable_biases` stay.
    signals : array_like, shape (images, n)
        s on every unit for each image.
    protocol : Protocol
        a(t).
    loss : StepLoss
        Objective and time step.
    steps : int
        Steps of noising; the duration is `steps` times the time step.
    windows : int
        Time windows of noising, each with its own couplings.
    potential_parameters : sequence of str
        On-site parameters to train, one value a unit.
    tolerance : float
        On the moments, relative to their size; see `solve_moments`.
    progress : callable, optional
        Called with the amount of work done since its last call, of `WORK` in all.

    Raises
    ------
    TrainingError
        When the objective or the potential lacks a property that this needs (the message names it).
    """
    if not 1 <= windows <= steps:
        raise ParameterError(f"windows must lie between 1 and the number of steps, {steps}, got {windows}")
    s = np.asarray(signals, dtype=np.float64)
    report = _Progress(progress)
    duration = steps * loss.dt
    names = tuple(potential_parameters)
    has = trainable_forces(computer, names)
    expansion = expand_objective(
        loss.derived,
        loss.objective,
        dt=loss.dt,
        mobility=computer.mobility,
        temperature=computer.temperature,
    )
    edges = window_edges(steps, windows) * loss.dt
    cuts = sorted({*breakpoints(protocol, duration), *edges[1:-1].tolist()})
    kinds = _moments(computer, s, protocol, expansion, names, duration, loss.dt, cuts, tolerance, report)
    times, weights = kinds[0].moments.times, kinds[0].moments.weights
    moving = computer.layout.moving
    free = np.concatenate([(computer.trainable_biases & moving)[None], has & moving])
    equations = []
    for w, (begin, end) in enumerate(pairwise(edges)):
        inside = np.where((times > begin) & (times < end), weights, 0.0) / (end - begin)

        def done(fraction: float, w: int = w) -> None:
            report.at(0.3 + 0.7 * (w + fraction) / windows)

        equations.append(_window(computer, s, kinds, inside, free, expansion.curvature, done))
    errors = {source: max(k.moments.errors[source] for k in kinds) for source in kinds[0].moments.errors}
    details = {
        "kinds_of_units": len(kinds),
        "nodes_in_signal": max(k.mean.shape[0] for k in kinds),
        "nodes_in_time": int(times.size),
    }
    return ExactEquations(tuple(equations), names, errors, details)


def _window(
    computer: Computer,
    signals: Array,
    kinds: list[KindMoments],
    weights: Array,
    free: npt.NDArray[np.bool_],
    curvature: float,
    progress: Callable[[float], None],
) -> NormalEquations:
    """Average over images and over one time window, a few images at a time."""
    n, images = computer.n, len(signals)
    basis = time_basis(kinds, weights)
    functions = [SignalFunctions(k, weights, basis, images * k.kind.units.size) for k in kinds]
    pairs = pair_sums(computer.couplings)
    regressors = len(free)
    gradient = Unknowns(np.zeros(computer.couplings.size), np.zeros((regressors, n)))
    moments = np.zeros((regressors, regressors, n))
    variance = np.zeros(n)
    for first, part in _chunks(signals, max(1, _ROWS // max(1, basis.shape[1]))):
        rows = len(part) * basis.shape[1]
        states, slopes = np.zeros((rows, n)), np.zeros((rows, n))
        local = np.zeros((regressors - 1, rows, n))
        for kind, function in zip(kinds, functions, strict=True):
            units = kind.kind.units
            mean, by_gradient, *by_regressor, spread, expected, products = function(part[:, units])
            states[:, units] = mean.reshape(rows, -1)
            slopes[:, units] = by_gradient.reshape(rows, -1)
            for row, projected in zip(kind.rows[1:], by_regressor, strict=True):
                local[row - 1][:, units] = projected.reshape(rows, -1)
            variance[units] += spread[0].sum(axis=0)
            gradient.local[np.ix_(kind.rows, units)] += expected.sum(axis=1)
            for p, q, product in zip(*np.triu_indices(len(kind.rows)), products, strict=True):
                a, b = kind.rows[p], kind.rows[q]
                moments[a, b, units] += product.sum(axis=0)
                moments[b, a, units] = moments[a, b, units]
        scale = 1 / np.sqrt(images)
        ones = np.repeat(basis.T @ np.sqrt(weights), len(part))
        pairs.add(states * scale, ones * scale, local * scale)
        gradient.couplings[:] += computer.couplings.outer(slopes * scale, states * scale)
        progress((first + len(part)) / images)
    pairs.add_squares(variance / images)
    weight = np.where(computer.layout.moving, curvature, 0.0)
    equations = NormalEquations(
        pairs,
        moments / images,
        weight,
        Unknowns(gradient.couplings, gradient.local / images),
        free,
    )
    # Biases that stay act like a signal: they shift the gradient at zero.
    fixed = np.zeros((regressors, n))
    fixed[0] = np.where(free[0], 0.0, computer.biases)
    return equations.holding(fixed != 0, fixed)


def _chunks(signals: Array, size: int) -> Iterator[tuple[int, Array]]:
    for first in range(0, len(signals), size):
        yield first, signals[first : first + size]


def trained(computer: Computer, names: tuple[str, ...], unknowns: Unknowns) -> Computer:
    """Return the computer with the couplings, biases and on-site parameters of a solution."""
    biases = unknowns.local[0][computer.trainable_biases]
    result = computer.with_parameters(np.concatenate([unknowns.couplings, biases]))
    if names:
        result = with_parameters(result, dict(zip(names, unknowns.local[1:], strict=True)))
    return result


def train_exact(
    computer: Computer,
    signals: npt.ArrayLike,
    protocol: Protocol,
    loss: StepLoss,
    *,
    steps: int,
    windows: int = 1,
    potential_parameters: Sequence[str] = (),
    tolerance: float = 1e-8,
    moment_tolerance: float = 3e-4,
    progress: Callable[[int], None] | None = None,
) -> Training:
    """Train a computer to the minimum of the loss over all noising trajectories.

    Parameters
    ----------
    computer, signals, protocol, loss, steps, windows, potential_parameters
        See `exact_equations`.
    tolerance : float
        Relative residual of the linear equations.
    moment_tolerance : float
        Relative error of the moments that enter them.
    progress : callable, optional
        Called with the amount of work done since its last call, of `WORK` in all.

    Returns
    -------
    Training
        With the mean loss that is gained a step, iterations and residuals in its details.

    Raises
    ------
    TrainingError
        When the objective or the potential lacks a property that this needs, or the equations cannot be solved.
    """
    start = time.perf_counter()
    done = _Progress(progress)
    spent = [0]

    def first_part(amount: int) -> None:
        spent[0] += amount
        done.at(0.7 * spent[0] / WORK)

    equations = exact_equations(
        computer,
        signals,
        protocol,
        loss,
        steps=steps,
        windows=windows,
        potential_parameters=potential_parameters,
        tolerance=moment_tolerance,
        progress=first_part,
    )
    assembled = time.perf_counter()
    solutions: list[Solution] = []
    at_bounds: list[int] = []
    low, high = changes_allowed(computer, equations.names)
    for one in equations.windows:
        share = len(solutions)

        def solved(fraction: float, share: int = share) -> None:
            done.at(0.7 + 0.3 * (share + fraction) / windows)

        with threads(1 if one.pairs.light else None):
            solution, held = solve_within(one, low, high, tolerance=tolerance, progress=solved)
        solutions.append(solution)
        at_bounds.append(held)
    done.at(1.0)
    # The first steps of noising are the last of generation.
    computers = tuple(trained(computer, equations.names, s.unknowns) for s in reversed(solutions))
    return Training(
        computer=computers[-1],
        method="exact",
        seconds=time.perf_counter() - start,
        details={
            "iterations": [s.iterations for s in reversed(solutions)],
            "residual": [s.residual for s in reversed(solutions)],
            "loss_decrease": [s.decrease for s in reversed(solutions)],
            "parameters_at_bounds": at_bounds[::-1],
            "moment_errors": equations.errors,
            "seconds_moments_and_sums": assembled - start,
            **equations.details,
        },
        windows=computers if windows > 1 else (),
    )
