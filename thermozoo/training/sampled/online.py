"""Stochastic gradient descent with one update a step (Wang and Deng, arXiv:2609.15439).

    theta_(k+1) = theta_k - alpha dl_k(theta_k)/dtheta

An update of all couplings moves every number of J twice for a handful of operations each, so it is limited by memory.
Updates are therefore held back for a stretch of steps: J_k x = J_0 x - alpha sum_(m<k) [r_m (x_m . x) + x_m (r_m .
x)], block by block, which needs only scalar products within the stretch, and is the same sequence of updates up to
rounding. Terms that are no such blocks sum up their updates, strength by strength.
"""

from __future__ import annotations

import time
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.errors import FormulaError
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.result import Training
from thermozoo.training.sampled.descent import Descent, Progress, Schedule
from thermozoo.training.sampled.moving import MovingTerm, moving

__all__ = ["train_online"]

Array = npt.NDArray[np.floating[Any]]

#: Steps for which updates are held back.
HELD_BACK = 32


# a descent that blows up is found, and reported, by its validation loss
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def train_online(
    computer: Computer,
    process: NoisingProcess,
    loss: StepLoss,
    schedule: Schedule,
    *,
    seed: int,
    progress: Progress | None = None,
) -> Training:
    """Descend with one update a step; see `thermozoo.training.sampled.descent.train_by_descent` for the parameters.

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
            f"uses gradient too: take method = 'descent'"
        )
    start = time.perf_counter()
    descent = Descent(process, loss, schedule, seed)
    points = schedule.validate_after(descent.images)
    descent.validate(0, computer)
    respond = _response(loss, computer)
    changing = _Changing.of(computer, process.dynamics.dtype)
    for number in descent.trajectories:
        total = 0.0
        for x in descent.stretches(number):
            for first in range(0, len(x) - 1, HELD_BACK):
                total += _stretch(changing, x[first : first + HELD_BACK + 1], schedule.learning_rate, respond)
        descent.curve.append((number + 1, total / process.steps))
        if number + 1 in points:
            descent.validate(number + 1, descent.moved(number + 1, computer, changing.parameters))
        if progress is not None:
            progress(1)
    done = descent.moved(len(descent.trajectories), computer, changing.parameters)
    return descent.result(done, "online", time.perf_counter() - start)


def _response(loss: StepLoss, computer: Computer) -> Any:
    """Return a quick function (x', x, g') -> (loss, dl/dg') of every unit, both weighted; zero on clamped units."""
    f = loss.derived.formula
    arguments = [f.x_next, f.x, f.gradient_next]
    function = loss.bound(computer).function("response", arguments, f.loss, loss.derived.by_gradient_next)
    weights, free = loss.weights_of(computer), computer.layout.free

    def respond(x_next: Array, x: Array, g: Array) -> tuple[Array, Array]:
        found, response = function(x_next, x, g)
        return np.where(free, weights * found, 0.0), np.where(free, weights * response, 0.0)

    return respond


@attrs.define(eq=False)
class _Changing:
    """A computer whose strengths and biases change in place."""

    computer: Computer
    terms: list[MovingTerm]
    biases: Array

    @classmethod
    def of(cls, computer: Computer, dtype: npt.DTypeLike) -> _Changing:
        terms = [moving(term, dtype) for term in (computer.couplings, *computer.terms.values())]
        return cls(computer, terms, computer.biases.copy())

    def gradient(self, x: Array) -> Array:
        gradient: Array = self.computer.onsite.gradient(x) + self.terms[0].gradient(x) + self.biases.astype(x.dtype)
        for term in self.terms[1:]:
            gradient += term.gradient(x)
        return gradient

    @property
    def parameters(self) -> Array:
        return np.concatenate([*(term.vector() for term in self.terms), self.biases[self.computer.trainable_biases]])


def _stretch(changing: _Changing, x: Array, rate: float, respond: Any) -> float:
    """Do the updates of one stretch of steps in place; return the summed loss."""
    after = x[1:]
    base = changing.gradient(after)
    moves = changing.computer.layout.free
    biased = changing.computer.trainable_biases
    r = np.zeros_like(after)
    pending = [term.pending(r, after) for term in changing.terms]
    drop = np.zeros_like(after[0])
    total = 0.0
    for k in range(len(after)):
        change = np.where(biased, drop, 0)
        for one in pending:
            change = one(k) + change
        loss, r[k] = respond(after[k], x[k], base[k] - rate * change)
        drop += r[k]
        total += float(loss[moves].sum())
    for term in changing.terms:
        term.descend(r, after, rate)
    changing.biases[biased] -= rate * r.sum(axis=0, dtype=np.float64)[biased]
    return total
