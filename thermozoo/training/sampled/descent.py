"""Stochastic gradient descent on the loss of noising trajectories, one update a trajectory.

    theta <- theta - alpha sum_k dl_k/dtheta        (W. eqs. 8 and 9)

A cycle is one noising trajectory of each image. Where the compiled engine makes the trajectories, kernels follow them
as well (`thermozoo.training.sampled.learning`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, count, positive
from thermozoo.checkpoints.pieces import rounds
from thermozoo.clock import since
from thermozoo.computer.computer import Computer
from thermozoo.computer.program import Program
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.openblas import one_blas_thread
from thermozoo.errors import TrainingError
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.result import Training
from thermozoo.training.sampled.learner import STRETCH, Learner, Stored
from thermozoo.training.sampled.learning import learner_for
from thermozoo.training.saved import asked_of

__all__ = ["VALIDATIONS", "Progress", "Schedule", "descend", "train_by_descent"]

Array = npt.NDArray[np.floating[Any]]
Progress = Callable[[int], None]

#: Points of a validation curve.
VALIDATIONS = 30

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
    validations: int = checked(count, at_least=1, default=VALIDATIONS)

    def validate_after(self, images: int) -> set[int]:
        """Return after how many trajectories the validation loss is taken."""
        total = self.cycles * images
        return {round(v) for v in np.linspace(0, total, min(self.validations, total) + 1)}


class _Course:
    """The order of trajectories, the curves, the failure."""

    def __init__(self, process: NoisingProcess, schedule: Schedule, seed: int) -> None:
        self.process = process
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
            self._held.clear()
            numbers = np.arange(number, min(number + self._together, len(self.trajectories)))
            ((_, states),) = self.process.stretches(self.key, numbers, numbers % self.images, self.process.steps)
            self._held = dict(zip(numbers.tolist(), states.swapaxes(0, 1), strict=True))
        yield np.ascontiguousarray(self._held[number])

    def _stretches(self, key: NoiseKey, number: int) -> Iterator[Array]:
        one = np.array([number])
        for _, states in self.process.stretches(key, one, one % self.images, STRETCH):
            yield states[:, 0]

    def validate(self, done: int, learner: Learner) -> None:
        """Take the loss per step of the fixed validation trajectory."""
        value = sum(learner.value(x) for x in self._stretches(self._fixed, 0)) / self.process.steps
        if not np.isfinite(value):
            raise self.blown_up(f"the validation loss is {value:g}", done)
        self.validation.append((done, value))

    def curves(self) -> dict[str, Array]:
        """Return both curves so far, shape (points, 2) each."""
        return {"training": np.array(self.curve), "validation": np.array(self.validation)}

    def take_up(self, curves: Mapping[str, Array]) -> None:
        """Go on with curves."""
        self.curve, self.validation = ([(int(k), float(v)) for k, v in curves[name]] for name in curves)

    def blown_up(self, what: str, done: int) -> TrainingError:
        """Return what is raised when numbers leave their range after so many trajectories."""
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
@one_blas_thread()
def descend(
    method: str,
    computer: Computer,
    process: NoisingProcess,
    loss: StepLoss,
    schedule: Schedule,
    *,
    seed: int,
    stored: Stored | None = None,
    progress: Progress | None = None,
) -> Training:
    """Descend by one of both methods; see `train_by_descent` for the other parameters.

    Parameters
    ----------
    method : {"descent", "online"}
        One update a trajectory, or one a step.
    """
    start = time.perf_counter()
    loss.check(process.dynamics)
    course = _Course(process, schedule, seed)
    learner = learner_for(method, computer, process, loss, schedule.learning_rate, stored)
    points = schedule.validate_after(course.images)

    def take() -> Any:
        return learner.checkpoint(), course.curves(), time.perf_counter() - start

    def put(value: Any) -> None:
        nonlocal start
        learner.restore(value[0])
        course.take_up(value[1])
        start -= value[2]

    asked = asked_of(computer, process, seed)
    for number in rounds(method, len(course.trajectories), take, put, asked=asked, progress=progress):
        if number == 0:
            course.validate(0, learner)
        for x in course.stretches(number):
            learner.learn(x)
        total = learner.finish()
        if not learner.finite:
            raise course.blown_up("the parameters are not finite", number + 1)
        course.curve.append((number + 1, total / process.steps))
        if number + 1 in points:
            course.validate(number + 1, learner)
        if progress is not None:
            progress(1)
    return course.result(learner.computer, method, since(start))


def train_by_descent(
    computer: Computer,
    process: NoisingProcess,
    loss: StepLoss,
    schedule: Schedule,
    *,
    seed: int,
    stored: Stored | None = None,
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
    stored : callable, optional
        What is kept of the trainable parameters at every update, of all of them as one vector; none: all.
    progress : callable, optional
        Called with the number of trajectories done since its last call.

    Raises
    ------
    TrainingError
        When the loss does not stay finite.
    """
    return descend("descent", computer, process, loss, schedule, seed=seed, stored=stored, progress=progress)
