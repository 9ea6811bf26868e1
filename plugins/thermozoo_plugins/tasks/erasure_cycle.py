"""How a bit is erased: what is driven, one duration of it, and what it costs."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo_plugins.protocols.table import Table

__all__ = ["Cycle", "Erased", "barrier", "begun", "erased", "escape_rate"]

Array = npt.NDArray[np.float64]


@attrs.frozen
class Cycle:
    """The cycle of a double well: the barrier is lowered, the well tilted, the barrier raised, the tilt taken away.

    Parameters
    ----------
    stages : tuple of float
        Parts of the duration that these four take; they add up to 1.
    left : float
        Part of the stiffness J2 that is left where the barrier is lowered.
    tilt : float
        The largest tilt [energy], towards positive states.
    """

    stages: tuple[float, ...]
    left: float
    tilt: float

    @property
    def times(self) -> tuple[float, ...]:
        """Where stages begin and end, as parts of the duration."""
        one, two, three, _ = np.cumsum(self.stages).tolist()
        return 0.0, one, two, three, 1.0

    @property
    def tilts(self) -> tuple[float, ...]:
        """The parameter h at these times [energy]."""
        return 0.0, 0.0, -self.tilt, -self.tilt, 0.0

    def stiffnesses(self, J2: float) -> tuple[float, ...]:
        """Return the parameter J2 at these times [energy], of what it is at rest."""
        return J2, self.left * J2, self.left * J2, J2, J2

    def law(self, rest: Any, steps: int) -> Any:
        """Return the law of motion that a cycle of so many steps drives, of the one of a bit at rest."""
        from thermozoo import Schedule

        ((group, potential),) = rest.computer.onsite.potentials.items()
        times = tuple(part * steps * rest.dt for part in self.times)
        driven = {"J2": self.stiffnesses(float(potential.J2)), "h": self.tilts}
        targets = {f"potential.{group}.{name}": Table(times=times, values=values) for name, values in driven.items()}
        return attrs.evolve(rest, steps=steps, schedule=Schedule(targets))


@attrs.frozen(eq=False)
class Erased:
    """What one duration did to all bits.

    Parameters
    ----------
    work, heat : ndarray, shape (trajectories,)
        Work that was done on each bit, and heat that it released [kT].
    final : ndarray, shape (trajectories,)
        Its state in the end.
    """

    work: Array
    heat: Array
    final: Array


def erased(run: Any, cycle: Cycle, trajectories: int, steps: int, number: int, progress: Any) -> Erased:
    """Erase bits that begin in equilibrium, each state as likely as the other.

    Parameters
    ----------
    run : Run
        The run.
    cycle : Cycle
        How.
    trajectories, steps : int
        How many bits, in how many time steps.
    number : int
        Number of this erasure in the run: each has noise of its own.
    progress : callable
        Called with the steps done since its last call.
    """
    from thermozoo import EnergyTerms

    law = cycle.law(run.machine.dynamics, steps)
    energies = EnergyTerms(law)
    done = begun(run, cycle, trajectories, steps, number, observers=[energies], progress=progress)
    kT = law.computer.temperature
    energy = np.sum(list(energies.terms.values()), axis=0)
    work = np.asarray(done.work, np.float64)
    return Erased(work / kT, (work - (energy[-1] - energy[0])) / kT, done.final[:, 0].astype(np.float64))


def begun(run: Any, cycle: Cycle, trajectories: int, steps: int, number: int, **more: Any) -> Any:
    """Return the simulation of bits that begin in equilibrium; parameters as of `erased`."""
    from thermozoo import NoiseKey, equilibrium_states

    rest = run.machine.dynamics
    start = equilibrium_states(rest, NoiseKey(run.config.seed, number), range(trajectories))
    return run.simulate(start, steps, stream=number, dynamics=cycle.law(rest, steps), **more)


def barrier(potential: Any) -> float:
    """Return the height of the barrier of a double well without a tilt [energy]."""
    return float(potential.J2) ** 2 / (4 * float(potential.J4))


def escape_rate(potential: Any, mobility: float, temperature: float) -> float:
    """Return Kramers' rate at which an overdamped bit at rest loses its state [1 / time].

    U'' = 2 J2 + 12 J4 x^2 is 2 J2 on the barrier and -4 J2 in the wells, where x^2 = -J2 / (2 J4).
    """
    curvatures = math.sqrt(8.0) * abs(float(potential.J2))
    return mobility * curvatures / (2 * math.pi) * math.exp(-barrier(potential) / temperature)
