"""The normal equations of exact training: moments of units, averaged over time and images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import finite_array
from thermozoo.computer.computer import Computer
from thermozoo.dynamics.intensity import intensity_of
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.errors import ParameterError, TrainingError
from thermozoo.symbolic.guard import where_written
from thermozoo.symbolic.smoothness import breaks
from thermozoo.training import WINDOW_TIMES
from thermozoo.training.breakpoints import breakpoints
from thermozoo.training.exact.refinement import solve_moments
from thermozoo.training.exact.signal_functions import (
    KindMoments,
    SignalFunctions,
    kind_moments,
    observables_for,
    time_basis,
)
from thermozoo.training.exact.unit_grid import Unit, follows_a_line, make_grid
from thermozoo.training.expansion import StepExpansion, expand_objective
from thermozoo.training.least_squares.normal_equations import NormalEquations, Unknowns
from thermozoo.training.least_squares.pair_sums import pair_sums
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Imposed, Noising, window_edges
from thermozoo.training.unit_types import UnitType, trainable_forces, unit_types

__all__ = ["ExactEquations", "exact_equations"]

Array = npt.NDArray[np.float64]

#: Share of the work that goes into the Fokker-Planck equations.
_MOMENTS = 0.4
#: Rows of sums that are multiplied at once.
_ROWS = 2048
#: So many values of s, or fewer, are solved for themselves; a code has two.
_LISTED = 8


@attrs.frozen(eq=False)
class ExactEquations:
    """The normal equations of every time window of noising; they are made in turn, for a few images at a time.

    Parameters
    ----------
    computer : Computer
        The computer.
    signals : ndarray, shape (images, n)
        s on free units; on clamped units the value that each holds.
    kinds : list of KindMoments
        Moments of single units.
    edges : ndarray, shape (windows + 1,)
        Where windows begin and end [time].
    free : ndarray of bool, shape (P, n)
        Which local coefficients are unknowns.
    curvature : float
        Second derivative of the loss of a unit by its gradient.
    weights : ndarray, shape (n,)
        What the loss of each unit is multiplied by; zero for clamped units.
    names : tuple of str
        Trainable on-site parameters: the rows of the local unknowns after the biases.
    progress : callable
        Called with the fraction of the work that is done.
    """

    computer: Computer
    signals: Array
    kinds: list[KindMoments]
    edges: Array
    free: npt.NDArray[np.bool_]
    curvature: float
    weights: Array
    names: tuple[str, ...]
    progress: Callable[[float], None]

    @property
    def errors(self) -> dict[str, float]:
        """Return the largest error estimates of the moments, by source."""
        return {source: max(k.moments.errors[source] for k in self.kinds) for source in self.kinds[0].moments.errors}

    @property
    def details(self) -> dict[str, int]:
        """Return how the moments came about: kinds of units, nodes."""
        return {
            "kinds_of_units": len(self.kinds),
            "nodes_in_signal": max(k.mean.shape[0] for k in self.kinds),
            "nodes_in_time": int(self.kinds[0].moments.times.size),
        }

    @property
    def count(self) -> int:
        """Return how many windows there are."""
        return len(self.edges) - 1

    @property
    def windows(self) -> Iterator[NormalEquations]:
        """Yield the equations of each window, in the order of time; the loss is the mean loss of a step."""
        for w in range(self.count):
            yield self.window(w)

    def window(self, w: int) -> NormalEquations:
        """Return the equations of a window, 0 the first in time; the loss is the mean loss of a step."""
        times, weights = self.kinds[0].moments.times, self.kinds[0].moments.weights
        begin, end = self.edges[w : w + 2]
        inside = np.where((times > begin) & (times < end), weights, 0.0) / (end - begin)
        return self._averaged(
            inside, lambda fraction: self.progress(_MOMENTS + (1 - _MOMENTS) * (w + fraction) / self.count)
        )

    def _averaged(self, weights: Array, progress: Callable[[float], None]) -> NormalEquations:
        """Average over images and over one time window, a few images at a time."""
        computer, signals, unit = self.computer, self.signals, self.weights
        n, images = computer.n, len(signals)
        clamped = np.flatnonzero(~computer.layout.free)
        holds = bool(np.any(signals[:, clamped]))
        basis = time_basis(self.kinds, weights, constant=holds)
        functions = [SignalFunctions(k, weights, basis, images * k.unit_type.units.size) for k in self.kinds]
        constant = basis.T @ np.sqrt(weights)
        pairs = pair_sums(computer.couplings, clamped if holds else clamped[:0], shared=True)
        regressors = len(self.free)
        gradient = Unknowns(np.zeros(computer.couplings.size), np.zeros((regressors, n)))
        moments = np.zeros((regressors, regressors, n))
        variance = np.zeros(n)
        scale = 1 / np.sqrt(images)
        for first, part in _chunks(signals, max(1, _ROWS // max(1, basis.shape[1]))):
            rows = len(part) * basis.shape[1]
            states, slopes = np.zeros((rows, n)), np.zeros((rows, n))
            local = np.zeros((regressors - 1, rows, n))
            # A clamped unit is a state without variance, constant in time.
            states[:, clamped] = np.multiply.outer(constant, part[:, clamped]).reshape(rows, -1)
            for kind, function in zip(self.kinds, functions, strict=True):
                units = kind.unit_type.units
                mean, by_gradient, *by_regressor, spread, expected, products = function(part[:, units])
                states[:, units] = mean.reshape(rows, -1)
                slopes[:, units] = by_gradient.reshape(rows, -1) * unit[units]
                for row, projected in zip(kind.rows[1:], by_regressor, strict=True):
                    local[row - 1][:, units] = projected.reshape(rows, -1)
                variance[units] += spread[0].sum(axis=0)
                gradient.local[np.ix_(kind.rows, units)] += expected.sum(axis=1) * unit[units]
                for p, q, product in zip(*np.triu_indices(len(kind.rows)), products, strict=True):
                    a, b = kind.rows[p], kind.rows[q]
                    moments[a, b, units] += product.sum(axis=0)
                    moments[b, a, units] = moments[a, b, units]
            ones = np.repeat(constant, len(part))
            pairs.add(states * scale, ones * scale, local * scale)
            gradient.couplings[:] += computer.couplings.contract(slopes * scale, states * scale)
            progress((first + len(part)) / images)
        pairs.add_squares(variance / images)
        equations = NormalEquations(
            pairs,
            moments / images,
            self.curvature * unit,
            Unknowns(gradient.couplings, gradient.local / images),
            self.free,
        )
        # Biases that stay act like a signal: they shift the gradient at zero.
        fixed = np.zeros((regressors, n))
        fixed[0] = np.where(self.free[0], 0.0, computer.biases)
        return equations.holding(fixed != 0, fixed)


def _driven_types(computer: Computer, protocols: Sequence[Imposed]) -> list[tuple[UnitType, Imposed]]:
    """Return the units that have one on-site energy and feel one protocol, together."""
    found = []
    for unit_type in unit_types(computer):
        for imposed in protocols:
            units = np.intersect1d(unit_type.units, imposed.units)
            if units.size:
                found.append((attrs.evolve(unit_type, units=units), imposed))
    return found


def _moments(
    computer: Computer,
    noising: Noising,
    expansion: StepExpansion,
    names: tuple[str, ...],
    cuts: Sequence[float],
    chosen: tuple[Array, Array] | None,
    tolerance: float,
    progress: Callable[[float], None],
) -> list[KindMoments]:
    """Solve the Fokker-Planck equation of every type of unit under its protocol, on common times.

    These are nodes of a quadrature between the cuts, or times and weights that were chosen.
    """
    kinds = _driven_types(computer, noising.protocols)
    duration, dt = noising.duration, noising.dynamics.dt
    solved = []
    for done, (unit_type, imposed) in enumerate(kinds):
        mine = tuple(name for name in names if name in unit_type.site.values)
        intensity = intensity_of(imposed.protocol, duration)
        unit = Unit(
            unit_type.site.energy,
            unit_type.site.gradient,
            computer.temperature,
            computer.mobility,
            observables=observables_for(unit_type, expansion, mine),
            potential=f"{type(unit_type.site.potential).__name__} ({where_written(unit_type.site.potential.energy)})",
        )
        values = np.asarray(noising.signals[:, unit_type.units], dtype=np.float64)
        strengths = float(values.min()), float(values.max())
        listed = np.unique(values)
        if mine:
            _check_continuous(unit_type, mine, unit, strengths, intensity(np.linspace(0.0, duration, 4001)))
        moments = solve_moments(
            unit,
            intensity,
            duration,
            strengths,
            breakpoints=cuts,
            tolerance=tolerance,
            listed=listed if listed.size <= _LISTED else None,
        )
        solved.append((unit_type, mine, intensity, moments))
        progress(_MOMENTS * (done + 1) / len(kinds))
    most = max(moments.times.size for *_, moments in solved)
    combined = []
    for unit_type, mine, intensity, moments in solved:
        segments = moments.breakpoints.size - 1
        common = moments.at(*chosen) if chosen else moments.resampled(most // segments)
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


@one_blas_thread()
def exact_equations(
    computer: Computer,
    noising: Noising,
    loss: StepLoss,
    *,
    windows: int | Sequence[float] = 1,
    window_times: str = WINDOW_TIMES[0],
    potential_parameters: Sequence[str] = (),
    tolerance: float = 3e-4,
    progress: Callable[[float], None] | None = None,
) -> ExactEquations:
    """Solve for the moments that the normal equations of every time window are made of.

    Parameters
    ----------
    computer : Computer
        The computer; its on-site energies, temperature and mobility are those of the noising, its biases outside
        `trainable_biases` stay.
    noising : Noising
        Signals, the values that clamped units hold, protocols, time step and steps.
    loss : StepLoss
        Objective, time step, and weights of units.
    windows : int, or sequence of float
        Time windows of noising, each with its own couplings: how many even ones, or the share of the duration that
        each takes, in the order of noising.
    window_times : str
        Times that the equations of a window are averaged over: ``"all"`` of it, or its ``"middle"`` alone.
    potential_parameters : sequence of str
        On-site parameters to train, one value a unit.
    tolerance : float
        On the moments, relative to their size; see `solve_moments`.
    progress : callable, optional
        Called with the fraction of the work that is done, then and while the windows are gone through.

    Raises
    ------
    TrainingError
        When the objective or the potential lacks a property that this needs (the message names it).
    """
    for one in unit_types(computer):
        if one.site.period is not None:
            raise TrainingError(follows_a_line(one.site.potential))
    edges = np.asarray(_edges(noising.steps, windows) * noising.dynamics.dt, dtype=np.float64)
    report = progress or (lambda fraction: None)
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
    turns = {time for one in noising.protocols for time in breakpoints(one.protocol, noising.duration)}
    cuts = sorted({*turns, *edges[1:-1].tolist()})
    middles = ((edges[1:] + edges[:-1]) / 2, np.diff(edges)) if window_times == "middle" else None
    kinds = _moments(computer, noising, expansion, names, cuts, middles, tolerance, report)
    free = computer.layout.free
    return ExactEquations(
        computer=computer,
        signals=np.asarray(noising.signals, dtype=np.float64),
        kinds=kinds,
        edges=edges,
        free=np.concatenate([(computer.trainable_biases & free)[None], has & free]),
        curvature=expansion.curvature,
        weights=loss.weights_of(computer),
        names=names,
        progress=report,
    )


def _edges(steps: int, windows: int | Sequence[float]) -> npt.NDArray[np.int64]:
    """Return the steps at which windows begin and end, of how many even ones, or of the share that each takes."""
    if isinstance(windows, int | np.integer):
        if not 1 <= windows <= steps:
            raise ParameterError(f"windows must lie between 1 and the number of steps, {steps}, got {windows}")
        return window_edges(steps, int(windows))
    shares = finite_array("windows", windows, ("windows",), "their shares of the duration, in the order of noising")
    if not shares.size or (shares <= 0).any():
        raise ParameterError(
            "windows must be how many there are, or positive shares of the duration, such as [0.5, 0.25, 0.25], got "
            f"{', '.join(f'{share:g}' for share in shares[:8]) or 'none'}"
        )
    ends = np.concatenate([[0.0], np.cumsum(shares)]) / shares.sum()
    edges: npt.NDArray[np.int64] = (steps * ends).round().astype(np.int64)
    if not np.all(np.diff(edges) > 0):
        shortest = int(np.argmin(np.diff(edges)))
        raise ParameterError(
            f"every window must take a step or more of {steps}; window {shortest}, with a share of "
            f"{shares[shortest]:g}, takes none: give it a larger share, or take more steps"
        )
    return edges


def _chunks(signals: Array, size: int) -> Iterator[tuple[int, Array]]:
    for first in range(0, len(signals), size):
        yield first, signals[first : first + size]
