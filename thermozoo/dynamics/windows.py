"""What a program adds to a simulation: the law of each of its windows, and the work of switching to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import told
from thermozoo.computer.computer import Computer
from thermozoo.dynamics.engines.base import Dynamics, Engine, Stepper
from thermozoo.dynamics.sharing import shared_out
from thermozoo.errors import ArgumentError

__all__ = ["PreparedDynamics", "Switch", "energy_by_term", "switch_bytes"]

Array = npt.NDArray[np.floating[Any]]


def switch_bytes(dynamics: Dynamics) -> int:
    """Return how many bytes a switch keeps of a trajectory: energies by term, before and after."""
    return 8 * 2 * len(dynamics.term_names)


@attrs.frozen(eq=False)
class Switch:
    """A switch from one window to the next.

    Parameters
    ----------
    step : int
        The first step of the window that begins.
    before, after : dict of str to ndarray, shape (B,)
        Energy by term of every trajectory, of the window that ends and of the one that begins [energy].
    """

    step: int
    before: dict[str, Array]
    after: dict[str, Array]

    @classmethod
    def between(
        cls, step: int, ends: Computer, begins: Computer, x: Array, kinetic: Mapping[str, Array] | None = None
    ) -> Switch:
        """Return the switch between two computers in states x, shape (B, n), with energies that it does not change."""
        same = kinetic or {}
        return cls(step, {**energy_by_term(ends, x), **same}, {**energy_by_term(begins, x), **same})

    @property
    def work(self) -> Array:
        """Work that it does on every trajectory, shape (B,) [energy]."""
        total: Array = np.sum([self.after[name] - self.before[name] for name in self.before], axis=0)
        return total


def energy_by_term(computer: Computer, x: Array) -> dict[str, Array]:
    """Return the energy of states of shape (B, n) by term, each of shape (B,), in double precision."""
    with shared_out(len(x)) as share:
        parts = share(lambda part: computer.energy_terms(x[part]))
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


class PreparedDynamics:
    """A law of motion that an engine prepares, window by window.

    A window is prepared when it is due, and dropped when another one is.

    Parameters
    ----------
    engine : Engine
        What prepares a window.
    dynamics : Dynamics
        Of a computer or a program.
    """

    def __init__(self, engine: Engine, dynamics: Dynamics) -> None:
        self.engine, self.dynamics = engine, dynamics
        self._held: tuple[Computer, Stepper] | None = None

    def computer(self, step: int) -> Computer:
        """Return the computer that acts in a step."""
        return self.dynamics.program.at(step, self.dynamics.steps)

    def at(self, step: int) -> Stepper:
        """Return the law of the window that acts in a step.

        Raises
        ------
        ArgumentError
            When the engine prepares what begins no batches.
        """
        computer = self.computer(step)
        if self._held is None or self._held[0] is not computer:
            self._held = None  # dropped before the next one is made
            stepper = self.engine.prepare(attrs.evolve(self.dynamics, computer=computer))
            if not callable(getattr(stepper, "begin", None)):
                raise ArgumentError(
                    f"the engine {told(self.engine.name)} prepares a {type(stepper).__name__} that begins no batches: "
                    "give it a method begin(start, drive, working=..., stretch=...), see thermozoo.dynamics.engines"
                )
            self._held = computer, stepper
        return self._held[1]
