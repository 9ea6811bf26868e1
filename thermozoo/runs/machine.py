"""A machine: what a config is assembled to, before any training."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Dynamics, Engine
from thermozoo.runs.prototypes import Prototypes
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import NoisingProcess, noising_process

__all__ = ["Machine"]


@attrs.frozen(eq=False)
class Machine:
    """A config brought to life, untrained.

    Parameters
    ----------
    config : Config
        What it was assembled from.
    computer : Computer
        With zero couplings and biases.
    prototypes : Prototypes
        The images to learn.
    signals : ndarray, shape (prototypes, n)
        The signal of every image on every unit.
    """

    config: Config
    computer: Computer
    prototypes: Prototypes
    signals: npt.NDArray[np.floating[Any]]

    @property
    def dynamics(self) -> Dynamics:
        """The untrained computer's law of motion, as the config takes its time steps."""
        table = self.config.dynamics
        return Dynamics(self.computer, self.config.integrator, table.dt, table.precision, table.steps)

    @property
    def loss(self) -> StepLoss:
        """The loss of observed steps."""
        return StepLoss(self.config.objective, self.config.dynamics.dt)

    def noising(self, engine: Engine) -> NoisingProcess:
        """Return the noising of the computer's units."""
        config = self.config
        return noising_process(
            self.computer,
            self.signals,
            config.protocol,
            integrator=config.integrator,
            dt=config.dynamics.dt,
            steps=config.steps,
            precision=config.dynamics.precision,
            engine=engine,
        )
