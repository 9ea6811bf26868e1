"""A whole run: config in, folder with results, figures and report out."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import attrs
import tomli_w

from thermozoo.computer.files import save_computer, write_dataset
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Engine
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.assemble import Machine, assemble_machine
from thermozoo.runs.budget import bytes_text, check_memory
from thermozoo.runs.engine import engine_note, engine_of
from thermozoo.runs.extras import Extras
from thermozoo.runs.figures import draw_figures
from thermozoo.runs.folder import run_folder, write_json, write_text
from thermozoo.runs.manifest import manifest, plugin_copies, provenance
from thermozoo.runs.method import Clock, run_method
from thermozoo.runs.metrics import comparison_row, hardware_figures
from thermozoo.runs.phases import Outcome
from thermozoo.runs.preflight import try_figures, try_last_phases, warm_up
from thermozoo.runs.progress import Reporter
from thermozoo.runs.report_file import report_json
from thermozoo.runs.results import ComparisonRow, Report
from thermozoo.runs.samples import samples_dataset
from thermozoo.training.noising import NoisingProcess

__all__ = ["Finished", "run_experiment"]


@attrs.frozen
class Finished:
    """A run that is done.

    Parameters
    ----------
    report : Report
        What ``report.json`` holds.
    folder : Path
        Where the results are: the folder that was asked for, unless they could not go there.
    page : Path or None
        The page; None where it could not be made.
    """

    report: Report
    folder: Path
    page: Path | None


def run_experiment(
    config: Config, catalogue: Catalogue, target: Path | None, *, force: bool = False, reporter: Reporter
) -> Finished:
    """Assemble, train, judge and run the computer of a config, and write its run folder.

    The folder is claimed before anything is computed. The results are written as soon as they are there; what comes
    after them, a comparison of methods, figures and the page, takes nothing with it where it fails or is interrupted.

    Parameters
    ----------
    config : Config
        Checked config.
    catalogue : Catalogue
        Where its plugins came from.
    target : Path or None
        The run folder to make; None for the next free number.
    force : bool
        Whether a run folder of that name is replaced, once the results are there.
    reporter : Reporter
        Shows progress.
    """
    clock = Clock()
    with run_folder(target, force, reporter.warn) as folder:
        with clock.phase("assembly"):
            machine = assemble_machine(config)
        config = machine.config  # where every size is a number
        reporter.note(f"memory: about {bytes_text(check_memory(config, machine))} at most")
        if not math.isclose(config.duration, config.dynamics.duration, rel_tol=1e-9):
            reporter.note(
                f"duration: {config.duration:.9g}, in {config.steps:,} whole steps of {config.dynamics.dt:g}, instead "
                f"of dynamics.duration = {config.dynamics.duration:.9g}"
            )
        with clock.phase("assembly"), reporter.phase("preparation", None):
            try_last_phases(machine, folder)
            engine = engine_of(machine)
            reporter.note(engine_note(machine, engine))
            warm_up(machine, engine)
            try_figures(machine, engine)
        # "auto" depends on what has been compiled before: the config that is kept says what ran
        config = config.with_engine(engine.name)
        machine = attrs.evolve(machine, config=config)
        config_toml = tomli_w.dumps(config.resolved)
        copies = plugin_copies(config, catalogue)
        provenance(config, catalogue)  # tried before the run, as all that is written after it
        outcome = run_method(machine, engine, config.training.method, reporter, clock)
        report = Report.of(
            outcome.figures,
            engine=engine.name,
            seed=config.seed,
            config_digest=hashlib.sha256(config_toml.encode()).hexdigest(),
            parameter_digest=outcome.training.computer.digest(),
            hardware=hardware_figures(machine, outcome.figures.heat_mean_kT),
            seconds=clock.rounded,
        )
        strange = report_json(report)[1]
        if strange:
            reporter.warn(f"report: {', '.join(strange)} {'is' if len(strange) == 1 else 'are'} no finite number")
        about = manifest(config, catalogue, report, engine.details)
        folder.fill(lambda place: _write(place, machine, outcome, config_toml, copies, report, about))
        extras = Extras(folder, reporter)
        if config.training.compare:
            with extras.kept("comparison"), clock.phase("comparison"):
                report = attrs.evolve(report, comparison=_compare(machine, engine, outcome, reporter))
        with clock.phase("figures"), reporter.phase("figures", None):
            process = NoisingProcess(machine.noising, engine)
            extras.draw(draw_figures(machine, process, outcome, report.comparison or ()))
        report = attrs.evolve(report, seconds=clock.rounded)
        page = extras.page(config_toml, report, manifest(config, catalogue, report, engine.details))
    return Finished(report, folder.path, page)


def _compare(machine: Machine, engine: Engine, done: Outcome, reporter: Reporter) -> tuple[ComparisonRow, ...]:
    """Return one row for each method that the config compares; the run's own method is not run twice."""
    rows = []
    for method in machine.config.training.compare:
        outcome = done
        if method != done.training.method:
            outcome = run_method(machine, engine, method, reporter, Clock())
        rows.append(comparison_row(outcome.figures, outcome.training.seconds))
    return tuple(rows)


def _write(
    folder: Path,
    machine: Machine,
    outcome: Outcome,
    config_toml: str,
    copies: dict[str, bytes],
    report: Report,
    about: dict[str, Any],
) -> None:
    """Write the results."""
    write_text(folder / "config.toml", config_toml)
    for name, content in copies.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    save_computer(outcome.training.computer, folder / "computer.nc")
    for w, computer in enumerate(outcome.training.windows):
        save_computer(computer, folder / f"computer-window-{w + 1}.nc")
    write_dataset(samples_dataset(machine, outcome.generated), folder / "samples.nc")
    write_json(folder / "report.json", report_json(report)[0])
    write_json(folder / "manifest.json", about)
