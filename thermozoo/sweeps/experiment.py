"""A sweep under way: every point is checked, then run in a folder of its own, and what came of it is kept at once."""

from __future__ import annotations

import contextlib
import shlex
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from thermozoo.checkpoints.stopping import left_behind
from thermozoo.checkpoints.store import FOLDER
from thermozoo.computer.datasets import replace_file
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.config.read import assign, override
from thermozoo.config.schema import Config
from thermozoo.digits import bytes_text
from thermozoo.errors import (
    BudgetError,
    CheckpointError,
    ConfigError,
    DataError,
    OutputError,
    ThermozooError,
    shown,
)
from thermozoo.plotting.style import png_bytes
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.budget import check_memory, machine_memory
from thermozoo.runs.experiment import resume_experiment, run_experiment
from thermozoo.runs.place import TakenError
from thermozoo.runs.plugin_files import plugin_arguments
from thermozoo.runs.progress import Reporter
from thermozoo.runs.regained import begins_there
from thermozoo.sweeps.folder import make
from thermozoo.sweeps.identity import Identity
from thermozoo.sweeps.over import assignment_text
from thermozoo.sweeps.picture import draw_table, shown_names, unknown_names
from thermozoo.sweeps.points import Point, points_in, states_text
from thermozoo.sweeps.table import Table
from thermozoo.sweeps.workers import work_together

__all__ = ["Sweep", "run_sweep"]

#: Points that a fault names; of more, their number is said.
_NAMED = 3


@attrs.frozen
class Sweep:
    """What came of a sweep.

    Parameters
    ----------
    folder : Path
        Where it is.
    table : Table
        What there is now.
    drawn : bool
        Whether ``sweep.png`` shows it.
    """

    folder: Path
    table: Table
    drawn: bool

    @property
    def failed(self) -> int:
        """How many points failed."""
        return self.table.states.count("failed")


def run_sweep(
    identity: Identity,
    folder: Path,
    catalogue: Catalogue,
    *,
    show: Sequence[str] = (),
    fail_fast: bool = False,
    allow_faulty: bool = False,
    keep_failed: bool = False,
    workers: int = 1,
    reporter: Reporter,
) -> Sweep:
    """Run the points of a sweep that are not completed, and write what all of them report into one table and figure.

    A completed point is never run again; one that failed or was interrupted is. A point that another process has in
    hand is left to it, so several processes may share a folder.

    Parameters
    ----------
    identity : Identity
        The sweep, which the folder says of itself as well.
    folder : Path
        Its folder.
    catalogue : Catalogue
        The plugins.
    show : sequence of str
        Numbers of the reports for the figure.
    fail_fast : bool
        Whether the first point that fails is the last that is run.
    allow_faulty : bool
        Whether points whose config has faults are kept as failed, and the others are run.
    keep_failed : bool
        Whether points that failed are left as they are.
    workers : int
        How many processes run points at the same time; see `work_together`.
    reporter : Reporter
        Shows progress.

    Raises
    ------
    ConfigError
        With every fault of every point that is to be run, before the first is.
    """
    points = points_in(folder, identity)
    states = [point.state for point in points]
    reporter.note(states_text(states))
    leave = ("completed", "in flight", *(("failed",) if keep_failed else ()))
    waiting = [point for point, state in zip(points, states, strict=True) if state not in leave]
    faulty, held = _check(identity, waiting, catalogue, allow_faulty=allow_faulty, reporter=reporter)
    if workers > 1:
        _say_memory(held, workers, reporter)
    make(folder, identity)
    try:
        for point in waiting:
            if point.number in faulty:
                _fail(point, "\n".join(faulty[point.number]), reporter)
        sound = [point for point in waiting if point.number not in faulty]
        if fail_fast and faulty:
            sound = []
        if workers > 1:
            for point in sound:
                point.forget_failure()
            work_together(sound, folder, catalogue, workers, fail_fast=fail_fast, reporter=reporter)
        else:
            _in_turn(identity, sound, catalogue, leave=leave, fail_fast=fail_fast, reporter=reporter)
        if fail_fast and any(point.state == "failed" for point in waiting):
            reporter.warn("stopped at the first point that failed (--fail-fast)")
    except (KeyboardInterrupt, OutputError):
        command = f"thermozoo sweep --resume {shlex.quote(str(folder))}{plugin_arguments(catalogue)}"
        left_behind(f": {states_text([point.state for point in points])}; go on with {command}")
        with contextlib.suppress(OutputError):  # where the disk is full, the table of before stays
            _write(Table.of(identity, points), folder)
        raise
    except BaseException:
        _write(Table.of(identity, points), folder)
        raise
    table = Table.of(identity, points)
    _write(table, folder)
    for line in unknown_names(table, show):
        reporter.warn(line)
    return Sweep(folder, table, _draw(table, folder, show, reporter))


def _in_turn(
    identity: Identity,
    points: Sequence[Point],
    catalogue: Catalogue,
    *,
    leave: Sequence[str],
    fail_fast: bool,
    reporter: Reporter,
) -> None:
    """Run one point after the other, but those that another process has taken by then, and those that it died of."""
    untouched = {point.number for point in points if point.state == "to do"}
    for point in points:
        state = point.state
        if state in leave or (state == "interrupted" and point.number in untouched):
            continue
        reporter.note(f"{point.text} ({point.number} of {len(identity.points)})")
        _run(identity, point, catalogue, reporter)
        if fail_fast and point.state == "failed":
            return


def _write(table: Table, folder: Path) -> None:
    table.write_csv(folder)
    table.write_netcdf(folder)


def _draw(table: Table, folder: Path, show: Sequence[str], reporter: Reporter) -> bool:
    names = shown_names(table, show)
    if not names:
        return False
    try:
        content = png_bytes(draw_table(table, names))
    except (ThermozooError, ValueError, ArithmeticError, TypeError) as error:
        reporter.warn(f"sweep.png: missing, it cannot be drawn: {shown(error, 200)}")
        return False
    replace_file(folder / "sweep.png", lambda path: path.write_bytes(content))
    return True


def _run(identity: Identity, point: Point, catalogue: Catalogue, reporter: Reporter) -> None:
    """Run a point; what goes wrong is said at once and kept beside its folder.

    Raises
    ------
    OutputError
        When it cannot be written: nor can the others.
    """
    try:
        point.forget_failure()
        if not _gone_on(point, catalogue, reporter):
            config = _config(identity, point, catalogue)
            # the folder of a point is this sweep's own: what an interrupted run has left there is replaced
            run_experiment(config, catalogue, point.folder, force=point.folder.exists(), reporter=reporter)
    except OutputError as error:
        if not isinstance(error, TakenError):
            raise
        _fail(point, str(error), reporter)
    except ThermozooError as error:
        _fail(point, str(error), reporter)
    except MemoryError as error:
        _fail(point, f"out of memory: {error or 'no more is left'}", reporter)
    except Exception as error:  # of a plugin, or ours: the other points know nothing of it
        _fail(point, f"{type(error).__name__}: {error}", reporter, traceback.format_exc())


def _gone_on(point: Point, catalogue: Catalogue, reporter: Reporter) -> bool:
    """Let an interrupted run go on from its checkpoints; return whether there were any that it could go on from.

    Raises
    ------
    OutputError
        When its folder cannot be written: the checkpoints stay.
    """
    if begins_there(point.folder) or not (point.folder / FOLDER).is_dir():
        return False
    try:
        resume_experiment(point.folder, catalogue, reporter=reporter)
    except (CheckpointError, DataError) as error:
        reporter.note(f"{point.text}: begins again: {error}")
        return False
    return True


def _fail(point: Point, reason: str, reporter: Reporter, details: str = "") -> None:
    for line in reason.splitlines() or [""]:
        reporter.warn(f"{point.text}: {line}")
    point.failed(f"{reason}\n{details}")


def _config(identity: Identity, point: Point, catalogue: Catalogue) -> Config:
    """Return the config of a point: that of the sweep with the values that the point has."""
    tables = override(identity.config, ())
    try:
        for key, value in point.values.items():
            assign(tables, key, value)
    except ValueError as error:
        raise ConfigError([f"--over {shown(key)}: {error}"]) from None
    options = {key: f"--over {key}" for key in point.values}
    return parse(tables, catalogue, Origin(identity.source, (), options))


def _check(
    identity: Identity, points: Sequence[Point], catalogue: Catalogue, *, allow_faulty: bool, reporter: Reporter
) -> tuple[dict[int, list[str]], list[int]]:
    """Assemble every point; raise with all faults, or return those of the points that have some, and others' bytes."""
    found: dict[int, list[str]] = {}
    held: list[int] = []
    with reporter.phase("checking the points", len(points)) as progress:
        for point in points:
            try:
                machine = assemble_machine(_config(identity, point, catalogue))
                held.append(check_memory(machine.config, machine))
            except (ConfigError, BudgetError) as error:
                found[point.number] = str(error).splitlines()
            progress(1)
    if found and not (allow_faulty and len(found) < len(points)):
        raise ConfigError(list(_grouped(found, {point.number: point.values for point in points})))
    return found, held


def _say_memory(held: Sequence[int], workers: int, reporter: Reporter) -> None:
    """Say what the largest points hold where they are run at the same time, and warn where this machine has less."""
    together = sorted(held)[-workers:]
    if len(together) < 2:
        return
    text = f"{len(together)} points at the same time hold about {bytes_text(sum(together))} of memory at most"
    there = machine_memory()
    if there is not None and sum(together) > there:
        reporter.warn(f"{text}, and this machine has {bytes_text(there)}: take fewer --workers")
    else:
        reporter.note(text)


def _grouped(found: Mapping[int, Sequence[str]], values: Mapping[int, Mapping[str, Any]]) -> Iterator[str]:
    """Yield every fault once, with the points that have it."""
    having: dict[str, list[int]] = {}
    for number, lines in found.items():
        for line in lines:
            having.setdefault(line, []).append(number)
    for line, numbers in having.items():
        if len(numbers) == len(values):
            yield f"{line} (at every point)" if len(values) > 1 else line
            continue
        told = "; ".join(assignment_text(values[number]) for number in numbers[:_NAMED])
        more = f"; and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
        yield f"{line} (at {told}{more})"
