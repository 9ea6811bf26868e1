"""Stochastic gradient descent with one update a step (Wang and Deng, arXiv:2609.15439).

    theta_(k+1) = theta_k - alpha dl_k(theta_k)/dtheta

An update of all couplings moves every number of J twice for a handful of operations each, so it is limited by memory.
Updates are therefore held back for a stretch of steps: J_k x = J_0 x - alpha sum_(m<k) [r_m (x_m . x) + x_m (r_m .
x)], block by block, which needs only scalar products within the stretch, and is the same sequence of updates up to
rounding.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import Couplings, DenseCouplings
from thermozoo.errors import FormulaError
from thermozoo.symbolic.codegen import array_function
from thermozoo.symbolic.trace import flat_parameters
from thermozoo.training.descent import Descent, Progress, Schedule
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import NoisingProcess
from thermozoo.training.result import Training

__all__ = ["train_online"]

Array = npt.NDArray[np.floating[Any]]

#: Steps for which updates are held back.
HELD_BACK = 32


def train_online(
    computer: Computer,
    process: NoisingProcess,
    loss: StepLoss,
    schedule: Schedule,
    *,
    seed: int,
    progress: Progress | None = None,
) -> Training:
    """Descend with one update a step; see `thermozoo.training.descent.train_by_descent` for the parameters.

    Raises
    ------
    FormulaError
        When the objective uses the gradient at the state before the step, which this method does not track.
    TrainingError
        When the loss does not stay finite.
    """
    if loss.derived.formula.loss.has(loss.derived.formula.gradient):
        raise FormulaError(
            f"method 'online' needs an objective that uses gradient_next only; {type(loss.objective).__name__} "
            f"uses gradient too: "
            "take method = 'descent'"
        )
    start = time.perf_counter()
    descent = Descent(process, loss, schedule, seed)
    points = schedule.validate_after(descent.images)
    descent.validate(0, computer)
    respond = _response(loss, computer)
    for numbers in descent.batches():
        states = process.trajectory(descent.key, numbers, numbers % descent.images)
        for column, number in enumerate(numbers):
            x = np.ascontiguousarray(states[:, column])
            total = 0.0
            for first in range(0, process.steps, HELD_BACK):
                stretch = x[first : first + HELD_BACK + 1]
                computer, part = _stretch(computer, stretch, schedule.learning_rate, respond)
                total += part
            done = int(number) + 1
            descent.curve.append((done, total / process.steps))
            if done in points:
                descent.validate(done, computer)
            if progress is not None:
                progress(1)
    return descent.result(computer, "online", time.perf_counter() - start)


def _response(loss: StepLoss, computer: Computer) -> Any:
    """Return a quick function (x', x, g') -> (loss, dl/dg') of one unit."""
    f = loss.derived.formula
    arguments = [f.x_next, f.x, f.gradient_next, f.dt, f.mobility, f.kT, *f.parameters.values()]
    function = array_function("response", arguments, [f.loss, loss.derived.by_gradient_next])
    own = [value for _, _, value in flat_parameters(loss.objective)]
    constants = (loss.dt, computer.mobility, computer.temperature, *own)
    return lambda x_next, x, g: function(x_next, x, g, *constants)


def _stretch(computer: Computer, x: Array, rate: float, respond: Any) -> tuple[Computer, float]:
    """Do the updates of one stretch of steps; return the computer and the summed loss."""
    steps = len(x) - 1
    after = x[1:]
    base = computer.gradient(after)
    moving = computer.layout.moving
    biased = computer.trainable_biases
    r = np.zeros_like(after)
    pending = _pending(computer.couplings, after, r)
    drop = np.zeros(computer.n, dtype=x.dtype)
    total = 0.0
    for k in range(steps):
        g = base[k] - rate * (pending(k) + np.where(biased, drop, 0))
        loss, response = respond(after[k], x[k], g)
        r[k] = np.where(moving, response, 0)
        drop += r[k]
        total += float(loss[moving].sum(dtype=np.float64))
    couplings = computer.couplings.outer(r, after)
    biases = r.sum(axis=0, dtype=np.float64)[biased]
    step = rate * np.concatenate([couplings, biases])
    return computer.with_parameters(computer.parameters - step), total


def _pending(couplings: Couplings, x: Array, r: Array) -> Any:
    """Return a function of k: sum over m < k of (dl_m/dJ) x_k, for the stretch's states x and responses r."""
    if not isinstance(couplings, DenseCouplings):
        i, j = couplings.edges.T

        def by_edges(k: int) -> Array:
            change: Array = np.zeros_like(x[k])
            held = np.einsum("me,me->e", r[:k, i], x[:k, j]) + np.einsum("me,me->e", r[:k, j], x[:k, i])
            np.add.at(change, i, held * x[k, j])
            np.add.at(change, j, held * x[k, i])
            return change

        return by_edges
    ranges = {(s.start, s.stop) for pair in couplings.pairs for s in pair}
    gram = {key: x[:, slice(*key)] @ x[:, slice(*key)].T for key in ranges}

    def by_blocks(k: int) -> Array:
        change: Array = np.zeros_like(x[k])
        if k == 0:
            return change
        rx = {key: r[:k, slice(*key)] @ x[k, slice(*key)] for key in ranges}
        for rows, columns in couplings.pairs:
            change[rows] += _spread(r, x, k, rows, (columns.start, columns.stop), gram, rx)
            if rows == columns:  # J_ii stays zero
                change[rows] -= 2.0 * (r[:k, rows] * x[:k, rows]).sum(axis=0) * x[k, rows]
            else:
                change[columns] += _spread(r, x, k, columns, (rows.start, rows.stop), gram, rx)
        return change

    return by_blocks


def _spread(r: Array, x: Array, k: int, to: slice, source: tuple[int, int], gram: Any, rx: Any) -> Array:
    """Return sum over m < k of r_m (x_m . x_k) + x_m (r_m . x_k): products over `source`, result on `to`."""
    result: Array = gram[source][k, :k] @ r[:k, to] + rx[source] @ x[:k, to]
    return result
