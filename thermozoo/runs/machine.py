"""A config brought to life: what a run is about."""

from __future__ import annotations

import attrs

from thermozoo.computer.computer import Computer
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Dynamics
from thermozoo.runs.prototypes import Prototypes
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Noising

__all__ = ["Machine"]


@attrs.frozen(eq=False)
class Machine:
    """A config brought to life, untrained.

    Parameters
    ----------
    config : Config
        What it was assembled from, with the size of every group.
    computer : Computer
        With zero couplings and biases.
    prototypes : Prototypes
        The images to learn.
    noising : Noising
        What training undoes.
    """

    config: Config
    computer: Computer
    prototypes: Prototypes
    noising: Noising

    @property
    def dynamics(self) -> Dynamics:
        """The untrained computer's law of motion, as the config takes its time steps."""
        return attrs.evolve(self.noising.dynamics, computer=self.computer)

    @property
    def loss(self) -> StepLoss:
        """The loss of observed steps."""
        return self.noising.loss(self.config.objective, self.config.weights or None)
