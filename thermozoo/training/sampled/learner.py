"""A computer whose strengths and biases change while it learns from noising trajectories; evaluated by NumPy.

`thermozoo.training.sampled.compiled_learner` does the same by compiled kernels where they can be written.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.checkpoints.snapshot import Snapshots
from thermozoo.computer.computer import Computer
from thermozoo.training.loss import StepLoss
from thermozoo.training.sampled.moving import moving

__all__ = ["HELD", "STRETCH", "Learner", "PlainDescent", "PlainOnline", "Stored", "StoredLearner"]

Array = npt.NDArray[np.floating[Any]]

#: What is kept of the trainable parameters that an update writes.
Stored = Callable[[Array], Array]

#: Steps that are done at a time (single precision, paper set-up: 2.6 MB of states). A gradient is summed up a stretch,
#: so shorter ones cost time. With the state before them, the states fill whole cache lines.
STRETCH = 511

#: Steps for which the updates of method `online` are held back.
HELD = 32


class Learner(abc.ABC):
    """A computer that changes as it learns."""

    @abc.abstractmethod
    def learn(self, x: Array) -> None:
        """Learn from a stretch of a trajectory, shape (steps + 1, n)."""

    @abc.abstractmethod
    def finish(self) -> float:
        """End a trajectory; return the loss of its steps, summed, each at the parameters that it was learned with."""

    @abc.abstractmethod
    def value(self, x: Array) -> float:
        """Return the summed loss of the steps of a stretch, shape (steps + 1, n), at the present parameters."""

    @abc.abstractmethod
    def checkpoint(self) -> Any:
        """Return all that it has learned between two trajectories, as a value."""

    @abc.abstractmethod
    def restore(self, value: Any) -> None:
        """Put back what `checkpoint` returned."""

    @property
    @abc.abstractmethod
    def finite(self) -> bool:
        """Whether all parameters are numbers."""

    @property
    @abc.abstractmethod
    def computer(self) -> Computer:
        """The computer with the present parameters."""


class PlainDescent(Learner):
    """One update a trajectory, for any terms of the energy."""

    def __init__(self, computer: Computer, loss: StepLoss, rate: float) -> None:
        self._computer, self._loss, self._rate = computer, loss, rate
        self._gradient = np.zeros_like(computer.parameters)
        self._total = 0.0

    def learn(self, x: Array) -> None:
        """Add the gradient of a stretch."""
        value, part = self._loss.gradient(self._computer, x[:-1], x[1:])
        self._total += value
        self._gradient += part

    def finish(self) -> float:
        """Do the update."""
        total, self._total = self._total, 0.0
        self._computer = self._computer.with_parameters(self._computer.parameters - self._rate * self._gradient)
        self._gradient[:] = 0.0
        return total

    def value(self, x: Array) -> float:
        """Return the loss of a stretch."""
        return float(self._loss.value(self._computer, x[:-1], x[1:]).sum())

    def checkpoint(self) -> Any:
        """Return the parameters."""
        return self._computer.parameters

    def restore(self, value: Any) -> None:
        """Put them back."""
        self._computer = self._computer.with_parameters(value)

    @property
    def finite(self) -> bool:
        """Whether all parameters are numbers."""
        return bool(np.isfinite(self._computer.parameters).all())

    @property
    def computer(self) -> Computer:
        """The computer with the present parameters."""
        return self._computer


class StoredLearner(PlainDescent):
    """Updates whose result is stored, as far as the device keeps it, before the next: of a trajectory, or of steps.

    Parameters
    ----------
    computer, loss, rate
        As of `PlainDescent`; the first parameters are stored as well.
    stored : callable
        What is kept of the trainable parameters.
    every : int or None
        Steps of an update; None: those of a trajectory.
    """

    def __init__(self, computer: Computer, loss: StepLoss, rate: float, stored: Stored, every: int | None) -> None:
        super().__init__(computer.with_parameters(stored(computer.parameters)), loss, rate)
        self._stored, self._every = stored, every
        self._storing = Snapshots(stored)  # it may draw random numbers

    def checkpoint(self) -> Any:
        """Return the parameters, and how far storing is."""
        return super().checkpoint(), self._storing.take()

    def restore(self, value: Any) -> None:
        """Put them back."""
        parameters, storing = value
        super().restore(parameters)
        self._storing.put(storing)

    def learn(self, x: Array) -> None:
        """Add the gradient of a stretch, or do its updates."""
        if self._every is None:
            super().learn(x)
            return
        for first in range(0, len(x) - 1, self._every):
            super().learn(x[first : first + self._every + 1])
            self._update()

    def finish(self) -> float:
        """Do the update of a trajectory, if it has one."""
        total, self._total = self._total, 0.0
        if self._every is None:
            self._update()
        return total

    def _update(self) -> None:
        wanted = self._computer.parameters - self._rate * self._gradient
        self._computer = self._computer.with_parameters(self._stored(wanted))
        self._gradient[:] = 0.0


class PlainOnline(Learner):
    """One update a step, for any terms of the energy; updates are held back for a few steps."""

    def __init__(self, computer: Computer, loss: StepLoss, rate: float, dtype: npt.DTypeLike) -> None:
        self._start, self._loss, self._rate = computer, loss, rate
        self._terms = [moving(term, dtype) for term in (computer.couplings, *computer.terms.values())]
        self._biases = computer.biases.copy()
        self._respond = _response(loss, computer)
        self._total = 0.0

    def _gradient(self, x: Array) -> Array:
        gradient: Array = self._start.onsite.gradient(x) + self._terms[0].gradient(x) + self._biases.astype(x.dtype)
        for term in self._terms[1:]:
            gradient += term.gradient(x)
        return gradient

    def learn(self, x: Array) -> None:
        """Do the updates of a stretch."""
        for first in range(0, len(x) - 1, HELD):
            self._total += self._held_back(x[first : first + HELD + 1])

    def _held_back(self, x: Array) -> float:
        after, rate = x[1:], self._rate
        base = self._gradient(after)
        moves, biased = self._start.layout.free, self._start.trainable_biases
        r = np.zeros_like(after)
        pending = [term.pending(r, after) for term in self._terms]
        drop = np.zeros_like(after[0])
        total = 0.0
        for k in range(len(after)):
            change = np.where(biased, drop, 0)
            for one in pending:
                change = one(k) + change
            loss, r[k] = self._respond(after[k], x[k], base[k] - rate * change)
            drop += r[k]
            total += float(loss[moves].sum())
        for term in self._terms:
            term.descend(r, after, rate)
        self._biases[biased] -= rate * r.sum(axis=0, dtype=np.float64)[biased]
        return total

    def finish(self) -> float:
        """Return the loss of the trajectory."""
        total, self._total = self._total, 0.0
        return total

    def value(self, x: Array) -> float:
        """Return the loss of a stretch."""
        return float(self._loss.value(self.computer, x[:-1], x[1:]).sum())

    def checkpoint(self) -> Any:
        """Return strengths, in the precision in which they are kept, and biases."""
        return [term.checkpoint() for term in self._terms], self._biases.copy()

    def restore(self, value: Any) -> None:
        """Put them back."""
        strengths, biases = value
        for term, one in zip(self._terms, strengths, strict=True):
            term.restore(one)
        self._biases[:] = biases

    @property
    def _parameters(self) -> Array:
        return np.concatenate([*(term.vector() for term in self._terms), self._biases[self._start.trainable_biases]])

    @property
    def finite(self) -> bool:
        """Whether all parameters are numbers."""
        return bool(np.isfinite(self._parameters).all())

    @property
    def computer(self) -> Computer:
        """The computer with the present parameters."""
        return self._start.with_parameters(self._parameters)


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
