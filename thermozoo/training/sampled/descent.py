"""Stochastic gradient descent on the loss of noising trajectories, one update a trajectory.

    theta <- theta - alpha sum_k dl_k/dtheta        (W. eqs. 8 and 9)

A cycle is one noising trajectory of each image.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, count, positive
from thermozoo.computer.computer import Computer
from thermozoo.computer.program import Program
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.errors import TrainingError
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.result import Training

__all__ = ["STRETCH", "Descent", "Progress", "Schedule", "train_by_descent"]

Array = npt.NDArray[np.floating[Any]]
Progress = Callable[[int], None]

#: Steps whose states are held at a time (single precision, paper set-up: 2.7 MB). A gradient is summed up a stretch, so
#: shorter ones cost time.
STRETCH = 512

#: Short trajectories are simulated together, which is much quicker where a step is little work: at most so many of
#: them, and so many bytes.
_TOGETHER, _BYTES = 12, 2**22


@attrs.frozen
class Schedule:
    """How long and how fast to descend.

    Parameters
    ----------
    cycles : int
        Noising trajectories of each image.
    learning_rate : float
        alpha [energy^2].
    validations : int
        How many points of the validation curve.
    """

    cycles: int = checked(count, at_least=1)
    learning_rate: float = checked(positive)
    validations: int = checked(count, at_least=1, default=30)

    def validate_after(self, images: int) -> set[int]:
        """Return after how many trajectories the validation loss is taken."""
        total = self.cycles * images
        return {round(v) for v in np.linspace(0, total, min(self.validations, total) + 1)}


class Descent:
    """Shared part of both ways of descending: the order of trajectories, the curves, the failure."""

    def __init__(self, process: NoisingProcess, loss: StepLoss, schedule: Schedule, seed: int) -> None:
        loss.check(process.dynamics)
        self.process = process
        self.loss = loss
        self.schedule = schedule
        self.key = NoiseKey(seed).named("noising")
        self._fixed = NoiseKey(seed).named("validation")
        size = (process.steps + 1) * process.signals.shape[1] * np.dtype(process.dynamics.dtype).itemsize
        self._together = min(_TOGETHER, _BYTES // size)
        self._held: dict[int, Array] = {}
        self.images = len(process.signals)
        self.curve: list[tuple[int, float]] = []
        self.validation: list[tuple[int, float]] = []

    def stretches(self, number: int) -> Iterator[Array]:
        """Yield the states of a noising trajectory, shape (steps + 1, n), stretch by stretch: no long one is held."""
        if not self._together:
            yield from self._stretches(self.key, number)
            return
        if number not in self._held:
            numbers = np.arange(number, min(number + self._together, len(self.trajectories)))
            ((_, states),) = self.process.stretches(self.key, numbers, numbers % self.images, self.process.steps)
            self._held = dict(zip(numbers.tolist(), states.swapaxes(0, 1), strict=True))
        yield np.ascontiguousarray(self._held[number])

    def _stretches(self, key: NoiseKey, number: int) -> Iterator[Array]:
        one = np.array([number])
        for _, states in self.process.stretches(key, one, one % self.images, STRETCH):
            yield states[:, 0]

    def validate(self, done: int, computer: Computer) -> None:
        """Take the loss per step of the fixed validation trajectory."""
        parts = (self.loss.value(computer, x[:-1], x[1:]).sum() for x in self._stretches(self._fixed, 0))
        value = float(sum(parts)) / self.process.steps
        if not np.isfinite(value):
            raise self._blown_up(f"the validation loss is {value:g}", done)
        self.validation.append((done, value))

    def moved(self, done: int, computer: Computer, parameters: Array) -> Computer:
        """Return a computer with the parameters that so many trajectories have led to."""
        if not np.isfinite(parameters).all():
            raise self._blown_up("the parameters are not finite", done)
        return computer.with_parameters(parameters)

    def _blown_up(self, what: str, done: int) -> TrainingError:
        return TrainingError(
            f"{what} after {done} trajectories: the learning rate {self.schedule.learning_rate:g} is too large; "
            "divide it by 10"
        )

    @property
    def trajectories(self) -> range:
        """Numbers of the noising trajectories, in their order; the images come in turn."""
        return range(self.schedule.cycles * self.images)

    def result(self, computer: Computer, method: str, seconds: float) -> Training:
        """Return the trained computer with its curves."""
        trained, training = np.array(self.curve).T
        validated, validation = np.array(self.validation).T
        return Training(
            program=Program(computer),
            method=method,
            seconds=seconds,
            history={
                "trajectories": trained,
                "training": training,
                "validation_trajectories": validated,
                "validation": validation,
            },
            details={
                "noising_trajectories": len(self.trajectories),
                "learning_rate": self.schedule.learning_rate,
            },
        )


# a descent that blows up is found, and reported, by its validation loss
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def train_by_descent(
    computer: Computer,
    process: NoisingProcess,
    loss: StepLoss,
    schedule: Schedule,
    *,
    seed: int,
    progress: Progress | None = None,
) -> Training:
    """Descend with one update a noising trajectory.

    Parameters
    ----------
    computer : Computer
        Where to start.
    process : NoisingProcess
        The noising of its units.
    loss : StepLoss
        What to descend on.
    schedule : Schedule
        Cycles and learning rate.
    seed : int
        Seed of the noising trajectories.
    progress : callable, optional
        Called with the number of trajectories done since its last call.

    Raises
    ------
    TrainingError
        When the loss does not stay finite.
    """
    start = time.perf_counter()
    descent = Descent(process, loss, schedule, seed)
    points = schedule.validate_after(descent.images)
    descent.validate(0, computer)
    for number in descent.trajectories:
        total, gradient = 0.0, np.zeros_like(computer.parameters)
        for x in descent.stretches(number):
            value, part = loss.gradient(computer, x[:-1], x[1:])
            total += value
            gradient += part
        computer = descent.moved(number + 1, computer, computer.parameters - schedule.learning_rate * gradient)
        descent.curve.append((number + 1, total / process.steps))
        if number + 1 in points:
            descent.validate(number + 1, computer)
        if progress is not None:
            progress(1)
    return descent.result(computer, "descent", time.perf_counter() - start)
