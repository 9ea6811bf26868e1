"""Training by sampled moments: the equations of `thermozoo.training.exact.train`, averaged over sampled trajectories.

Needs no confining potential and no independence of units, and includes every effect of a finite time step; its error
falls as one over the root of the number of trajectories. A ridge keeps badly determined couplings small; it is chosen
by the loss of trajectories that were held out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count, instance, names_of, positive
from thermozoo.checkpoints.pieces import rounds
from thermozoo.checkpoints.snapshot import Snapshots
from thermozoo.clock import since
from thermozoo.computer.computer import Computer
from thermozoo.computer.program import Program
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.errors import ParameterError, TrainingError
from thermozoo.training.bilinear import require_bilinear
from thermozoo.training.exact.train import trained
from thermozoo.training.expansion import StepExpansion, expand_objective
from thermozoo.training.least_squares.bounds import changes_allowed, solve_within
from thermozoo.training.least_squares.normal_equations import NormalEquations, Solution, Unknowns
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import window_edges
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.result import Training
from thermozoo.training.sampled.learning import compiled_law
from thermozoo.training.sampled.plain_moments import MomentSums, PlainSums
from thermozoo.training.saved import asked_of

__all__ = [
    "RIDGES",
    "STEPS",
    "SampledMoments",
    "SumUp",
    "judging",
    "sampled_equations",
    "simulated_together",
    "sum_up_here",
    "train_by_moments",
]

Array = npt.NDArray[np.float64]

#: Ridges that are tried, from strong to none, relative to the mean second derivative by a coupling.
RIDGES = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 0.0)
#: The held-out loss need not be known better than this to choose among them.
_TO_CHOOSE = 1e-4
#: Steps of a stretch.
STEPS = 128

#: States of units that are simulated together: at most so many, but 12 trajectories at least.
_TOGETHER = 16_384


def simulated_together(units: int) -> int:
    """Return how many trajectories are simulated together."""
    return max(12, _TOGETHER // units)


def sampled_equations(
    computer: Computer,
    process: NoisingProcess,
    loss: StepLoss,
    trajectories: npt.NDArray[np.int64],
    *,
    seed: int,
    windows: int = 1,
    potential_parameters: Sequence[str] = (),
    progress: Callable[[int], None] | None = None,
) -> list[NormalEquations]:
    """Set up the normal equations of every time window from sampled noising trajectories.

    Parameters
    ----------
    computer : Computer
        The computer; its biases outside `trainable_biases` stay.
    process : NoisingProcess
        The noising of its units.
    loss : StepLoss
        Objective and time step.
    trajectories : ndarray of int
        Numbers of the trajectories; they show the images in turn.
    seed : int
        Seed of the noise.
    windows : int
        Time windows of noising, in the order of time.
    potential_parameters : sequence of str
        On-site parameters to train.
    progress : callable, optional
        Called with the number of trajectories done since its last call.

    Raises
    ------
    TrainingError
        When the objective is not quadratic with constant curvature, or the energy not linear in a parameter.
    """
    moments = SampledMoments(computer, process, loss, seed, windows, tuple(potential_parameters))
    sums = moments.begin(len(trajectories))
    held = Snapshots(*sums)
    asked = asked_of(computer, process, seed, len(trajectories), int(trajectories[0]))
    together = simulated_together(computer.n)

    def skipped(groups: int) -> None:
        if progress is not None:
            progress(min(groups * together, len(trajectories)))

    groups = -(-len(trajectories) // together)
    for group in rounds("moments", groups, held.take, held.put, asked=asked, progress=skipped):
        numbers = trajectories[group * together : (group + 1) * together]
        moments.follow(numbers, sums)
        if progress is not None:
            progress(len(numbers))
    return [one.equations() for one in sums]


@attrs.frozen(eq=False)
class SampledMoments:
    """What sums over noising trajectories are of.

    Parameters
    ----------
    computer, process, loss, seed, windows, potential_parameters
        As of `sampled_equations`.

    Raises
    ------
    TrainingError
        When the objective is not quadratic with constant curvature, or the energy not linear in a parameter.
    """

    computer: Computer
    process: NoisingProcess
    loss: StepLoss
    seed: int
    windows: int = 1
    potential_parameters: tuple[str, ...] = ()
    _expansion: StepExpansion = attrs.field(init=False, repr=False)
    _edges: npt.NDArray[np.int64] = attrs.field(init=False, repr=False)

    @_expansion.default
    def _expand(self) -> StepExpansion:
        self.loss.check(self.process.dynamics)
        return expand_objective(
            self.loss.derived,
            self.loss.objective,
            dt=self.loss.dt,
            mobility=self.computer.mobility,
            temperature=self.computer.temperature,
        )

    @_edges.default
    def _find_edges(self) -> npt.NDArray[np.int64]:
        steps = self.process.steps
        if not 1 <= self.windows <= steps:
            raise ParameterError(f"windows must lie between 1 and the number of steps, {steps}, got {self.windows}")
        return window_edges(steps, self.windows)

    def begin(self, trajectories: int) -> list[MomentSums]:
        """Return sums of every window, empty, fit for so many trajectories in all."""
        names = self.potential_parameters
        return _sums(self.computer, self.process, self.loss, self._expansion, names, trajectories, self._edges)

    def follow(self, numbers: npt.NDArray[np.int64], sums: Sequence[MomentSums]) -> None:
        """Simulate trajectories together, and add each of their steps to the sums of its window."""
        which = numbers % len(self.process.signals)
        for step, states in self.process.stretches(NoiseKey(self.seed).named("noising"), numbers, which, STEPS):
            for one, first, stop in zip(sums, self._edges[:-1], self._edges[1:], strict=True):
                a, b = max(step, first) - step, min(step + len(states) - 1, stop) - step
                if a < b:
                    one.add(states[a : b + 1])


def _sums(
    computer: Computer,
    process: NoisingProcess,
    loss: StepLoss,
    expansion: StepExpansion,
    names: tuple[str, ...],
    trajectories: int,
    edges: npt.NDArray[np.int64],
) -> list[MomentSums]:
    """Return the sums of every window: compiled where second moments are whole matrices and of states alone."""
    law = compiled_law(computer, process, loss) if not names else None
    if law is None or trajectories * int(np.diff(edges).min()) <= computer.n // 3:
        return [PlainSums(computer, loss, expansion, names) for _ in edges[1:]]
    from thermozoo.training.sampled.compiled_moments import CompiledSums

    return [CompiledSums(law, expansion) for _ in edges[1:]]


def _merged(one: NormalEquations, other: NormalEquations, share: float) -> NormalEquations:
    """Return the equations of all data; `share` is the part of it that `one` holds."""
    one.pairs.absorb(other.pairs)
    gradient = Unknowns(
        share * one.gradient.couplings + (1 - share) * other.gradient.couplings,
        share * one.gradient.local + (1 - share) * other.gradient.local,
    )
    return NormalEquations(one.pairs, one.moments + other.moments, share * one.weight, gradient, one.free)


def _choose_ridge(fitted: NormalEquations, judged: NormalEquations, ridges: Sequence[float]) -> float:
    """Return the ridge whose solution has the smallest loss on the data that were held out.

    From strong to weak, each solution the guess of the next, until the loss has risen twice.
    """
    best, best_loss, risen = max(ridges), np.inf, 0
    start = None
    for ridge in sorted(ridges, reverse=True):
        try:
            solution = attrs.evolve(fitted, ridge=ridge).solve(tolerance=_TO_CHOOSE, start=start)
        except TrainingError:
            if start is None:
                raise
            break  # the data need a stronger ridge to determine anything at all
        start = solution.unknowns.couplings
        loss = judged.loss(solution.unknowns)
        if not np.isfinite(loss):
            raise TrainingError(f"the loss on the trajectories that were held out is {loss} with the ridge {ridge:g}")
        best, best_loss, risen = (ridge, loss, 0) if loss < best_loss else (best, best_loss, risen + 1)
        if risen == 2:
            break
    return best


def judging(cycles: int, images: int) -> npt.NDArray[np.bool_]:
    """Return which noising trajectories are held out to choose the ridge, shape (cycles * images,).

    The images come in turn, so whole turns are held out.
    """
    turn = np.arange(cycles * images) // images
    return np.asarray(turn % 5 == 4)


def sum_up_here(
    moments: SampledMoments, judge: npt.NDArray[np.bool_], progress: Callable[[int], None] | None = None
) -> tuple[list[NormalEquations], list[NormalEquations]]:
    """Return the equations of every window from trajectories to fit to, and from those that judge.

    Parameters
    ----------
    moments : SampledMoments
        What to sum up.
    judge : ndarray of bool, shape (trajectories,)
        Which trajectories judge; where none does, both are the same.
    progress : callable, optional
        Called with the number of trajectories done since its last call.
    """

    def sample(numbers: npt.NDArray[np.int64]) -> list[NormalEquations]:
        return sampled_equations(
            moments.computer,
            moments.process,
            moments.loss,
            numbers,
            seed=moments.seed,
            windows=moments.windows,
            potential_parameters=moments.potential_parameters,
            progress=progress,
        )

    fitted = sample(np.flatnonzero(~judge))
    return fitted, sample(np.flatnonzero(judge)) if judge.any() else fitted


#: Sums up as `sum_up_here` does.
SumUp = Callable[
    [SampledMoments, npt.NDArray[np.bool_], Callable[[int], None] | None],
    tuple[list[NormalEquations], list[NormalEquations]],
]


@one_blas_thread()
def train_by_moments(
    computer: Computer,
    process: NoisingProcess,
    loss: StepLoss,
    *,
    cycles: int,
    seed: int,
    windows: int = 1,
    potential_parameters: Sequence[str] = (),
    ridges: Sequence[float] = RIDGES,
    tolerance: float = 1e-6,
    progress: Callable[[int], None] | None = None,
    sum_up: SumUp = sum_up_here,
) -> Training:
    """Train a computer to the minimum of the loss over sampled noising trajectories.

    Every fifth trajectory is held out to choose the ridge; the result is then fitted to all of them.

    Parameters
    ----------
    computer, process, loss, seed, windows, potential_parameters
        See `sampled_equations`.
    cycles : int
        Noising trajectories of each image.
    ridges : sequence of float
        Ridges to choose from, relative to the mean second derivative by a coupling. With a single one, nothing is held
        out.
    tolerance : float
        Relative residual of the linear equations.
    progress : callable, optional
        Called with the number of trajectories done since its last call.
    sum_up : callable, optional
        Who sums up (default: this process).

    Raises
    ------
    TrainingError
        When the equations cannot be set up or solved.
    """
    require_bilinear(instance("computer", computer, Computer, "assemble one"))
    instance("loss", loss, StepLoss, "make one of an objective and dt")
    cycles, windows = count("cycles", cycles, at_least=1), count("windows", windows, at_least=1)
    potential_parameters = names_of("potential_parameters", potential_parameters)
    tolerance = positive("tolerance", tolerance)
    start = time.perf_counter()
    if len(ridges) > 1 and cycles < 5:
        raise ParameterError(
            f"the ridge is chosen by every fifth cycle, so there must be at least 5 cycles, got {cycles}; or give "
            "one ridge"
        )
    judge = judging(cycles, len(process.signals))
    if len(ridges) == 1:
        judge[:] = False
    moments = SampledMoments(computer, process, loss, seed, windows, tuple(potential_parameters))
    fitted, judged = sum_up(moments, judge, progress)
    names = tuple(potential_parameters)
    low, high = changes_allowed(computer, names)
    solutions: list[Solution] = []
    at_bounds: list[int] = []
    chosen: list[float] = []
    for one, other in zip(fitted, judged, strict=True):
        ridge = ridges[0]
        if judge.any():
            ridge = _choose_ridge(one, other, ridges)
            one = _merged(one, other, float(np.mean(~judge)))
        chosen.append(ridge)
        solution, held = solve_within(attrs.evolve(one, ridge=ridge), low, high, tolerance=tolerance)
        solutions.append(solution)
        at_bounds.append(held)
    program = Program([trained(computer, names, s) for s in reversed(solutions)])
    return Training(
        program=program,
        method="moments",
        seconds=since(start),
        details={
            "noising_trajectories": len(judge),
            "ridge": chosen[::-1],
            "iterations": [s.iterations for s in reversed(solutions)],
            "residual": [s.residual for s in reversed(solutions)],
            "loss_decrease": [s.decrease for s in reversed(solutions)],
            "parameters_at_bounds": at_bounds[::-1],
        },
    )
