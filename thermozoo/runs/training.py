"""Choosing and calling the training method of a config."""

from __future__ import annotations

from collections.abc import Callable

from thermozoo.dynamics.engines import Engine
from thermozoo.runs.assemble import Machine
from thermozoo.training.descent import Schedule, train_by_descent
from thermozoo.training.exact import WORK, train_exact
from thermozoo.training.moments import train_by_moments
from thermozoo.training.online import train_online
from thermozoo.training.result import Training

__all__ = ["sampled_trajectories", "train", "training_work"]


def train(machine: Machine, engine: Engine, method: str, progress: Callable[[int], None] | None = None) -> Training:
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
    """
    settings = machine.config.training
    if method == "exact":
        return train_exact(
            machine.computer,
            machine.signals,
            machine.config.protocol,
            machine.loss,
            steps=machine.config.steps,
            windows=settings.windows,
            potential_parameters=settings.potential_parameters,
            tolerance=settings.tolerance,
            progress=progress,
        )
    if method == "moments":
        return train_by_moments(
            machine.computer,
            machine.noising(engine),
            machine.loss,
            cycles=settings.cycles,
            seed=machine.config.seed,
            windows=settings.windows,
            potential_parameters=settings.potential_parameters,
            progress=progress,
        )
    schedule = Schedule(settings.cycles, settings.learning_rate)
    function = {"descent": train_by_descent, "online": train_online}[method]
    return function(
        machine.computer,
        machine.noising(engine),
        machine.loss,
        schedule,
        seed=machine.config.seed,
        progress=progress,
    )


def training_work(machine: Machine, method: str) -> int:
    """Return the total that `train` reports as progress: percents of an exact training, or noising trajectories."""
    return WORK if method == "exact" else machine.config.training.cycles * len(machine.signals)


def sampled_trajectories(machine: Machine, method: str) -> int:
    """Return how many noising trajectories a method samples."""
    return 0 if method == "exact" else machine.config.training.cycles * len(machine.signals)
