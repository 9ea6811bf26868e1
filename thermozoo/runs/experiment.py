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
from thermozoo.dynamics.engines import Dynamics, Engine, engine_for
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.assemble import Machine, assemble_machine
from thermozoo.runs.budget import bytes_text, check_memory
from thermozoo.runs.figures import draw_figures
from thermozoo.runs.folder import run_folder, write_json, write_text
from thermozoo.runs.manifest import manifest
from thermozoo.runs.method import Clock, Outcome, run_method
from thermozoo.runs.page import render_page
from thermozoo.runs.progress import Reporter
from thermozoo.runs.report import comparison_row, hardware_figures
from thermozoo.runs.samples import samples_dataset
from thermozoo.runs.training import sampled_trajectories

__all__ = ["engine_of", "run_experiment"]


def run_experiment(
    config: Config, catalogue: Catalogue, target: Path, *, force: bool = False, reporter: Reporter
) -> dict[str, Any]:
    """Assemble, train, judge and run the computer of a config, and write its run folder.

    Parameters
    ----------
    config : Config
        Checked config.
    catalogue : Catalogue
        Where its plugins came from.
    target : Path
        The run folder to make.
    force : bool
        Whether a run folder of that name is replaced.
    reporter : Reporter
        Shows progress.

    Returns
    -------
    dict
        What ``report.json`` holds.
    """
    clock = Clock()
    with run_folder(target, force) as folder:
        with clock.phase("assembly"):
            machine = assemble_machine(config)
        reporter.note(f"memory: about {bytes_text(check_memory(config, machine))} at most")
        if not math.isclose(config.duration, config.dynamics.duration, rel_tol=1e-9):
            reporter.note(
                f"duration: {config.duration:.9g}, in {config.steps:,} whole steps of {config.dynamics.dt:g}, instead "
                f"of dynamics.duration = {config.dynamics.duration:.9g}"
            )
        engine = engine_of(machine)
        # "auto" depends on what has been compiled before: the config that is kept says what ran
        config = config.with_engine(engine.name)
        machine = attrs.evolve(machine, config=config)
        outcome = run_method(machine, engine, config.training.method, reporter, clock)
        report: dict[str, Any] = {
            **outcome.figures,
            "engine": engine.name,
            "seed": config.seed,
            "config_digest": hashlib.sha256(tomli_w.dumps(config.resolved).encode()).hexdigest(),
            "parameter_digest": outcome.training.computer.digest(),
        }
        hardware = hardware_figures(machine, report["heat_mean_kT"])
        if hardware is not None:
            report["hardware"] = hardware
        if config.training.compare:
            with clock.phase("comparison"):
                report["comparison"] = _compare(machine, engine, outcome, reporter)
        with clock.phase("figures"), reporter.phase("figures", None):
            pictures = draw_figures(machine, machine.noising(engine), outcome, report.get("comparison", ()))
        with clock.phase("files"):
            _write(folder, machine, catalogue, engine, outcome, report, pictures, clock)
    return report


def engine_of(machine: Machine) -> Engine:
    """Return the engine of a machine's config."""
    config = machine.config
    dynamics = Dynamics(machine.computer, config.integrator, config.dynamics.dt, config.dynamics.precision)
    return engine_for(config.dynamics.engine, dynamics, _trajectories(machine), config.steps)


def _trajectories(machine: Machine) -> int:
    """Return how many trajectories a run follows, to choose an engine by."""
    config = machine.config
    methods = {config.training.method, *config.training.compare}
    each = 2 * config.generation.samples + config.training.held_out
    return len(methods) * each + sum(sampled_trajectories(machine, m) for m in methods)


def _compare(machine: Machine, engine: Engine, done: Outcome, reporter: Reporter) -> list[dict[str, Any]]:
    """Return one row for each method that the config compares; the run's own method is not run twice."""
    rows = []
    for method in machine.config.training.compare:
        outcome = done
        if method != done.training.method:
            outcome = run_method(machine, engine, method, reporter, Clock())
        rows.append(comparison_row(outcome.figures, outcome.training.seconds))
    return rows


def _write(
    folder: Path,
    machine: Machine,
    catalogue: Catalogue,
    engine: Engine,
    outcome: Outcome,
    report: dict[str, Any],
    pictures: dict[str, bytes],
    clock: Clock,
) -> None:
    """Write every file of the run folder; the page comes last because it shows the seconds."""
    config_toml = tomli_w.dumps(machine.config.resolved)
    write_text(folder / "config.toml", config_toml)
    save_computer(outcome.training.computer, folder / "computer.nc")
    for w, computer in enumerate(outcome.training.windows):
        save_computer(computer, folder / f"computer-window-{w + 1}.nc")
    write_dataset(samples_dataset(machine, outcome.generated), folder / "samples.nc")
    (folder / "figures").mkdir()
    for name, png in pictures.items():
        (folder / "figures" / f"{name}.png").write_bytes(png)
    report["seconds"] = {name: round(value, 3) for name, value in clock.seconds.items()}
    about = manifest(machine.config, catalogue, report, engine.details)
    write_json(folder / "report.json", report)
    write_json(folder / "manifest.json", about)
    write_text(folder / "report.html", render_page(report, config_toml, pictures, about))
