"""The training of a config."""

from __future__ import annotations

from collections.abc import Callable

from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Engine
from thermozoo.runs.imperfect import storing
from thermozoo.runs.machine import Machine
from thermozoo.shards.cutting import BLOCK
from thermozoo.training.exact.train import WORK
from thermozoo.training.methods import train_by
from thermozoo.training.result import Training
from thermozoo.training.sampled.descent import VALIDATIONS
from thermozoo.training.sampled.moments import SumUp, sum_up_here

__all__ = ["sampled_trajectories", "sampling_shared", "train", "train_parts", "training_work"]


def train(
    machine: Machine,
    engine: Engine,
    method: str,
    progress: Callable[[int], None] | None = None,
    validations: int = VALIDATIONS,
    sum_up: SumUp = sum_up_here,
) -> Training:
    """Train a machine with the method of its config, or another.

    Parameters
    ----------
    machine : Machine
        What to train.
    engine : Engine
        What advances noising trajectories.
    method : str
        One of `thermozoo.training.METHODS` that the config names: its check has refused what that method would ignore.
    progress : callable, optional
        Called with the amount of work done since its last call; see `training_work`.
    validations : int
        Points of the validation curve, where the method has one.
    sum_up : callable, optional
        Who sums up, where the method does (default: this process).
    """
    config = machine.config
    return train_by(
        method,
        machine.computer,
        machine.noising,
        machine.loss,
        engine,
        config.training,
        seed=config.seed,
        validations=validations,
        stored=storing(config),
        progress=progress,
        sum_up=sum_up,
    )


def train_parts(
    machine: Machine,
    engine: Engine,
    method: str,
    progress: Callable[[int], None] | None = None,
    sum_up_for: Callable[[int], SumUp] = lambda part: sum_up_here,
) -> tuple[Training, ...]:
    """Train each part of a machine: the program of each class by itself, or the only one; see `train`.

    Parameters
    ----------
    machine, engine, method, progress
        As of `train`.
    sum_up_for : callable, optional
        Returns who sums up for a part, of which it is given the number (default: this process).
    """
    return tuple(
        train(part, engine, method, progress, sum_up=sum_up_for(number)) for number, part in enumerate(machine.parts)
    )


def training_work(machine: Machine, method: str) -> int:
    """Return the total that `train_parts` reports: percents of each exact training, or noising trajectories."""
    return WORK * len(machine.parts) if method == "exact" else sampled_trajectories(machine, method)


def sampled_trajectories(machine: Machine, method: str) -> int:
    """Return how many noising trajectories a method samples."""
    return 0 if method == "exact" else machine.config.training.cycles * machine.images


def sampling_shared(config: Config, method: str, images: int) -> bool:
    """Return whether workers sample noising trajectories for a method, of so many images.

    Only `moments` sums up what no update has to wait for; and one block of trajectories is no work to be cut.
    """
    return config.run is not None and method == "moments" and config.training.cycles * images > BLOCK
