"""The training methods by name, and what each of them reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from thermozoo.computer.computer import Computer
from thermozoo.dynamics.engines import Engine
from thermozoo.training.exact.train import train_exact
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Noising
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.result import Training
from thermozoo.training.sampled.descent import VALIDATIONS, Schedule, train_by_descent
from thermozoo.training.sampled.learner import STRETCH, Stored
from thermozoo.training.sampled.moments import STEPS, SumUp, simulated_together, sum_up_here, train_by_moments
from thermozoo.training.sampled.online import train_online

__all__ = ["Settings", "stretch_bytes", "sums_bytes", "train_by", "trained_bytes", "training_bytes"]

#: Double precision numbers for each coupling of a trained computer with all that it keeps.
_TRAINED = 6

#: Double precision numbers that a method holds meanwhile: for each coupling, and for each pair of units where second
#: moments are whole matrices.
_MEANWHILE = {"exact": (5, 4), "moments": (19, 4), "descent": (3, 0), "online": (1, 0)}

#: Double precision numbers for each coupling of a sparse connectivity: products of neighbors, of some ten a unit.
_NEIGHBORS = 20

#: States of a stretch, in multiples of them, while gradients are summed up.
_STATES = 6

#: Bytes for each noising trajectory that a method samples: its number, and points of the loss curve.
_TRAJECTORY = {"exact": 0, "moments": 32, "descent": 2048, "online": 2048}


class Settings(Protocol):
    """What the methods read; each ignores what it has no use for."""

    @property
    def cycles(self) -> int:
        """Noising trajectories of each image (moments, descent, online)."""

    @property
    def learning_rate(self) -> float:
        """Learning rate alpha (descent, online) [energy^2]."""

    @property
    def windows(self) -> int:
        """Time windows (exact, moments)."""

    @property
    def window_times(self) -> str:
        """Times that the equations of a window are averaged over (exact)."""

    @property
    def potential_parameters(self) -> tuple[str, ...]:
        """On-site parameters to train as well (exact, moments)."""

    @property
    def tolerance(self) -> float:
        """Relative residual (exact)."""

    @property
    def ridge(self) -> float:
        """Added to the second derivative by each coupling, relative to their mean (exact)."""


def train_by(
    method: str,
    computer: Computer,
    noising: Noising,
    loss: StepLoss,
    engine: Engine,
    settings: Settings,
    *,
    seed: int,
    validations: int = VALIDATIONS,
    stored: Stored | None = None,
    progress: Callable[[int], None] | None = None,
    sum_up: SumUp = sum_up_here,
) -> Training:
    """Train a computer by the method of a name.

    Parameters
    ----------
    method : str
        One of `thermozoo.training.METHODS`.
    computer : Computer
        Where to start.
    noising : Noising
        What to undo.
    loss : StepLoss
        What to minimize; see `Noising.loss`.
    engine : Engine
        What advances noising trajectories, for methods that sample them.
    settings : Settings
        What the methods read.
    seed : int
        Of noising trajectories.
    validations : int
        Points of the validation curve (descent, online).
    stored : callable, optional
        What is kept of the trainable parameters at every update (descent, online); none: all of them.
    progress : callable, optional
        Called with the work done since its last call: percents of an exact training, else noising trajectories.
    sum_up : callable, optional
        Who sums up noising trajectories (moments); by default this process.
    """
    if method == "exact":
        return train_exact(
            computer,
            noising,
            loss,
            windows=settings.windows,
            window_times=settings.window_times,
            potential_parameters=settings.potential_parameters,
            tolerance=settings.tolerance,
            ridge=settings.ridge,
            progress=progress,
        )
    process = NoisingProcess(noising, engine)
    if method == "moments":
        return train_by_moments(
            computer,
            process,
            loss,
            cycles=settings.cycles,
            seed=seed,
            windows=settings.windows,
            potential_parameters=settings.potential_parameters,
            progress=progress,
            sum_up=sum_up,
        )
    schedule = Schedule(settings.cycles, settings.learning_rate, validations)
    function = {"descent": train_by_descent, "online": train_online}[method]
    return function(computer, process, loss, schedule, seed=seed, stored=stored, progress=progress)


def trained_bytes(couplings: int) -> int:
    """Return the bytes of a trained computer, and of what it keeps once it was used."""
    return 8 * _TRAINED * couplings


def training_bytes(method: str, couplings: int, pairs: int, trajectories: int) -> tuple[int, int]:
    """Return the bytes that a method holds while it trains: for couplings, and for noising trajectories.

    Parameters
    ----------
    method : str
        One of `thermozoo.training.METHODS`.
    couplings, pairs : int
        Couplings, and elements of second moments that are held as matrices, none where they are held by coupling.
    trajectories : int
        Noising trajectories of a method that samples them.
    """
    of_coupling, of_pair = _MEANWHILE[method]
    return 8 * (of_coupling * couplings + of_pair * pairs), _TRAJECTORY[method] * trajectories


def sums_bytes(couplings: int, pairs: int, windows: int, parameters: int) -> int:
    """Return the bytes of the sums of method `moments` over some noising trajectories.

    Parameters
    ----------
    couplings, pairs : int
        As of `training_bytes`.
    windows, parameters : int
        Time windows, and on-site parameters to train.
    """
    of_pairs = (1 + parameters) * pairs if pairs else _NEIGHBORS * couplings
    return 8 * 2 * windows * (2 * couplings + of_pairs)  # to fit to, and that judge


def stretch_bytes(method: str, units: int, steps: int, itemsize: int) -> int:
    """Return the bytes of the states that a method holds while it follows noising trajectories.

    Parameters
    ----------
    method : str
        One of `thermozoo.training.METHODS`.
    units, steps : int
        Of a noising trajectory.
    itemsize : int
        Bytes of a number.
    """
    row = units * itemsize
    if method == "exact":
        return 0
    if method == "moments":
        return _STATES * (min(steps, STEPS) + 1) * simulated_together(units) * row
    return _STATES * (min(steps, STRETCH) + 1) * row
