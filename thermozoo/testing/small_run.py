"""A small run of a task in a temporary folder: what it left, and what its phases did."""

from __future__ import annotations

import contextlib
import json
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from thermozoo.checkpoints.pieces import CURRENT
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.config.plugins import resolved_plugin
from thermozoo.errors import ThermozooError
from thermozoo.registry.catalogue import Catalogue
from thermozoo.registry.sources import Record, Source
from thermozoo.testing.context import Context
from thermozoo.testing.outcomes import CheckFailed

__all__ = ["FILES", "SmallRun", "catalogue_of", "small_run_of"]

#: Files of every run.
FILES = ("config.toml", "computer.nc", "report.json", "manifest.json", "report.html")


@attrs.define(eq=False)
class SmallRun:
    """A small run: what it left, and what its phases did.

    Parameters
    ----------
    report : dict
        What ``report.json`` holds.
    page : str
        The page.
    samples : bytes
        What the data set holds; empty where there is none.
    missing : list of str
        Files that are not there.
    pictures : list of str
        Names of the pictures that the task draws, and those of which there is no file.
    work : dict of str to (int, int)
        What each phase states as its work, and what it reported.
    held : dict of str to (int, int)
        What each phase states as its bytes, and the most that it allocated, where that was traced.
    said : list of str
        What the run warned of.
    machine, engine : object
        What was assembled, and what advanced it.
    """

    report: dict[str, Any] = attrs.field(factory=dict)
    page: str = ""
    samples: bytes = b""
    missing: list[str] = attrs.field(factory=list)
    pictures: list[str] = attrs.field(factory=list)
    undrawn: list[str] = attrs.field(factory=list)
    work: dict[str, tuple[int, int]] = attrs.field(factory=dict)
    held: dict[str, tuple[int, int]] = attrs.field(factory=dict)
    said: list[str] = attrs.field(factory=list)
    machine: Any = None
    engine: Any = None


class _Listener:
    """A reporter that remembers what phases report."""

    def __init__(self, small: SmallRun) -> None:
        self._small = small

    def note(self, text: str) -> None:
        """Say nothing."""

    def warn(self, text: str) -> None:
        """Remember."""
        self._small.said.append(text)

    @contextlib.contextmanager
    def phase(self, title: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Add up what is reported."""
        done: list[int] = []
        yield done.append
        if total is not None:
            self._small.work[title] = (int(total), int(sum(done)))


def catalogue_of(context: Context) -> Catalogue:
    """Return the installed plugins, with the class under test in place of one of its name."""
    cls = context.cls
    others = [r for r in context.plugins().records if (r.kind, r.name) != (cls.kind, cls.name)]
    source = Source("thermozoo.testing", "", "", cls.__module__, dict)
    return Catalogue((*others, Record(name=cls.name, kind=cls.kind, source=source, plugin=cls)))


def _config(context: Context, seed: int) -> Any:
    """Return the config of the small run."""
    small = {key: value for key, value in context.plugin.small().items() if key not in ("seed", "task")}
    tables = {"seed": seed, "task": resolved_plugin(context.plugin), **small}
    try:
        return parse(tables, catalogue_of(context), Origin("small()"))
    except ThermozooError as error:
        raise CheckFailed(f"the config that small() returns is refused: {error}") from error


def small_run_of(context: Context, seed: int, *, traced: bool = False, again: bool = False) -> SmallRun:
    """Go through a small run, once for each seed unless it is wanted again; a traced one is another."""
    kept = vars(context).setdefault("_runs", {})
    if (seed, traced) in kept and not again:
        found: SmallRun = kept[seed, traced]
        return found
    from thermozoo.runs.experiment import run_experiment
    from thermozoo.runs.phase import Run, Size
    from thermozoo.runs.phases import phases_of

    small = SmallRun()
    config = _config(context, seed)
    do: Any = Run.do

    def followed(run: Any, phase: Any) -> None:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        journal: Any = CURRENT.get()
        waiting = journal.waiting
        do(run, phase)
        _, peak = tracemalloc.get_traced_memory()
        copies = max(0, journal.waiting - waiting)  # for checkpoints, which are the run's and not the phase's
        small.held[phase.name] = (0, max(0, peak - before - copies))

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as around:
        if traced:
            tracemalloc.start()
            around.callback(tracemalloc.stop)
            setattr(Run, "do", followed)  # noqa: B010 - mypy takes no assignment to a method
            around.callback(setattr, Run, "do", do)
        try:
            done = run_experiment(config, catalogue_of(context), Path(folder) / "run", reporter=_Listener(small))
        except ThermozooError as error:
            raise CheckFailed(f"its small run is refused: {error}") from error
        if traced:
            size = Size.of(done.config, done.machine)
            stated = {one.name: sum(share.bytes for share in one.bytes(size)) for one in phases_of(done.config)}
            small.held = {name: (stated[name], peak) for name, (_, peak) in small.held.items()}
        small.machine, small.engine = done.machine, done.engine
        _look(small, done, Path(folder) / "run")
    kept[seed, traced] = small
    return small


def _look(small: SmallRun, done: Any, folder: Path) -> None:
    small.missing = [name for name in FILES if not (folder / name).is_file()]
    if not small.missing:
        small.report = json.loads((folder / "report.json").read_text("utf-8"))
        small.page = (folder / "report.html").read_text("utf-8")
    if (folder / "samples.nc").is_file():
        from thermozoo.computer.datasets import read_dataset

        data = read_dataset(folder / "samples.nc")
        small.samples = b"".join(
            np.ascontiguousarray(data[name].values).tobytes() for name in sorted(map(str, data.variables))
        )
    if "task" in small.report:
        task = done.config.task
        small.pictures = list(task.pictures(done.figures, done.samples))
    drawn = {path.stem for path in (folder / "figures").glob("*.*")}
    small.undrawn = [name for name in small.pictures if name not in drawn]
