"""The normal equations of exact training: moments of units, averaged over time and images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.errors import ParameterError, TrainingError
from thermozoo.interfaces import Protocol
from thermozoo.symbolic.guard import where_written
from thermozoo.symbolic.smoothness import breaks
from thermozoo.training.breakpoints import breakpoints
from thermozoo.training.exact.refinement import solve_moments
from thermozoo.training.exact.signal_functions import (
    KindMoments,
    SignalFunctions,
    kind_moments,
    observables_for,
    time_basis,
)
from thermozoo.training.exact.unit_grid import Unit, make_grid
from thermozoo.training.expansion import StepExpansion, expand_objective
from thermozoo.training.intensity import intensity_of
from thermozoo.training.least_squares.normal_equations import NormalEquations, Unknowns
from thermozoo.training.least_squares.pair_sums import pair_sums
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import window_edges
from thermozoo.training.unit_types import UnitType, trainable_forces, unit_types

__all__ = ["ExactEquations", "exact_equations", "threads"]

Array = npt.NDArray[np.float64]

#: Share of the work that goes into the Fokker-Planck equations.
_MOMENTS = 0.4
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


def threads(limit: int | None) -> AbstractContextManager[Any]:
    """Hold BLAS to so many threads (None: as many as it takes): small products lose more by waiting than they gain."""
    from threadpoolctl import threadpool_limits

    context: AbstractContextManager[Any] = threadpool_limits(limit, user_api="blas")
    return context


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
    progress: Callable[[float], None],
) -> list[KindMoments]:
    """Solve the Fokker-Planck equation of every unit_type of unit, on common times."""
    kinds = unit_types(computer)
    intensity = intensity_of(protocol, duration)
    solved = []
    for done, unit_type in enumerate(kinds):
        mine = tuple(name for name in names if name in unit_type.site.values)
        unit = Unit(
            unit_type.site.energy,
            unit_type.site.gradient,
            computer.temperature,
            computer.mobility,
            observables=observables_for(unit_type, expansion, mine),
            potential=f"{type(unit_type.site.potential).__name__} ({where_written(unit_type.site.potential.energy)})",
        )
        values = signals[:, unit_type.units]
        strengths = float(values.min()), float(values.max())
        if mine:
            _check_continuous(unit_type, mine, unit, strengths, intensity(np.linspace(0.0, duration, 4001)))
        with threads(1):
            moments = solve_moments(
                unit,
                intensity,
                duration,
                strengths,
                breakpoints=cuts,
                tolerance=tolerance,
            )
        solved.append((unit_type, mine, moments))
        progress(_MOMENTS * (done + 1) / len(kinds))
    most = max(moments.times.size for _, _, moments in solved)
    combined = []
    for unit_type, mine, moments in solved:
        common = moments.resampled(most // (moments.breakpoints.size - 1))
        combined.append(
            kind_moments(
                unit_type,
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


def _check_continuous(
    unit_type: UnitType, names: tuple[str, ...], unit: Unit, strengths: tuple[float, float], intensity: Array
) -> None:
    """Raise TrainingError when the force jumps by a trainable parameter: Ito's formula needs its derivative."""
    grid = make_grid(unit, np.array(strengths), (float(intensity.min()), float(intensity.max())))
    formulas = unit_type.site.formulas
    numbers = formulas.bind(unit_type.site.values).numbers
    for name in names:
        regressor = formulas.plain.gradient_by_parameter[name]
        places = [one.x for one in breaks([regressor], formulas.x, numbers) if grid.x.min() < one.x < grid.x.max()]
        if places:
            raise TrainingError(
                f"potential_parameters: the force that {name} of {type(unit_type.site.potential).__name__} exerts "
                f"jumps at x = {places[0]:g}, and exact training needs a continuous one; take method = 'moments'"
            )


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
    progress: Callable[[float], None] | None = None,
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
        Called with the fraction of the work that is done.

    Raises
    ------
    TrainingError
        When the objective or the potential lacks a property that this needs (the message names it).
    """
    if not 1 <= windows <= steps:
        raise ParameterError(f"windows must lie between 1 and the number of steps, {steps}, got {windows}")
    s = np.asarray(signals, dtype=np.float64)
    report = progress or (lambda fraction: None)
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
    if expansion.obstacle:
        raise TrainingError(
            f"exact training takes the leading order in the time step, which is not enough for the loss of "
            f"{type(loss.objective).__name__}: {expansion.obstacle}; take method = 'moments'"
        )
    edges = window_edges(steps, windows) * loss.dt
    cuts = sorted({*breakpoints(protocol, duration), *edges[1:-1].tolist()})
    kinds = _moments(computer, s, protocol, expansion, names, duration, loss.dt, cuts, tolerance, report)
    times, weights = kinds[0].moments.times, kinds[0].moments.weights
    moving = computer.layout.free
    free = np.concatenate([(computer.trainable_biases & moving)[None], has & moving])
    equations = []
    for w, (begin, end) in enumerate(pairwise(edges)):
        inside = np.where((times > begin) & (times < end), weights, 0.0) / (end - begin)

        def done(fraction: float, w: int = w) -> None:
            report(_MOMENTS + (1 - _MOMENTS) * (w + fraction) / windows)

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
    functions = [SignalFunctions(k, weights, basis, images * k.unit_type.units.size) for k in kinds]
    pairs = pair_sums(computer.couplings)
    regressors = len(free)
    gradient = Unknowns(np.zeros(computer.couplings.size), np.zeros((regressors, n)))
    moments = np.zeros((regressors, regressors, n))
    variance = np.zeros(n)
    for first, part in _chunks(signals, max(1, _ROWS // max(1, basis.shape[1]))):
        rows = len(part) * basis.shape[1]
        states, slopes = np.zeros((rows, n)), np.zeros((rows, n))
        local = np.zeros((regressors - 1, rows, n))
        for unit_type, function in zip(kinds, functions, strict=True):
            units = unit_type.unit_type.units
            mean, by_gradient, *by_regressor, spread, expected, products = function(part[:, units])
            states[:, units] = mean.reshape(rows, -1)
            slopes[:, units] = by_gradient.reshape(rows, -1)
            for row, projected in zip(unit_type.rows[1:], by_regressor, strict=True):
                local[row - 1][:, units] = projected.reshape(rows, -1)
            variance[units] += spread[0].sum(axis=0)
            gradient.local[np.ix_(unit_type.rows, units)] += expected.sum(axis=1)
            for p, q, product in zip(*np.triu_indices(len(unit_type.rows)), products, strict=True):
                a, b = unit_type.rows[p], unit_type.rows[q]
                moments[a, b, units] += product.sum(axis=0)
                moments[b, a, units] = moments[a, b, units]
        scale = 1 / np.sqrt(images)
        ones = np.repeat(basis.T @ np.sqrt(weights), len(part))
        pairs.add(states * scale, ones * scale, local * scale)
        gradient.couplings[:] += computer.couplings.contract(slopes * scale, states * scale)
        progress((first + len(part)) / images)
    pairs.add_squares(variance / images)
    weight = np.where(computer.layout.free, curvature, 0.0)
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
