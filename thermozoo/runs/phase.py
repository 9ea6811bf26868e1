"""What a phase of a run is, and what it acts on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from thermozoo.computer.layout import Layout
from thermozoo.config.schema import Config
from thermozoo.config.terms import CouplingTerm
from thermozoo.dynamics.engines import PRECISIONS, Engine
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.extras import Extras
from thermozoo.runs.folder import RunFolder
from thermozoo.runs.machine import Machine
from thermozoo.runs.outcome import Outcome
from thermozoo.runs.progress import Reporter
from thermozoo.runs.results import Report
from thermozoo.runs.terms import count_of
from thermozoo.symbolic.interaction import interaction_formulas

__all__ = ["Calibration", "Clock", "Phase", "Progress", "Run", "Share", "Size"]

Progress = Callable[[int], None]


class Clock:
    """Wall time by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time of a block to a phase."""
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

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

    Attributes
    ----------
    machine : Machine
        What was assembled.
    engine : Engine
        What advances states.
    copies : dict of str to bytes
        Plugin files, as they were loaded, by their names in the folder.
    outcome : Outcome
        What came of the method.
    report : Report
        All figures.
    extras : Extras
        Adds to the folder once the results are in it.
    page : Path or None
        The page; None where it could not be made.
    """

    config: Config
    catalogue: Catalogue
    folder: RunFolder
    reporter: Reporter
    assemble: Callable[[Config], Machine]
    clock: Clock = attrs.field(factory=Clock)
    machine: Machine = attrs.field(init=False)
    engine: Engine = attrs.field(init=False)
    copies: dict[str, bytes] = attrs.field(init=False)
    outcome: Outcome = attrs.field(init=False)
    report: Report = attrs.field(init=False)
    extras: Extras = attrs.field(init=False)
    page: Path | None = attrs.field(init=False, default=None)

    def do(self, phase: Phase) -> None:
        """Go through a phase; one that only adds to the results takes nothing with it where it fails."""
        with contextlib.ExitStack() as around:
            if phase.adds:
                around.enter_context(self.extras.kept(phase.name))
            around.enter_context(self.clock.phase(phase.name))
            progress: Progress = lambda amount: None  # noqa: E731
            if phase.title:
                method = self.outcome.method if phase.repeated else self.config.training.method
                title, work = phase.title.format(method=method), phase.work(self.machine, method)
                progress = around.enter_context(self.reporter.phase(title, work))
            phase.run(self, progress)


@attrs.frozen
class Calibration:
    """What the time of a phase is measured with, in small, before a run.

    Parameters
    ----------
    machine : Machine
        What was assembled.
    engine : Engine
        What the run will use.
    method : str
        The training method.
    progress : callable
        Called with the number of pieces measured since its last call.
    assembly : float
        How long assembling took [second].
    found : dict of str to float
        Seconds of the phases before this one.
    """

    machine: Machine
    engine: Engine
    method: str
    progress: Progress
    assembly: float
    found: dict[str, float]


@attrs.frozen
class Share:
    """A part of what a phase holds.

    Parameters
    ----------
    bytes : int
        How much.
    path : str
        The key that it grows with.
    cause : str
        What it is for, empty for what no config can change.
    also : tuple of str
        Other keys that it grows with.
    lasts : bool
        Whether the phases that follow hold it too: it is theirs, or the allocator does not give it back.
    """

    bytes: int
    path: str
    cause: str = ""
    also: tuple[str, ...] = ()
    lasts: bool = False


@attrs.frozen
class Size:
    """What memory grows with; nothing is allocated to know it.

    Parameters
    ----------
    config : Config
        The run.
    machine : Machine or None
        What was assembled from it, where that is done.
    n, couplings : int
        Units, and couplings of all terms.
    dense : bool
        Whether couplings are blocks, and sums over pairs of units are arrays of n x n.
    """

    config: Config
    machine: Machine | None
    n: int
    couplings: int
    dense: bool

    @classmethod
    def of(cls, config: Config, machine: Machine | None = None) -> Size:
        """Return the size of a run; its couplings are counted, not made."""
        layout = Layout(config.sizes, clamped=config.clamped)
        couplings, dense = count_of(config.connectivity, layout)
        further = [one.connectivity for one in config.terms.values() if isinstance(one, CouplingTerm)]
        couplings += sum(count_of(one, layout)[0] for one in further)
        return cls(config, machine, layout.n, couplings, dense)

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
        """How many terms the energy has."""
        return 3 + len(self.config.terms)

    @property
    def images(self) -> int:
        """Images to train on, as many as are asked for where they are not loaded."""
        if self.machine is not None:
            return self.machine.images
        return len(self.config.data.classes) * max(1, self.config.data.per_class)

    @property
    def itemsize(self) -> int:
        """Bytes of the state of a unit."""
        return np.dtype(PRECISIONS[self.config.dynamics.precision]).itemsize


@attrs.frozen
class Phase:
    """A phase of a run.

    Parameters
    ----------
    name : str
        What the report and an estimate call it.
    title : str
        What its progress is called; empty for one that shows none.
    run : callable
        Does it: adds to the run, and calls what it is given with the work done since its last call.
    seconds : callable
        Returns how long it will take [second], from a calibration.
    bytes : callable
        Returns what it holds, beside what lasts of the phases before it.
    pieces : callable
        Returns what `seconds` reports as progress in all.
    work : callable
        Returns the total that `run` reports; None where it reports nothing.
    repeated : bool
        Whether every method goes through it.
    of_method : bool
        Whether its time depends on the method.
    adds : bool
        Whether it comes after the results, and only adds to them.
    needed : callable
        Returns whether a config asks for it.
    """

    name: str
    title: str
    run: Callable[[Run, Progress], None]
    seconds: Callable[[Calibration], float]
    bytes: Callable[[Size], tuple[Share, ...]] = lambda size: ()
    pieces: Callable[[Config], int] = lambda config: 0
    work: Callable[[Machine, str], int | None] = lambda machine, method: None
    repeated: bool = False
    of_method: bool = False
    adds: bool = False
    needed: Callable[[Config], Any] = lambda config: True
