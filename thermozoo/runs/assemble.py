"""From a checked config to the machine: prototypes, computer, noising."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer, assemble
from thermozoo.computer.stability import check_time_step
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Engine
from thermozoo.runs.prototypes import Prototypes, choose_prototypes
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import NoisingProcess, intensities, noising_process, signals_for

__all__ = ["Machine", "assemble_machine"]


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


def assemble_machine(config: Config) -> Machine:
    """Load the data and assemble the untrained computer.

    Raises
    ------
    DataError, ShapeError, StabilityError
        When the data are not there, do not fit the computer, or the time step is too large for it.
    """
    computer = assemble(
        config.sizes,
        config.potentials,
        config.connectivity,
        temperature=config.computer.temperature,
        mobility=config.computer.mobility,
        trainable_biases=config.computer.trainable_biases,
        frozen=config.frozen,
    )
    prototypes = choose_prototypes(config.dataset, config.data.classes, config.data.per_class, config.seed)
    signals = signals_for(computer, prototypes.images, config.noising.hidden, config.noising.projection_seed)
    times = np.linspace(0.0, config.duration, 101)
    strongest = np.abs(intensities(config.protocol, times, config.duration)).max()
    force = float(strongest * np.abs(signals).max())
    check_time_step(computer, config.dynamics.dt, (-force, force))
    return Machine(config, computer, prototypes, signals)
