"""What the time and bytes of a phase are found from, before a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from thermozoo.computer.layout import Layout
from thermozoo.config.schema import Config
from thermozoo.config.terms import CouplingTerm
from thermozoo.dynamics.engines import PRECISIONS, Engine
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.interfaces import Progress, Share
from thermozoo.runs.imperfect import heat_counted
from thermozoo.runs.stopwatch import along_a_line, seconds
from thermozoo.runs.terms import count_of
from thermozoo.runs.workers import by_workers, worker_shares
from thermozoo.symbolic.interaction import interaction_formulas

__all__ = ["Calibration", "Size"]

#: Steps of the two simulations by which the time of a longer one is known.
_STEPS = (20, 60)


@attrs.frozen
class Calibration:
    """What the time of a phase is measured with, in small, before a run.

    Parameters
    ----------
    machine : Setup, or what the task makes instead
        What was assembled.
    engine : Engine
        What the run will use.
    method : str
        The training method; empty for a task that trains nothing.
    progress : callable
        Called with the number of pieces measured since its last call.
    assembly : float
        How long assembling took [second].
    found : dict of str to float
        Seconds of the phases before this one.
    """

    machine: Any
    engine: Engine
    method: str
    progress: Progress
    assembly: float
    found: dict[str, float]

    def simulation(self, trajectories: int, steps: int, *, every: int = 0, look: Callable[[Any], Any] = len) -> float:
        """Return how long a simulation of the machine will take [second]; it reports two pieces.

        Parameters
        ----------
        trajectories, steps : int
            Its size.
        every : int
            Steps between observations; none: nothing is observed.
        look : callable
            What an observation does with the states, shape (trajectories, n).
        """
        dynamics = self.machine.dynamics
        x = np.ones((trajectories, dynamics.computer.n))  # what discrete units may be as well
        law = attrs.evolve(dynamics, steps=max(steps, *_STEPS))  # a schedule is as long as its steps

        def advance(several: int) -> None:
            simulate(law, x, several, key=NoiseKey(0), engine=self.engine)

        total = along_a_line(advance, *_STEPS, steps, repeats=2, progress=self.progress)
        return total + (steps // every + 1) * seconds(lambda: look(x), repeats=2) if every else total

    def shared_out(self, trajectories: int, alone: float) -> float:
        """Return how long work takes that is shared out, of which is known how long this process takes [second]."""
        config = self.machine.config
        return by_workers(config, self.engine, alone, trajectories, config.task.together(config))


@attrs.frozen
class Size:
    """What memory grows with; nothing is allocated to know it.

    Parameters
    ----------
    config : Config
        The run.
    machine : Setup, or what the task makes instead, or None
        What was assembled from it, where that is done.
    n, couplings : int
        Units, and couplings of all terms.
    dense : bool
        Whether couplings are blocks, and sums over pairs of units are arrays of n x n.
    """

    config: Config
    machine: Any
    n: int
    couplings: int
    dense: bool

    @classmethod
    def of(cls, config: Config, machine: Any = None) -> Size:
        """Return the size of a run; its couplings are counted, not made."""
        layout = Layout(config.sizes, clamped=config.clamped)
        brought = config.task.couplings(config)
        couplings, dense = count_of(config.connectivity, layout) if brought is None else (brought, False)
        further = [one.connectivity for one in config.terms.values() if isinstance(one, CouplingTerm)]
        couplings += sum(count_of(one, layout)[0] for one in further)
        return cls(config, machine, layout.n, couplings, dense)

    def shared_out(self, trajectories: int, each: int, path: str) -> tuple[Share, ...]:
        """Return what workers of this machine hold, and their products; nothing where the work is not shared out.

        Parameters
        ----------
        trajectories : int
            How many are shared out.
        each : int
            Bytes that one of them holds, with what is kept of it.
        path : str
            The key that their number grows with.
        """
        return worker_shares(self, trajectories, each, path, block=self.config.task.together(self.config))

    @property
    def beside_strength(self) -> int:
        """Numbers of 8 bytes that each tuple has beside its strength: its units, and where their forces add up.

        None where couplings are products with a matrix.
        """
        interaction = self.config.interaction
        if interaction is None or interaction_formulas(interaction).products is not None:
            return 0
        return 3 * interaction.order

    @property
    def terms(self) -> int:
        """How many terms a ledger has."""
        return 3 + len(self.config.terms) + (heat_counted(self.config) is not None)

    @property
    def images(self) -> int:
        """Images to train on, as many as are asked for where they are not loaded."""
        if "data" not in self.config.reads:
            return 0
        if self.machine is not None:
            return int(self.machine.images)
        return len(self.config.data.classes) * max(1, self.config.data.per_class)

    @property
    def itemsize(self) -> int:
        """Bytes of the state of a unit."""
        return np.dtype(PRECISIONS[self.config.dynamics.precision]).itemsize
