"""A whole run: config in, folder with results, figures and report out."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import tomli_w

from thermozoo.computer.files import save_computer, write_dataset
from thermozoo.computer.stability import check_time_step
from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import engine_for
from thermozoo.registry.catalogue import Catalogue
from thermozoo.runs.assemble import Machine, assemble_machine
from thermozoo.runs.figures import draw_figures
from thermozoo.runs.folder import run_folder, write_json, write_text
from thermozoo.runs.generation import Generated, generate
from thermozoo.runs.page import render_page
from thermozoo.runs.progress import Reporter
from thermozoo.runs.report import generation_figures, hardware_figures, training_figures
from thermozoo.runs.samples import samples_dataset
from thermozoo.runs.training import train, training_work
from thermozoo.training.evaluate import evaluate

__all__ = ["run_experiment"]

_VERSIONS = ("thermozoo", "numpy", "scipy", "numba", "sympy", "xarray", "matplotlib", "scikit-learn")


class _Clock:
    """Wall time by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


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
    clock = _Clock()
    with run_folder(target, force) as folder:
        with clock.phase("assemble"):
            machine = assemble_machine(config)
        engine = engine_for(config.dynamics.engine, _trajectory_steps(machine) * machine.computer.n)
        method = config.training.method
        with (
            clock.phase("training"),
            reporter.phase(f"training ({method})", training_work(machine, method)) as progress,
        ):
            training = train(machine, engine, method, progress)
        computers = training.windows or (training.computer,)
        for computer in computers:
            check_time_step(computer, config.dynamics.dt)
        process = machine.noising(engine)
        with clock.phase("evaluation"), reporter.phase("held-out noising", None):
            initial, held_out = evaluate(
                computers, process, machine.loss, seed=config.seed, trajectories=config.training.held_out
            )
        with clock.phase("generation"), reporter.phase("generation", 2 * config.steps) as progress:
            generated = generate(
                computers,
                config.integrator,
                dt=config.dynamics.dt,
                steps=config.steps,
                precision=config.dynamics.precision,
                samples=config.generation.samples,
                seed=config.seed,
                engine=engine,
                progress=progress,
            )
        figures_report = generation_figures(machine, generated)
        report: dict[str, Any] = {
            **training_figures(initial, held_out, training),
            **figures_report,
            "hardware": hardware_figures(machine, figures_report["heat_mean_kT"]),
            "engine": engine.name,
            "seed": config.seed,
            "config_digest": hashlib.sha256(tomli_w.dumps(config.resolved).encode()).hexdigest(),
            "parameter_digest": training.computer.digest(),
        }
        if report["hardware"] is None:
            del report["hardware"]
        with clock.phase("figures"), reporter.phase("figures", None):
            pictures = draw_figures(machine, process, training, initial, held_out, generated)
        with clock.phase("files"):
            _write(folder, machine, catalogue, training, generated, report, pictures, clock)
    return report


def _trajectory_steps(machine: Machine) -> int:
    """Return how many trajectory-steps a run has, to choose an engine by."""
    config = machine.config
    noising = config.training.held_out + training_work(machine, config.training.method)
    return config.steps * (2 * config.generation.samples + noising)


def _write(
    folder: Path,
    machine: Machine,
    catalogue: Catalogue,
    training: Any,
    generated: Generated,
    report: dict[str, Any],
    pictures: dict[str, bytes],
    clock: _Clock,
) -> None:
    """Write every file of the run folder; the page comes last because it shows the seconds."""
    config_toml = tomli_w.dumps(machine.config.resolved)
    write_text(folder / "config.toml", config_toml)
    save_computer(training.computer, folder / "computer.nc")
    for w, computer in enumerate(training.windows):
        save_computer(computer, folder / f"computer-window-{w + 1}.nc")
    write_dataset(samples_dataset(machine, generated), folder / "samples.nc")
    (folder / "figures").mkdir()
    for name, png in pictures.items():
        (folder / "figures" / f"{name}.png").write_bytes(png)
    report["seconds"] = {name: round(value, 3) for name, value in clock.seconds.items()}
    manifest = _manifest(machine, catalogue, report)
    write_json(folder / "report.json", report)
    write_json(folder / "manifest.json", manifest)
    write_text(folder / "report.html", render_page(report, config_toml, pictures, manifest))


def _manifest(machine: Machine, catalogue: Catalogue, report: dict[str, Any]) -> dict[str, Any]:
    config = machine.config
    used = [
        *{p.name: (p.kind, p.name) for p in config.potentials.values()}.values(),
        *((p.kind, p.name) for p in (
            config.connectivity, config.integrator, config.objective, config.protocol, config.dataset
        )),
    ]  # fmt: skip
    plugins = [catalogue.record(kind, name) for kind, name in used]
    return {
        "versions": {name: metadata.version(name) for name in _VERSIONS},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "plugins": [
            {
                "kind": r.kind,
                "name": r.name,
                "distribution": r.source.distribution,
                "version": r.source.version or None,
            }
            for r in plugins
        ],
        "seed": report["seed"],
        "config_digest": report["config_digest"],
        "parameter_digest": report["parameter_digest"],
        "engine": report["engine"],
        "precision": config.dynamics.precision,
        "noise": "philox4x32-10, Box-Muller",
        "seconds": report["seconds"],
        "config_source": Path(config.source).name,
    }
