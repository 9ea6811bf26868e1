"""What the phases of a run act on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

import attrs

from thermozoo.arguments import count
from thermozoo.checkpoints.pieces import kept, rounds, turn
from thermozoo.clock import since
from thermozoo.computer.computer import Computer
from thermozoo.computer.program import Program
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Dynamics, Engine
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import Simulation, simulate
from thermozoo.interfaces import Phase, Progress, Share
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.extras import Extras
from thermozoo.runs.folder import RunFolder
from thermozoo.runs.foreseen import Calibration, Size
from thermozoo.runs.imperfect import Reader, realised, realised_program, storing
from thermozoo.runs.progress import Reporter
from thermozoo.runs.workers import WORKERS
from thermozoo.shards.executors import Kept

__all__ = ["Calibration", "Clock", "Phase", "Progress", "Run", "Share", "Size", "own_key"]

#: What training finds.
Trained = TypeVar("Trained", bound="Computer | Program")

#: The first stream of noise that is none of the core's.
_OWN_STREAMS = 100


def own_key(seed: int, stream: int) -> NoiseKey:
    """Return the key of a number from 0 to 899 by which a task calls its noise.

    Raises
    ------
    ParameterError
        When it is another number: that noise is of another use.
    """
    return NoiseKey(seed, _OWN_STREAMS + count("stream", stream, at_most=999 - _OWN_STREAMS))


class Clock:
    """Wall time by phase."""

    def __init__(self, seconds: Mapping[str, float] = MappingProxyType({})) -> None:
        self.seconds: dict[str, float] = dict(seconds)
        self._begun: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time of a block to a phase."""
        self._begun[name] = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + since(self._begun.pop(name))

    @property
    def so_far(self) -> dict[str, float]:
        """The times with those of phases under way."""
        running = {name: self.seconds.get(name, 0.0) + since(begun) for name, begun in self._begun.items()}
        return {**self.seconds, **running}

    @property
    def rounded(self) -> dict[str, float]:
        """The times as the report holds them."""
        return {name: round(value, 3) for name, value in self.seconds.items()}


@attrs.define(eq=False)
class Run:
    """A run that is under way; every phase adds its part.

    Parameters
    ----------
    config : Config
        What is run; once the engine is chosen, with its name.
    catalogue : Catalogue
        Where the plugins came from.
    folder : RunFolder
        Where the results go.
    reporter : Reporter
        Shows progress.
    assemble : callable
        Makes the machine of a config.
    clock : Clock
        Where the seconds of every phase are added up.
    begun : mapping
        What the checkpoint says from which it goes on; empty for a run that begins.

    Attributes
    ----------
    machine : Setup, or what the task makes instead
        What was assembled.
    engine : Engine
        What advances states.
    copies : dict of str to bytes
        Plugin files, as they were loaded, by their names in the folder.
    outcome : object
        What came of the work so far; the task's own.
    figures : object
        What a task found, of its class of figures.
    samples : xarray.Dataset or None
        What it keeps in ``samples.nc``.
    read : Reader
        Reads states as the device does.
    store : callable
        Returns what the device keeps of parameters that an update of training writes.
    trained : Computer, Program or None
        What a task has trained, which is saved in place of the machine's computer; see `realise`.
    asked : tuple of Computer
        The computers that training has asked the device to be.
    warnings : list of str
        What is to be doubted about the figures, with a remedy.
    report : Report or TaskReport
        All figures.
    extras : Extras
        Adds to the folder once the results are in it.
    page : Path or None
        The page; None where it could not be made.
    phase : Phase or None
        The phase that is under way.
    shared : int
        How often work was shared out.
    executor : Kept or None
        The workers, while one phase after the other has something for them to do.
    """

    config: Config
    catalogue: Catalogue
    folder: RunFolder
    reporter: Reporter
    assemble: Callable[[Config], Any]
    clock: Clock = attrs.field(factory=Clock)
    begun: Mapping[str, Any] = attrs.field(factory=dict)
    machine: Any = attrs.field(init=False)
    engine: Engine = attrs.field(init=False)
    copies: dict[str, bytes] = attrs.field(init=False)
    outcome: Any = attrs.field(init=False, default=None)
    figures: Any = attrs.field(init=False, default=None)
    samples: Any = attrs.field(init=False, default=None)
    read: Reader = attrs.field(init=False, default=attrs.Factory(lambda self: Reader(self.config), takes_self=True))
    store: Callable[[Any], Any] = attrs.field(
        init=False, default=attrs.Factory(lambda self: storing(self.config) or (lambda values: values), takes_self=True)
    )
    trained: Any = attrs.field(init=False, default=None)
    asked: tuple[Computer, ...] = attrs.field(init=False, default=())
    warnings: list[str] = attrs.field(init=False, factory=list)
    report: Any = attrs.field(init=False)
    extras: Extras = attrs.field(init=False)
    page: Path | None = attrs.field(init=False, default=None)
    phase: Phase | None = attrs.field(init=False, default=None)
    shared: int = attrs.field(init=False, default=0)
    executor: Kept | None = attrs.field(init=False, default=None)

    def do(self, phase: Phase) -> None:
        """Go through a phase; one that only adds to the results takes nothing with it where it fails."""
        if self.executor is not None and not self._has_workers(phase):
            self.end_workers()
        with contextlib.ExitStack() as around:
            if phase.adds:
                around.enter_context(self.extras.kept(phase.name))
            around.enter_context(self.clock.phase(phase.name))
            around.enter_context(turn(phase.name))
            progress: Progress = lambda amount: None  # noqa: E731
            if phase.title:
                method = self.outcome.method if phase.repeated else self.config.method
                progress = around.enter_context(
                    self.reporter.phase(phase.title.format(method=method), phase.work(self))
                )
            around.callback(setattr, self, "phase", self.phase)
            self.phase = phase
            phase.run(self, progress)

    def _has_workers(self, phase: Phase) -> bool:
        """Return whether a phase states bytes of workers."""
        return any(share.path == WORKERS for share in phase.bytes(Size.of(self.config, self.machine)))

    def end_workers(self) -> None:
        """Let workers go: what they hold is no longer needed."""
        if self.executor is not None:
            self.executor.close()
        self.executor = None

    def realise(self, trained: Trained) -> Trained:
        """Return what the device is once it is asked to be what training has found: this is what runs from then on.

        The report says what became of it, and ``computer.nc`` keeps what was trained. Without imperfections it is the
        same.

        Parameters
        ----------
        trained : Computer or Program
            What was found; each of several, one after the other.

        Examples
        --------
        In a phase of a task, once the ideal computer ``run.machine.ideal`` has become ``found``::

            run.machine = attrs.evolve(run.machine, computer=run.realise(found))
        """
        self.trained = trained
        if isinstance(trained, Program):
            self.asked += trained.computers
            return cast(Trained, realised_program(self.config, trained))
        self.asked += (trained,)
        return cast(Trained, realised(self.config, trained))

    def simulate(self, x: Any, steps: int, *, stream: int, dynamics: Dynamics | None = None, **more: Any) -> Simulation:
        """Advance states by the run's engine; see `thermozoo.dynamics.simulate.simulate`.

        Parameters
        ----------
        x : array_like, shape (trajectories, n)
            Initial states.
        steps : int
            Steps to do.
        stream : int
            Number of the noise, from 0 to 899: of one seed, each number has noise of its own.
        dynamics : Dynamics, optional
            The law of motion (default: that of the machine).
        **more
            Further arguments: ``every``, ``observers``, ``progress``, ``variables``, ``first_step``, ...
        """
        key = own_key(self.config.seed, stream)
        return simulate(dynamics or self.machine.dynamics, x, steps, key=key, engine=self.engine, **more)

    def share(
        self,
        do: Callable[[Any], Mapping[str, Any]],
        trajectories: int,
        progress: Progress | None = None,
        *,
        rows: Mapping[str, Any] = MappingProxyType({}),
        given: Any = None,
        work: int | None = None,
    ) -> dict[str, Any]:
        """Return what a method of the task makes of trajectories: of all at once, or of parts that others do.

        Where the config has a table ``[run]``, its workers do so many at a time as `Task.together` says, and what comes
        of them is put together: to the same bits, whoever did what and when. Otherwise the method is called once.

        Parameters
        ----------
        do : callable
            A method of the task, which is given a `thermozoo.runs.parts.Part`: what it returns follows from that
            alone. It returns a dict of arrays, or of such dicts: each array has one row for each trajectory, or one for
            all of the part, and those of all parts are put together along this axis.
        trajectories : int
            How many there are.
        progress : callable, optional
            Called with the work done since its last call.
        rows : mapping
            Arrays with one row for each trajectory, or dicts of such, as an earlier share returned them: a part has its
            own rows.
        given : object
            What all parts are given: numbers, texts, arrays, and lists, tuples and dicts of them.
        work : int, optional
            What `progress` is called with in all (default: the work that the phase states).
        """
        from thermozoo.runs.parts import share_out  # which knows of runs

        return share_out(self, do, trajectories, progress, rows, given, work)

    def kept(self, name: str, compute: Callable[[], Any]) -> Any:
        """Return what a function returns, or what it returned before the run was stopped and went on.

        What a phase computes by `simulate`, or by `rounds`, is kept by itself. Anything else is computed again when a
        run goes on, unless it is kept by this.

        Parameters
        ----------
        name : str
            What it is; letters, digits and hyphens.
        compute : callable
            Returns numbers, texts, arrays, and lists, tuples and dicts of them, which follow from the config.
        """
        return kept(name, compute)

    def rounds(
        self,
        name: str,
        count: int,
        take: Callable[[], Any],
        put: Callable[[Any], None],
        progress: Progress | None = None,
    ) -> Iterator[int]:
        """Yield 0, 1, ..., `count` - 1, from where the run was stopped: a loop whose state is saved between its rounds.

        Parameters
        ----------
        name : str
            What is done; letters, digits and hyphens.
        count : int
            How many rounds.
        take : callable
            Returns all that the rounds have changed: numbers, texts, arrays, and lists, tuples and dicts of them.
        put : callable
            Is given what `take` returned, and puts it back.
        progress : callable, optional
            Called with the number of rounds that had been done, where the run goes on.
        """
        return rounds(name, count, take, put, progress=progress)
