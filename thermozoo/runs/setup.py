"""What a run is about where its task needs no more than a computer."""

from __future__ import annotations

import attrs

from thermozoo.computer.computer import Computer
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.schedule import Schedule

__all__ = ["Setup"]


@attrs.frozen(eq=False)
class Setup:
    """A config brought to life: its computer, and how it moves.

    Parameters
    ----------
    config : Config
        What it was assembled from, with the size of every group.
    computer : Computer
        The computer, as the task wants it.
    """

    config: Config
    computer: Computer

    @property
    def dynamics(self) -> Dynamics:
        """The computer's law of motion."""
        config = self.config
        table, schedule = config.dynamics, Schedule(config.schedule) if config.schedule else None
        return Dynamics(
            self.computer,
            config.integrator,
            table.dt,
            table.precision,
            config.steps,
            schedule,
            baths=config.task.baths(config),
        )
