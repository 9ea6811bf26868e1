"""What a run is about where its task needs no more than a computer."""

from __future__ import annotations

import attrs

from thermozoo.computer.computer import Computer
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.schedule import Schedule
from thermozoo.runs.imperfect import realised

__all__ = ["Setup"]


@attrs.frozen(eq=False)
class Setup:
    """A config brought to life: its computer, and how it moves.

    Parameters
    ----------
    config : Config
        What it was assembled from, with the size of every group.
    computer : Computer
        The computer, as the task wants it; of an imperfect device, what became of it.
    asked : Computer
        The computer that was asked for.
    """

    config: Config
    computer: Computer
    asked: Computer = attrs.field(default=attrs.Factory(lambda self: self.computer, takes_self=True))

    @property
    def dynamics(self) -> Dynamics:
        """The computer's law of motion."""
        config = self.config
        table, schedule = config.dynamics, Schedule(config.driven) if config.driven else None
        return Dynamics(
            self.computer,
            config.moved(config.integrator),
            table.dt,
            table.precision,
            config.steps,
            schedule,
            baths=config.task.baths(config),
        )

    @property
    def asked_for(self) -> tuple[Computer, ...]:
        """The computers that the device was asked to be."""
        return (self.asked,)

    @property
    def ideal(self) -> Setup:
        """The same of a device without imperfections: what a task that trains its computer trains."""
        return attrs.evolve(self, config=attrs.evolve(self.config, imperfections={}), computer=self.asked)

    def realised(self, computer: Computer) -> Computer:
        """Return what the device makes of another computer that it is asked to be."""
        return realised(self.config, computer)
