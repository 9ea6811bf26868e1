"""A config brought to life: what a run is about."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from thermozoo.computer.computer import Computer
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.schedule import Schedule
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
        With zero biases, and zero couplings but for strengths that its connectivity states.
    prototypes : Prototypes
        The images to learn.
    noising : Noising
        What training undoes; where each class has a program of its own, that of the first class.
    classes : mapping of int to Machine
        The machine of each class, with its images alone, where each has a program of its own; else empty.
    """

    config: Config
    computer: Computer
    prototypes: Prototypes
    noising: Noising
    classes: Mapping[int, Machine] = attrs.field(factory=dict)

    @property
    def parts(self) -> tuple[Machine, ...]:
        """What is trained one by one: the machine of each class, or this one."""
        return tuple(self.classes.values()) or (self,)

    @property
    def images(self) -> int:
        """How many images training shows."""
        return sum(len(part.noising.signals) for part in self.parts)

    def part(self, label: int) -> Machine:
        """Return what is trained on the images of a class."""
        return self.classes.get(label, self)

    @property
    def dynamics(self) -> Dynamics:
        """The untrained computer's law of motion, as the config takes its time steps."""
        return attrs.evolve(self.noising.dynamics, computer=self.computer)

    @property
    def generating(self) -> Dynamics:
        """The untrained computer's law of motion in the steps of generation."""
        config = self.config
        return attrs.evolve(
            self.dynamics,
            integrator=config.moved(config.generation_integrator),
            dt=config.generation_dt,
            steps=config.generation_steps,
        )

    @property
    def schedule(self) -> Schedule | None:
        """What is driven, or drifts, in generation."""
        return Schedule(self.config.driven) if self.config.driven else None

    @property
    def loss(self) -> StepLoss:
        """The loss of observed steps."""
        return self.noising.loss(self.config.objective, self.config.weights or None)
