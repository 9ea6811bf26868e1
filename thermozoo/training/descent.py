"""Stochastic gradient descent on the loss of noising trajectories, one update a trajectory.

    theta <- theta - alpha sum_k dl_k/dtheta        (W. eqs. 8 and 9)

A cycle is one noising trajectory of each image.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs
import numpy as np

from thermozoo.computer.computer import Computer
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.errors import TrainingError
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import NoisingProcess
from thermozoo.training.result import Training

__all__ = ["Progress", "Schedule", "train_by_descent"]

Progress = Callable[[int], None]

#: Noising trajectories that are simulated together and held in memory (single precision, paper set-up: 13 MB each).
TOGETHER = 12


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

    cycles: int
    learning_rate: float
    validations: int = 30

    def validate_after(self, images: int) -> set[int]:
        """Return after how many trajectories the validation loss is taken."""
        total = self.cycles * images
        return {round(v) for v in np.linspace(0, total, min(self.validations, total) + 1)}


class Descent:
    """Shared part of both ways of descending: the order of trajectories, the curves, the failure."""

    def __init__(self, process: NoisingProcess, loss: StepLoss, schedule: Schedule, seed: int) -> None:
        self.process = process
        self.loss = loss
        self.schedule = schedule
        self.key = NoiseKey(seed).named("noising")
        self.images = len(process.signals)
        self.curve: list[tuple[int, float]] = []
        self.validation: list[tuple[int, float]] = []
        self._fixed = process.trajectory(NoiseKey(seed).named("validation"), np.array([0]), np.array([0]))

    def validate(self, done: int, computer: Computer) -> None:
        """Take the loss per step of the fixed validation trajectory."""
        value = float(self.loss.value(computer, self._fixed[:-1], self._fixed[1:]).mean())
        if not np.isfinite(value):
            raise TrainingError(
                f"the validation loss is {value:g} after {done} trajectories: the learning rate "
                f"{self.schedule.learning_rate:g} is too large; divide it by 10"
            )
        self.validation.append((done, value))

    def batches(self) -> list[np.ndarray]:
        """Return the numbers of trajectories that are simulated together."""
        total = self.schedule.cycles * self.images
        return [np.arange(a, min(a + TOGETHER, total)) for a in range(0, total, TOGETHER)]

    def result(self, computer: Computer, method: str, seconds: float) -> Training:
        """Return the trained computer with its curves."""
        trained, training = np.array(self.curve).T
        validated, validation = np.array(self.validation).T
        return Training(
            computer=computer,
            method=method,
            seconds=seconds,
            history={
                "trajectories": trained,
                "training": training,
                "validation_trajectories": validated,
                "validation": validation,
            },
            details={
                "noising_trajectories": self.schedule.cycles * self.images,
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
    for numbers in descent.batches():
        states = process.trajectory(descent.key, numbers, numbers % descent.images)
        for column, number in enumerate(numbers):
            x = np.ascontiguousarray(states[:, column])
            total, gradient = loss.gradient(computer, x[:-1], x[1:])
            computer = computer.with_parameters(computer.parameters - schedule.learning_rate * gradient)
            done = int(number) + 1
            descent.curve.append((done, total / process.steps))
            if done in points:
                descent.validate(done, computer)
            if progress is not None:
                progress(1)
    return descent.result(computer, "descent", time.perf_counter() - start)
