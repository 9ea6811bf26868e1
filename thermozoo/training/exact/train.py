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

import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count, finite_array, instance, names_of, positive
from thermozoo.computer.computer import Computer
from thermozoo.interfaces import Protocol
from thermozoo.training.exact.exact_equations import exact_equations, threads
from thermozoo.training.least_squares.bounds import changes_allowed, solve_within
from thermozoo.training.least_squares.normal_equations import Solution
from thermozoo.training.loss import StepLoss
from thermozoo.training.result import Training
from thermozoo.training.unit_types import with_parameters

__all__ = ["WORK", "train_exact", "trained"]

Array = npt.NDArray[np.float64]

#: The total that is reported as progress.
WORK = 100


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


def trained(computer: Computer, names: tuple[str, ...], solution: Solution) -> Computer:
    """Return the computer with the couplings, biases and on-site parameters of a solution.

    What noising does not determine stays: biases of clamped units, and couplings to them.
    """
    unknowns = solution.unknowns
    biases = np.where(computer.layout.free, unknowns.local[0], computer.biases)[computer.trainable_biases]
    couplings = np.where(solution.determined, unknowns.couplings, computer.couplings.vector)
    result = computer.with_parameters(np.concatenate([couplings, biases]))
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
    n = instance("computer", computer, Computer, "assemble one").n
    signals = finite_array("signals", signals, ("images", n), "one value for each unit")
    instance("protocol", protocol, Protocol)
    instance("loss", loss, StepLoss, "make one of an objective and dt")
    steps, windows = count("steps", steps, at_least=1), count("windows", windows, at_least=1)
    potential_parameters = names_of("potential_parameters", potential_parameters)
    tolerance = positive("tolerance", tolerance)
    start = time.perf_counter()
    done = _Progress(progress)
    equations = exact_equations(
        computer,
        signals,
        protocol,
        loss,
        steps=steps,
        windows=windows,
        potential_parameters=potential_parameters,
        tolerance=moment_tolerance,
        progress=lambda fraction: done.at(0.7 * fraction),
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
    computers = tuple(trained(computer, equations.names, s) for s in reversed(solutions))
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
