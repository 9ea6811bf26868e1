"""One trajectory of a run that is done, advanced alone: the task says what it does, and all of it is recorded."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Dynamics, Engine
from thermozoo.dynamics.ensemble import Ensemble, steps_unchecked
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.sharing import together
from thermozoo.dynamics.simulate import Simulation
from thermozoo.dynamics.simulation_arguments import check_end, start_of
from thermozoo.dynamics.trajectories import EnergyTerms
from thermozoo.dynamics.variables import Variables, kinetic_terms
from thermozoo.dynamics.windows import PreparedDynamics, Switch
from thermozoo.errors import ParameterError
from thermozoo.runs.imperfect import Reader
from thermozoo.runs.phase import own_key
from thermozoo.thermodynamics.heat import HeatLedger

__all__ = ["Leg", "Replayed"]

Array = npt.NDArray[np.floating[Any]]

#: Observations of a leg, about, where nobody says from which step to which.
OBSERVATIONS = 200


@attrs.frozen(eq=False)
class Leg:
    """A part of what a trajectory did: steps by one law of motion, with one stream of noise.

    Parameters
    ----------
    dynamics : Dynamics
        The law of motion.
    key : NoiseKey
        The noise.
    steps : ndarray of int, shape (observations,)
        Numbers of the steps before which it was observed, the first and the last among them.
    states : ndarray, shape (observations, n)
        Its states there.
    variables : dict of str to ndarray, shape (observations, n)
        Auxiliary variables of the integrator.
    ledger : HeatLedger
        Energy, work and heat by term, of this trajectory alone.
    """

    dynamics: Dynamics
    key: NoiseKey
    steps: npt.NDArray[np.int64]
    states: Array
    variables: Variables
    ledger: HeatLedger

    @property
    def heat(self) -> float:
        """Heat released from its first to its last step [energy]."""
        return float(self.ledger.total[0])


@attrs.define(eq=False)
class Replayed:
    """A run that is done, as far as one of its trajectories needs it.

    Parameters
    ----------
    config : Config
        That of the run.
    machine : Setup, or what the task makes instead
        What was assembled.
    engine : Engine
        What advances states.
    number : int
        Number of the trajectory.
    trained : Program, or dict of int to Program
        What ``computer.nc`` holds.
    samples : xarray.Dataset or None
        What ``samples.nc`` holds.
    every : int or None
        Steps from one observation to the next.
    progress : callable
        Called with the number of steps done since its last call.

    Attributes
    ----------
    row : int
        The row of the trajectory among those that a simulation is given.
    read : Reader
        Reads states as the device does.
    outcome : object
        What the task keeps from one simulation to the next.
    legs : list of Leg
        What the trajectory did.
    """

    config: Config
    machine: Any
    engine: Engine
    number: int
    trained: Any
    samples: Any = None
    every: int | None = None
    progress: Callable[[int], None] = lambda steps: None
    row: int = attrs.field(default=attrs.Factory(lambda self: self.number, takes_self=True))
    read: Reader = attrs.field(init=False, default=attrs.Factory(lambda self: Reader(self.config), takes_self=True))
    outcome: Any = attrs.field(init=False, default=None)
    legs: list[Leg] = attrs.field(init=False, factory=list)

    def simulate(self, x: Any, steps: int, *, stream: int, dynamics: Dynamics | None = None, **more: Any) -> Simulation:
        """Advance the trajectory among these states; parameters as of `thermozoo.runs.phase.Run.simulate`."""
        key = own_key(self.config.seed, stream)
        return self.advance(dynamics or self.machine.dynamics, x, steps, key=key, **more)

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """Numbers of all trajectories that the task knows, of which this is one; so a part has its own."""
        return np.arange(self.config.task.replayable(self.config), dtype=np.int64)

    def of_row(self, values: Any) -> Array:
        """Return what a simulation left of the trajectory, of all rows."""
        return np.array(np.asarray(values)[0])

    def advance(
        self,
        dynamics: Dynamics,
        x: Any,
        steps: int,
        *,
        key: NoiseKey,
        variables: Mapping[str, Any] | None = None,
        first_step: int = 0,
        first_trajectory: int = 0,
        trajectories: Any = None,
        every: int | None = None,
        observers: Any = (),
        progress: Any = None,
    ) -> Simulation:
        """Advance the trajectory among these states; parameters as of `thermozoo.dynamics.simulate.simulate`.

        Nothing is imposed, and nobody else observes or is told of progress. It is the row of the trajectory's number
        where `trajectories` are given; else that of `row`. Where bits of the engine depend on the batch, so many copies
        of it make the batch that it was in.
        """
        x = np.asarray(x)
        numbers = first_trajectory + np.arange(len(x)) if trajectories is None else np.asarray(trajectories)
        found = np.flatnonzero(numbers == self.number) if trajectories is not None else [self.row]
        if len(found) != 1 or not 0 <= found[0] < len(x):
            raise ParameterError(
                f"trajectory {self.number} is none of the {len(x)} of a simulation: the task says of too many that "
                "they can be replayed"
            )
        row = int(found[0])
        # in shards, what is summed up together is a block
        sharded, block = self.config.run is not None, self.config.task.together(self.config)
        mates = np.flatnonzero(numbers // block == self.number // block) if sharded else np.arange(len(x))
        turn = int(np.flatnonzero(mates == row)[0])
        rows = np.full(1 if getattr(type(self.engine), "same_bits", True) else len(mates), row)
        place = 0 if len(rows) == 1 else turn
        held = None if variables is None else {name: np.asarray(one)[rows] for name, one in variables.items()}
        start = start_of(dynamics, x[rows], key, held, first_step, first_trajectory, numbers[rows])
        steps = count("steps", steps)
        check_end(dynamics, start, steps)
        watch = _Watch(dynamics, place, turn, len(mates), sharded)
        stretch = min(steps, steps_unchecked(*start.x.shape))
        ensemble = Ensemble(PreparedDynamics(self.engine, dynamics), start, stretch=stretch)
        last = first_step + steps
        due = dynamics.program.switches(first_step, last, dynamics.steps)
        apart = self.every or max(1, steps // OBSERVATIONS)
        for step in sorted({*range(first_step, last, apart), *due, last}):
            with together(np.zeros(len(rows))) if sharded else contextlib.nullcontext():
                ensemble.advance(step - ensemble.step, progress=self.progress)
            watch.look(ensemble, due.get(step), exactly=step in (first_step, last))
        self.legs.append(watch.leg(ensemble, key))
        return watch.simulation(ensemble, steps, len(x))


@attrs.frozen(eq=False)
class _Observed:
    """Energies by term, and the steps before which they were observed."""

    steps: list[int]
    terms: dict[str, Array]


class _Watch:
    """Looks at one row of an ensemble, and books its energies.

    Sums of products depend on the size of a batch in their last bits. So what the heat is the difference of is found
    in the place that the trajectory had among all; what lies between, by itself.
    """

    def __init__(self, dynamics: Dynamics, place: int, row: int, among: int, block: bool) -> None:
        self.dynamics, self.place, self.row, self.among, self.block = dynamics, place, row, among, block
        self.steps: list[int] = []
        self.states: list[Array] = []
        self.variables: list[dict[str, Array]] = []
        self.switches: list[Switch] = []
        self.energies: list[dict[str, Array]] = []

    def look(self, ensemble: Ensemble, switch: tuple[Any, Any] | None, *, exactly: bool) -> None:
        """Look at the row before a step; a switch that is due there is booked."""
        x = ensemble.states()[self.place]
        variables = {name: one[self.place] for name, one in ensemble.variables().items()}
        self.steps.append(ensemble.step)
        self.states.append(x)
        self.variables.append(variables)
        ensemble.note_work()
        rows, row = (self.among, self.row) if exactly or switch is not None else (1, 0)
        all_x = np.repeat(x[None], rows, axis=0)
        all_variables = {name: np.repeat(one[None], rows, axis=0) for name, one in variables.items()}
        energies = EnergyTerms(self.dynamics)
        with self._together(rows):
            energies.observe(ensemble.step, all_x, all_variables)
        self.energies.append({name: one[0, row : row + 1] for name, one in energies.terms.items()})
        if switch is not None:
            ends, begins = switch
            driven = self.dynamics.driven
            if driven is not None:
                ends, begins = driven.at(ends, ensemble.step), driven.at(begins, ensemble.step)
            with self._together(rows):
                both = Switch.between(ensemble.step, ends, begins, all_x, kinetic_terms(self.dynamics, all_variables))
            books = [{name: one[row : row + 1] for name, one in book.items()} for book in (both.before, both.after)]
            self.switches.append(Switch(ensemble.step, *books))

    def _together(self, rows: int) -> contextlib.AbstractContextManager[None]:
        return together(np.zeros(rows)) if self.block else contextlib.nullcontext()

    def leg(self, ensemble: Ensemble, key: NoiseKey) -> Leg:
        """Return what the row did."""
        terms = {name: np.stack([one[name] for one in self.energies]) for name in self.energies[0]}
        work = dict(HeatLedger.of(_Observed(self.steps, terms), self.switches).work)
        if ensemble.driven is not None:
            for name, sums in ensemble.driven.at(self.steps).items():
                of_row = sums[:, self.place : self.place + 1]
                work[name] = work[name] + of_row if name in work else of_row
        return Leg(
            dynamics=self.dynamics,
            key=key,
            steps=np.array(self.steps, np.int64),
            states=np.stack(self.states),
            variables={name: np.stack([one[name] for one in self.variables]) for name in self.variables[0]},
            ledger=HeatLedger(terms, work),
        )

    def simulation(self, ensemble: Ensemble, steps: int, rows: int) -> Simulation:
        """Return what a simulation of so many rows leaves, each of them the row of the trajectory."""

        def everywhere(row: Any) -> Any:
            return np.broadcast_to(row, (rows, *np.shape(row)))

        return Simulation(
            final=everywhere(self.states[-1]),
            work=everywhere(ensemble.work[self.place]),
            steps=steps,
            engine=ensemble.engine,
            switches=tuple(
                Switch(one.step, *({n: everywhere(v[0]) for n, v in book.items()} for book in (one.before, one.after)))
                for one in self.switches
            ),
            variables={name: everywhere(one) for name, one in self.variables[-1].items()},
        )
