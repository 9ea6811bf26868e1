r"""Exact training: the minimum of a quadratic loss over all noising trajectories, without sampling one.

During noising the units are independent given the signal, so every expectation in the gradient of the loss is a product
of moments of single units. Those follow from one-dimensional Fokker-Planck equations
(`thermozoo.training.exact.refinement`), are averaged over time and images, and leave linear equations for couplings,
biases and on-site parameters (`thermozoo.training.least_squares.normal_equations`).

For the reverse likelihood, with :math:`m_i = \langle x_i \rangle` and :math:`y_i = 2 \langle U'(x_i) \rangle - a s_i`,

.. math:: (J S + b \bar m^T)_{ij} + (J S + b \bar m^T)_{ji} = -(C_{ij} + C_{ji}), \qquad S = \langle m m^T \rangle
    + \mathrm{diag} \langle v \rangle, \quad C = \langle y m^T \rangle .

The moments are those of continuous time; the loss of trajectories with time step dt has its minimum O(dt) away.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import numpy as np

from thermozoo.arguments import choice, count, instance, names_of, number, positive
from thermozoo.checkpoints.pieces import rounds
from thermozoo.clock import since
from thermozoo.computer.computer import Computer
from thermozoo.computer.program import Program
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.errors import ParameterError
from thermozoo.training import WINDOW_TIMES
from thermozoo.training.bilinear import require_bilinear
from thermozoo.training.exact.exact_equations import exact_equations
from thermozoo.training.least_squares.bounds import changes_allowed, solve_within
from thermozoo.training.least_squares.normal_equations import Solution
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Noising
from thermozoo.training.result import Training
from thermozoo.training.unit_types import with_parameters

__all__ = ["WORK", "train_exact", "trained"]

#: The total that is reported as progress.
WORK = 100


class _Progress:
    """Reports whole percents, never backwards."""

    def __init__(self, report: Callable[[int], None] | None) -> None:
        self._report = report
        self._done = 0
        self._assembled = self._solved = 0.0

    def assembled(self, fraction: float) -> None:
        """Report that this fraction of the equations is made."""
        self._assembled = fraction
        self._tell()

    def solved(self, fraction: float) -> None:
        """Report that this fraction of the equations is solved."""
        self._solved = fraction
        self._tell()

    def _tell(self) -> None:
        done = int(WORK * (0.7 * self._assembled + 0.3 * self._solved))
        if self._report is not None and done > self._done:
            self._report(done - self._done)
            self._done = done


def trained(computer: Computer, names: tuple[str, ...], solution: Solution) -> Computer:
    """Return the computer with the couplings, biases and on-site parameters of a solution.

    What noising does not determine stays: biases of clamped units, and couplings to them.
    """
    unknowns = solution.unknowns
    biases = np.where(computer.layout.free, unknowns.local[0], computer.biases)[computer.trainable_biases]
    couplings = np.where(solution.determined, unknowns.couplings, computer.couplings.vector)
    return _moved(computer.with_parameters(np.concatenate([couplings, biases])), names, unknowns.local[1:])


def _moved(computer: Computer, names: tuple[str, ...], changes: Any) -> Computer:
    """Return the computer with changes of on-site parameters, shape (parameters, n)."""
    return with_parameters(computer, dict(zip(names, changes, strict=True))) if names else computer


@one_blas_thread()
def train_exact(
    computer: Computer,
    noising: Noising,
    loss: StepLoss,
    *,
    windows: int | Sequence[float] = 1,
    window_times: str = WINDOW_TIMES[0],
    potential_parameters: Sequence[str] = (),
    tolerance: float = 1e-8,
    ridge: float = 0.0,
    moment_tolerance: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> Training:
    """Train a computer to the minimum of the loss over all noising trajectories.

    Parameters
    ----------
    computer, noising, loss, windows, window_times, potential_parameters
        See `exact_equations`.
    tolerance : float
        Relative residual of the linear equations; the couplings of each window are the first guess of the next one.
    ridge : float
        Added to the second derivative of the loss by each coupling among free units, relative to the mean of these: it
        keeps couplings small that a window determines badly.
    moment_tolerance : float, optional
        Relative error of the moments that enter them; by default 3e-4, or up to 1e-3 where the equations are solved no
        better.
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
    require_bilinear(instance("computer", computer, Computer, "assemble one"))
    instance("noising", noising, Noising, "make one of a Dynamics, signals and protocols")
    instance("loss", loss, StepLoss, "take that of the noising").check(noising.dynamics)
    if np.ndim(windows) == 0:
        windows = count("windows", windows, at_least=1)
    choice("window_times", window_times, WINDOW_TIMES)
    potential_parameters = names_of("potential_parameters", potential_parameters)
    tolerance, ridge = positive("tolerance", tolerance), number("ridge", ridge)
    if ridge < 0:
        raise ParameterError(f"ridge must not be negative, got {ridge:g}")
    start = time.perf_counter()
    done = _Progress(progress)
    equations = exact_equations(
        computer,
        noising,
        loss,
        windows=windows,
        window_times=window_times,
        potential_parameters=potential_parameters,
        tolerance=moment_tolerance or min(max(tolerance, 3e-4), 1e-3),
        progress=done.assembled,
    )
    computers: list[Computer] = []
    figures: list[tuple[int, float, float, int]] = []
    local: list[Any] = []
    guess, solving = None, 0.0
    low, high = changes_allowed(computer, equations.names)

    def take() -> Any:
        parameters = [one.parameters for one in computers]
        return parameters, local, figures, guess, solving, time.perf_counter() - start

    def put(value: Any) -> None:
        nonlocal guess, solving, start
        parameters, local[:], figures[:], guess, solving, before = value
        start -= before
        computers[:] = [
            _moved(computer.with_parameters(one), equations.names, moves)
            for one, moves in zip(parameters, local, strict=True)
        ]

    for share in rounds("windows", equations.count, take, put, asked=computer.digest):
        one = equations.window(share)
        begin = time.perf_counter()

        def solved(fraction: float, share: int = share) -> None:
            done.solved((share + fraction) / equations.count)

        one = attrs.evolve(one, ridge=ridge) if ridge else one
        found, held = solve_within(one, low, high, tolerance=tolerance, start=guess, progress=solved)
        guess = found.unknowns.couplings
        computers.append(trained(computer, equations.names, found))
        local.append(found.unknowns.local[1:])
        figures.append((found.iterations, found.residual, found.decrease, held))
        solving += since(begin)
    done.solved(1.0)
    seconds = since(start)
    # The first steps of noising are the last of generation.
    iterations, residual, decrease, at_bounds = map(list, zip(*reversed(figures), strict=True))
    return Training(
        program=Program(computers[::-1], np.diff(equations.edges)[::-1] / equations.edges[-1]),
        method="exact",
        seconds=seconds,
        details={
            "iterations": iterations,
            "residual": residual,
            "loss_decrease": decrease,
            "parameters_at_bounds": at_bounds,
            "moment_errors": equations.errors,
            "seconds_moments_and_sums": seconds - solving,
            **equations.details,
        },
    )
