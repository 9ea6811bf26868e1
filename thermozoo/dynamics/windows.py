"""What a program adds to a simulation: a stepper of its windows, and the work of switching from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.computer import Computer
from thermozoo.dynamics.engines.base import Drive, Dynamics, Engine, Stepper
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.sharing import shared_out

__all__ = ["ProgramStepper", "Switch", "energy_by_term", "prepared", "switch_bytes"]

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


class ProgramStepper:
    """The law of motion of a program, made of those of its windows.

    A window is prepared when it is due, and dropped when the next one is.

    Parameters
    ----------
    engine : Engine
        What prepares a window.
    dynamics : Dynamics
        Of a program.
    """

    def __init__(self, engine: Engine, dynamics: Dynamics) -> None:
        self.engine, self.dynamics = engine, dynamics
        self._held: tuple[Computer, Stepper] | None = None

    def advance(
        self,
        x: Array,
        *,
        key: NoiseKey,
        first_step: int,
        steps: int,
        trajectories: npt.NDArray[np.int64],
        drive: Drive | None = None,
        record: Array | None = None,
        work: npt.NDArray[np.float64] | None = None,
        variables: dict[str, Array] | None = None,
    ) -> None:
        """See `thermozoo.dynamics.engines.base.Stepper.advance`; the work of switching is not booked here."""
        program = self.dynamics.program
        for first, stop, computer in program.pieces(first_step, first_step + steps, self.dynamics.steps):
            self._stepper(computer).advance(
                x,
                key=key,
                first_step=first,
                steps=stop - first,
                trajectories=trajectories,
                drive=drive,
                record=None if record is None else record[first - first_step : stop - first_step],
                work=work,
                variables=variables,
            )

    def _stepper(self, computer: Computer) -> Stepper:
        if self._held is None or self._held[0] is not computer:
            self._held = None  # dropped before the next one is made
            self._held = computer, self.engine.prepare(attrs.evolve(self.dynamics, computer=computer))
        return self._held[1]


def prepared(engine: Engine, dynamics: Dynamics) -> Stepper:
    """Return what advances the states of a computer or a program."""
    if dynamics.program.windows > 1:
        return ProgramStepper(engine, dynamics)
    return engine.prepare(attrs.evolve(dynamics, computer=dynamics.one_computer))
