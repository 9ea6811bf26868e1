"""The phases that all runs have, around the work of a task: assembly and preparation, results, figures and page."""

from __future__ import annotations

import functools
import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import tomli_w

from thermozoo.computer.datasets import write_dataset
from thermozoo.computer.files import save_computer
from thermozoo.digits import in_ascii
from thermozoo.errors import PluginError
from thermozoo.interfaces import Picture, Task
from thermozoo.plotting.style import new_figure, png_bytes, styled
from thermozoo.runs import memory
from thermozoo.runs.checkpoints import check_engine
from thermozoo.runs.device import device_of
from thermozoo.runs.disk import predicted_disk
from thermozoo.runs.engine import engine_note, engine_of
from thermozoo.runs.extras import Extras
from thermozoo.runs.folder import write_json, write_text
from thermozoo.runs.imperfect import heat_counted, imperfect_of
from thermozoo.runs.manifest import manifest, plugin_copies, provenance
from thermozoo.runs.page.task import render_task_page
from thermozoo.runs.phase import Calibration, Phase, Progress, Run
from thermozoo.runs.preflight import check_libraries, try_last_phases, warm_up
from thermozoo.runs.stopwatch import seconds
from thermozoo.runs.task_report import TaskReport, task_report_json

__all__ = ["assemble", "drawings_of", "prepare", "surrounded"]

#: Seconds of figures and of the page; bytes a second that are written, with their digests.
_DRAWING, _PAGE, _WRITTEN = 4.0, 1.0, 1e8

#: What pictures are called: they are names of files. An animation has the first, in tasks that generate.
_NAME = re.compile(r"(?!generation$)[a-z][a-z0-9]*(-[a-z0-9]+)*")


def surrounded(work: Sequence[Phase]) -> list[Phase]:
    """Return the phases of a run, of those that its task has; one of a name that all runs have stands in its place."""
    own = {phase.name: phase for phase in work}
    common = {phase.name for phase in (*_BEFORE, *_AFTER)}
    others = [phase for phase in work if phase.name not in common]
    results, *after = (own.get(phase.name, phase) for phase in _AFTER)
    return [
        *(own.get(phase.name, phase) for phase in _BEFORE),
        *(phase for phase in others if not phase.adds),
        results,
        *(phase for phase in others if phase.adds),
        *after,
    ]


def assemble(run: Run, progress: Progress) -> None:
    """Assemble what the run is about."""
    run.machine = run.assemble(run.config)
    run.config = run.machine.config  # where every size is a number


def prepare(run: Run, progress: Progress) -> None:
    """Try what the last phases need, choose the engine and compile."""
    config, machine, note = run.config, run.machine, run.reporter.note
    if not math.isclose(config.duration, config.dynamics.duration, rel_tol=1e-9):
        note(
            f"duration: {config.duration:.9g}, in {config.steps:,} whole steps of {config.dynamics.dt:g}, instead "
            f"of dynamics.duration = {config.dynamics.duration:.9g}"
        )
    try_last_phases(machine, run.folder)
    run.engine = engine_of(machine)
    check_engine(run)
    note(engine_note(machine, run.engine))
    counted = heat_counted(config)
    if counted is not None:
        note(f"heat: counted {counted}, with the work of a force that no energy has, as couplings are asymmetric")
    warm_up(machine, run.engine)
    # "auto" depends on what has been compiled before: the config that is kept says what ran
    run.config = config.with_engine(run.engine.name)
    run.machine = attrs.evolve(machine, config=run.config)
    run.copies = plugin_copies(run.config, run.catalogue)
    provenance(run.config, run.catalogue)  # tried before the run, as all that is written after it


def _preparation_seconds(of: Calibration) -> float:
    """Return the seconds of preparation, once kernels are compiled; they are by now, for the run as well."""
    warm_up(of.machine, of.engine)
    found = seconds(check_libraries)
    of.progress(1)
    return found


def _write_results(run: Run, progress: Progress) -> None:
    """Write all results, or none; from here on nothing is lost."""
    task = run.config.task
    _check_figures(task, run.figures)
    config_toml = tomli_w.dumps(run.config.resolved)
    computer = run.machine.computer if run.trained is None else run.trained
    run.report = TaskReport(
        task=task.name,
        figures=run.figures,
        engine=run.engine.name,
        seed=run.config.seed,
        config_digest=hashlib.sha256(config_toml.encode()).hexdigest(),
        parameter_digest=computer.digest(),
        hardware=device_of(run.config, task.cost(run.figures, run.config)),
        imperfections=imperfect_of(run.config, *(run.asked or run.machine.asked_for)) or None,
        heat_counted=heat_counted(run.config),
        warnings=tuple(run.warnings),
        seconds=run.clock.rounded,
    )
    content, strange = task_report_json(run.report)
    if strange:
        run.reporter.warn(f"report: {', '.join(strange)} {'is' if len(strange) == 1 else 'are'} no finite number")
    for text in run.report.warnings:
        run.reporter.warn(in_ascii(text))
    about = _manifest(run)

    def write(folder: Path) -> None:
        write_text(folder / "config.toml", config_toml)
        for name, source in run.copies.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(source)
        save_computer(computer, folder / "computer.nc")
        if run.samples is not None:
            write_dataset(run.samples, folder / "samples.nc")
        write_json(folder / "report.json", content)
        write_json(folder / "manifest.json", about)

    run.folder.fill(write)
    run.extras = Extras(run.folder, run.reporter)


def _check_figures(task: Task, figures: Any) -> None:
    """Refuse what is not of the class of figures that a task declares."""
    declared = task.figures
    if declared is None or not isinstance(figures, declared):
        expected = "a class of figures" if declared is None else f"an instance of {declared.__name__}"
        raise PluginError(
            f"task {task.name!r} left {type(figures).__name__} as the figures of the run; expected {expected}: its "
            "last phase sets run.figures, and its attribute figures is their class"
        )


def _manifest(run: Run) -> dict[str, Any]:
    """Return the manifest, with the names of the pictures: a run that replaces this one knows by them what is whose."""
    names = list(run.config.task.pictures(run.figures, run.samples))
    return manifest(run.config, run.catalogue, run.report, run.engine.details) | {"pictures": names}


def drawings_of(task: Task, figures: Any, samples: Any) -> dict[str, Callable[[], bytes]]:
    """Return what draws the pictures of a task, by name.

    Raises
    ------
    PluginError
        When a picture has a name that is none of a file.
    """
    found: Mapping[str, Picture] = task.pictures(figures, samples)
    for name in found:
        if not _NAME.fullmatch(name):
            raise PluginError(
                f"task {task.name!r} calls a picture {name!r}: expected lower-case words joined with hyphens, and not "
                "'generation'"
            )
    return {name: functools.partial(_png, one) for name, one in found.items()}


@styled
def _png(picture: Picture) -> bytes:
    figure = new_figure(picture.height)
    picture.draw(figure)
    return png_bytes(figure)


def _draw(run: Run, progress: Progress) -> None:
    run.extras.draw(drawings_of(run.config.task, run.figures, run.samples))


def _write_page(run: Run, progress: Progress) -> None:
    run.report = attrs.evolve(run.report, seconds=run.clock.rounded)
    content, _ = task_report_json(run.report)
    about, toml, task = _manifest(run), tomli_w.dumps(run.config.resolved), run.config.task
    captions = {name: one.caption for name, one in task.pictures(run.figures, run.samples).items()}
    run.page = run.extras.write_page(
        content,
        about,
        lambda pictures, missing: render_task_page(task, run.report, toml, pictures, captions, about, missing),
    )


_BEFORE = (
    Phase("assembly", "", assemble, lambda of: of.assembly, memory.computer_assembly),
    Phase(
        "preparation",
        "preparation",
        prepare,
        _preparation_seconds,
        memory.computer_preparation,
        pieces=lambda config: 1,
    ),
)

_AFTER = (
    Phase("results", "", _write_results, lambda of: predicted_disk(of.machine) / _WRITTEN, memory.computer_results),
    Phase("figures", "figures", _draw, lambda of: _DRAWING, memory.drawing, adds=True),
    Phase("page", "", _write_page, lambda of: _PAGE, adds=True),
)
