"""The training of a config."""

from __future__ import annotations

from collections.abc import Callable

from thermozoo.dynamics.engines import Engine
from thermozoo.runs.imperfect import storing
from thermozoo.runs.machine import Machine
from thermozoo.training.exact.train import WORK
from thermozoo.training.methods import train_by
from thermozoo.training.result import Training
from thermozoo.training.sampled.descent import VALIDATIONS

__all__ = ["sampled_trajectories", "train", "train_parts", "training_work"]


def train(
    machine: Machine,
    engine: Engine,
    method: str,
    progress: Callable[[int], None] | None = None,
    validations: int = VALIDATIONS,
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
    )


def train_parts(
    machine: Machine, engine: Engine, method: str, progress: Callable[[int], None] | None = None
) -> tuple[Training, ...]:
    """Train each part of a machine: the program of each class by itself, or the only one; see `train`."""
    return tuple(train(part, engine, method, progress) for part in machine.parts)


def training_work(machine: Machine, method: str) -> int:
    """Return the total that `train_parts` reports: percents of each exact training, or noising trajectories."""
    return WORK * len(machine.parts) if method == "exact" else sampled_trajectories(machine, method)


def sampled_trajectories(machine: Machine, method: str) -> int:
    """Return how many noising trajectories a method samples."""
    return 0 if method == "exact" else machine.config.training.cycles * machine.images
