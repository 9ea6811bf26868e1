"""Training by sampled moments: the equations of `thermozoo.training.exact.train`, averaged over sampled trajectories.

Needs no confining potential and no independence of units, and includes every effect of a finite time step; its error
falls as one over the root of the number of trajectories. A ridge keeps badly determined couplings small; it is chosen
by the loss of trajectories that were held out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

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
from thermozoo.training.least_squares.pair_sums import pair_sums
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import window_edges
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.result import Training
from thermozoo.training.sampled.learning import compiled_law
from thermozoo.training.saved import asked_of
from thermozoo.training.unit_types import trainable_forces

__all__ = ["RIDGES", "STEPS", "sampled_equations", "simulated_together", "train_by_moments"]

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
    loss.check(process.dynamics)
    expansion = expand_objective(
        loss.derived,
        loss.objective,
        dt=loss.dt,
        mobility=computer.mobility,
        temperature=computer.temperature,
    )
    if not 1 <= windows <= process.steps:
        raise ParameterError(f"windows must lie between 1 and the number of steps, {process.steps}, got {windows}")
    edges = window_edges(process.steps, windows)
    sums = _sums(computer, process, loss, expansion, tuple(potential_parameters), len(trajectories), edges)
    key = NoiseKey(seed).named("noising")
    together = simulated_together(computer.n)
    held = Snapshots(*sums)
    asked = asked_of(computer, process, seed, len(trajectories), int(trajectories[0]))

    def skipped(groups: int) -> None:
        if progress is not None:
            progress(min(groups * together, len(trajectories)))

    groups = -(-len(trajectories) // together)
    for group in rounds("moments", groups, held.take, held.put, asked=asked, progress=skipped):
        first = group * together
        numbers = trajectories[first : first + together]
        which = numbers % len(process.signals)
        for step, states in process.stretches(key, numbers, which, STEPS):
            for w, one in enumerate(sums):
                a = max(step, edges[w]) - step
                b = min(step + len(states) - 1, edges[w + 1]) - step
                if a < b:
                    one.add(states[a : b + 1])
        if progress is not None:
            progress(len(numbers))
    return [one.equations() for one in sums]


class _Sums(Protocol):
    """Sums over observed steps."""

    def add(self, states: Any) -> None:
        """Add the steps between states of shape (steps + 1, trajectories, n)."""

    def equations(self) -> NormalEquations:
        """Return the equations of the mean loss of a step."""


def _sums(
    computer: Computer,
    process: NoisingProcess,
    loss: StepLoss,
    expansion: StepExpansion,
    names: tuple[str, ...],
    trajectories: int,
    edges: npt.NDArray[np.int64],
) -> list[_Sums]:
    """Return the sums of every window: compiled where second moments are whole matrices and of states alone."""
    law = compiled_law(computer, process, loss) if not names else None
    if law is None or trajectories * int(np.diff(edges).min()) <= computer.n // 3:
        return [_PlainSums(computer, loss, expansion, names) for _ in edges[1:]]
    from thermozoo.training.sampled.compiled_moments import CompiledSums

    return [CompiledSums(law, expansion) for _ in edges[1:]]


class _PlainSums:
    """Sums over observed steps, by NumPy."""

    def __init__(self, computer: Computer, loss: StepLoss, expansion: StepExpansion, names: tuple[str, ...]) -> None:
        biases = np.where(computer.trainable_biases, 0.0, computer.biases)
        self.base = attrs.evolve(computer.bare(), biases=biases)
        self.computer, self.loss, self.expansion, self.names = computer, loss, expansion, names
        free = computer.layout.free
        self.free = np.concatenate([(computer.trainable_biases & free)[None], trainable_forces(computer, names) & free])
        self.pairs = pair_sums(computer.couplings)
        self.couplings = np.zeros(computer.couplings.size)
        self.local = np.zeros(self.free.shape)
        self.moments = np.zeros((len(self.free), len(self.free), computer.n))
        self.steps = 0

    def _regressors(self, x: Any) -> Any:
        """Return the forces of the trainable on-site parameters at states (R, n), shape (P - 1, R, n)."""
        result = np.zeros((len(self.names), *x.shape), dtype=x.dtype)
        for where, site in self.computer.onsite.parts():
            for row, name in zip(result, self.names, strict=True):
                if name in site.values:
                    expression = site.formulas.gradient_by_parameter[name]
                    row[:, where] = site.evaluate(f"by_{name}", expression, x[:, where])
        return result

    def add(self, states: Any) -> None:
        """Add the steps between states of shape (steps + 1, trajectories, n)."""
        n = self.computer.n
        before, after = states[:-1].reshape(-1, n), states[1:].reshape(-1, n)
        _, r, q = self.loss.responses(self.base, before, after)
        phi, phi_next = self._regressors(before), self._regressors(after)
        self.couplings += self.computer.couplings.contract(r, after)
        self.local[0] += r.sum(axis=0, dtype=np.float64)
        self.local[1:] += np.einsum("ri,pri->pi", r, phi_next, dtype=np.float64)
        if q is not None:
            self.couplings += self.computer.couplings.contract(q, before)
            self.local[0] += q.sum(axis=0, dtype=np.float64)
            self.local[1:] += np.einsum("ri,pri->pi", q, phi, dtype=np.float64)
        for u, v in self.expansion.factors:
            one = np.full(len(after), u + v, dtype=after.dtype)
            rows, local = u * after + v * before, u * phi_next + v * phi
            self.pairs.add(rows, one, local)
            self.moments[0, 0] += (u + v) ** 2 * len(after)
            with_one = (u + v) * local.sum(axis=1, dtype=np.float64)
            self.moments[0, 1:] += with_one
            self.moments[1:, 0] += with_one
            self.moments[1:, 1:] += np.einsum("pri,qri->pqi", local, local, dtype=np.float64)
        self.steps += len(after)

    def equations(self) -> NormalEquations:
        """Return the equations of the mean loss of a step."""
        curvature = self.expansion.curvature / self.steps
        return NormalEquations(
            self.pairs,
            self.moments,
            curvature * self.loss.weights_of(self.computer),
            Unknowns(self.couplings / self.steps, self.local / self.steps),
            self.free,
        )


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
    total = np.arange(cycles * len(process.signals))
    # The images come in turn, so whole turns are held out.
    turn = total // len(process.signals)
    judge = turn % 5 == 4 if len(ridges) > 1 else np.zeros(len(total), dtype=bool)
    if len(ridges) > 1 and not judge.any():
        raise ParameterError(
            f"the ridge is chosen by every fifth cycle, so there must be at least 5 cycles, got {cycles}; or give "
            "one ridge"
        )

    def sample(numbers: npt.NDArray[np.int64]) -> list[NormalEquations]:
        return sampled_equations(
            computer,
            process,
            loss,
            numbers,
            seed=seed,
            windows=windows,
            potential_parameters=potential_parameters,
            progress=progress,
        )

    fitted = sample(total[~judge])
    judged = sample(total[judge]) if judge.any() else fitted
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
            "noising_trajectories": len(total),
            "ridge": chosen[::-1],
            "iterations": [s.iterations for s in reversed(solutions)],
            "residual": [s.residual for s in reversed(solutions)],
            "loss_decrease": [s.decrease for s in reversed(solutions)],
            "parameters_at_bounds": at_bounds[::-1],
        },
    )
