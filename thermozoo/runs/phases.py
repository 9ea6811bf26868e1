"""The phases of a run, in order: what each does, how long it will take and what it will hold.

The run, its progress, an estimate and the check of memory read this list. Here are those of a run that trains on images
and generates; what other tasks have around their own is in `thermozoo.runs.surroundings`.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import math
from pathlib import Path

import attrs
import tomli_w

from thermozoo.computer.datasets import write_dataset
from thermozoo.config.schema import Config
from thermozoo.digits import in_ascii
from thermozoo.runs import calibration, memory
from thermozoo.runs.device import device_of
from thermozoo.runs.extras import Extras
from thermozoo.runs.figures import draw_figures
from thermozoo.runs.folder import write_json, write_text
from thermozoo.runs.generation import equilibration_of
from thermozoo.runs.images import check_steps, generate_images
from thermozoo.runs.imperfect import heat_counted, imperfect_of
from thermozoo.runs.manifest import manifest
from thermozoo.runs.metrics import (
    comparison_row,
    generation_figures,
    images_of,
    judged_figures,
    outputs_of,
    training_figures,
)
from thermozoo.runs.outcome import Outcome
from thermozoo.runs.phase import Calibration, Clock, Phase, Progress, Run
from thermozoo.runs.preflight import try_figures
from thermozoo.runs.report_file import report_json
from thermozoo.runs.results import ComparisonRow, Figures, Report
from thermozoo.runs.samples import samples_dataset
from thermozoo.runs.sharded_evaluation import evaluate_trained
from thermozoo.runs.sharded_moments import sum_up_for
from thermozoo.runs.surroundings import assemble, prepare, surrounded
from thermozoo.runs.training import train_parts, training_work
from thermozoo.runs.window_heat import run_warnings
from thermozoo.training.noising_process import NoisingProcess

__all__ = ["PHASES", "generation_phases", "other_methods", "phases_of"]


def phases_of(config: Config) -> list[Phase]:
    """Return the phases of a run: those of its task, and around them those that all runs have."""
    return surrounded(config.task.phases(config))


def generation_phases(config: Config) -> list[Phase]:
    """Return the phases of a run that trains on images and generates, as far as a config asks for them."""
    return [phase for phase in PHASES if phase.needed(config)]


def other_methods(config: Config) -> list[str]:
    """Return the methods that a config compares with its own, each once."""
    return [method for method in dict.fromkeys(config.training.compare) if method != config.training.method]


def _prepare(run: Run, progress: Progress) -> None:
    """Say how long generation takes, prepare, and try in small what will be reported."""
    config = run.config
    generating = config.generation_steps * config.generation_dt
    if not math.isclose(generating, config.duration, rel_tol=1e-9):
        run.reporter.note(
            f"generation: {generating:.9g}, in {config.generation_steps:,} whole steps of {config.generation_dt:g}, "
            f"instead of {config.duration:.9g}"
        )
    prepare(run, progress)
    try_figures(run.machine, run.engine)
    run.outcome = Outcome(run.machine, run.engine, config.training.method)


def _train(run: Run, progress: Progress) -> None:
    machine, outcome = run.machine, run.outcome
    outcome.trained = train_parts(machine, outcome.engine, outcome.method, progress, functools.partial(sum_up_for, run))
    outcome.realised = tuple(run.realise(one.program) for one in outcome.trained)
    for program in outcome.realised:
        check_steps(attrs.evolve(machine.generating, computer=program, schedule=machine.schedule))


def _evaluate(run: Run, progress: Progress) -> None:
    run.outcome.initial, run.outcome.held_out = evaluate_trained(run)


def _generate(run: Run, progress: Progress) -> None:
    run.outcome.generated = generate_images(run, progress)


def _judge(run: Run, progress: Progress) -> None:
    machine, outcome = run.machine, run.outcome
    outputs, correlations = outputs_of(machine, outcome.generated)
    outcome.figures = Figures.of(
        training_figures(machine, outcome.initial, outcome.held_out, *outcome.trained),
        generation_figures(machine, outcome.generated, correlations),
        judged_figures(
            machine,
            outputs,
            correlations,
            untrained=images_of(machine, outcome.generated.start),
            asked=outcome.generated.condition,
        ),
    )


def _write_results(run: Run, progress: Progress) -> None:
    """Write all results, or none; from here on nothing is lost."""
    config_toml = tomli_w.dumps(run.config.resolved)
    figures = run.outcome.figures
    run.report = Report.of(
        figures,
        engine=run.engine.name,
        seed=run.config.seed,
        config_digest=hashlib.sha256(config_toml.encode()).hexdigest(),
        parameter_digest=run.outcome.digest,
        hardware=device_of(run.config, run.config.task.cost(figures, run.config)),
        imperfections=imperfect_of(run.config, *run.asked) or None,
        heat_counted=heat_counted(run.config),
        warnings=run_warnings(run.machine, run.outcome.generated),
        seconds=run.clock.rounded,
    )
    content, strange = report_json(run.report)
    if strange:
        run.reporter.warn(f"report: {', '.join(strange)} {'is' if len(strange) == 1 else 'are'} no finite number")
    for text in run.report.warnings:
        run.reporter.warn(in_ascii(text))
    about = manifest(run.config, run.catalogue, run.report, run.engine.details)

    def write(folder: Path) -> None:
        write_text(folder / "config.toml", config_toml)
        for name, source in run.copies.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(source)
        run.outcome.save(folder / "computer.nc")
        write_dataset(samples_dataset(run.machine, run.outcome.generated), folder / "samples.nc")
        write_json(folder / "report.json", content)
        write_json(folder / "manifest.json", about)

    run.folder.fill(write)
    run.extras = Extras(run.folder, run.reporter)


def _compare(run: Run, progress: Progress) -> None:
    """Go through the phases of a method with each other method that the config compares."""
    rows = {run.outcome.method: _row(run)}
    for method in other_methods(run.config):
        other = copy.copy(run)
        other.clock, other.outcome = Clock(), Outcome(run.machine, run.engine, method)
        for phase in PHASES:
            if phase.repeated:
                other.do(phase)
        rows[method] = _row(other)
    run.report = attrs.evolve(run.report, comparison=tuple(rows[m] for m in run.config.training.compare))


def _row(run: Run) -> ComparisonRow:
    return comparison_row(run.outcome.figures, sum(one.seconds for one in run.outcome.trained))


def _compare_seconds(of: Calibration) -> float:
    """Return the seconds of every other method: what depends on the method is measured, the rest is known."""
    others = [attrs.evolve(of, method=method) for method in other_methods(of.machine.config)]
    repeated = [phase for phase in PHASES if phase.repeated]
    return sum(p.seconds(other) if p.of_method else of.found[p.name] for other in others for p in repeated)


def _draw(run: Run, progress: Progress) -> None:
    noising = NoisingProcess(run.machine.noising, run.engine)
    run.extras.draw(draw_figures(run.machine, noising, run.outcome, run.report.comparison or ()))


def _write_page(run: Run, progress: Progress) -> None:
    run.report = attrs.evolve(run.report, seconds=run.clock.rounded)
    about = manifest(run.config, run.catalogue, run.report, run.engine.details)
    run.page = run.extras.page(tomli_w.dumps(run.config.resolved), run.report, about)


PHASES: tuple[Phase, ...] = (
    Phase("assembly", "", assemble, lambda of: of.assembly, memory.assembly),
    Phase(
        "preparation",
        "preparation",
        _prepare,
        calibration.preparation_seconds,
        memory.preparation,
        pieces=lambda config: 1,
    ),
    Phase(
        "training",
        "training ({method})",
        _train,
        calibration.training_seconds,
        memory.training,
        pieces=lambda config: 2 * calibration.TRAINING,
        work=lambda run: training_work(run.machine, run.outcome.method),
        repeated=True,
        of_method=True,
    ),
    Phase(
        "evaluation",
        "held-out noising",
        _evaluate,
        calibration.evaluation_seconds,
        memory.evaluation,
        pieces=lambda config: 2,
        repeated=True,
    ),
    Phase(
        "generation",
        "generation",
        _generate,
        calibration.generation_seconds,
        memory.generation,
        pieces=lambda config: 5,  # observations, and twice each of two laws of motion
        work=lambda run: (
            run.config.generation_steps + equilibration_of(run.machine.generating, run.config.equilibration)
        ),
        repeated=True,
    ),
    Phase(
        "judging",
        "judging",
        _judge,
        calibration.judging_seconds,
        memory.judging,
        pieces=lambda config: 1,
        repeated=True,
    ),
    Phase("results", "", _write_results, calibration.writing_seconds, memory.results),
    Phase(
        "comparison",
        "",
        _compare,
        _compare_seconds,
        memory.comparison,
        pieces=lambda config: len(other_methods(config)) * sum(p.pieces(config) for p in PHASES if p.of_method),
        adds=True,
        needed=lambda config: config.training.compare,
    ),
    Phase("figures", "figures", _draw, lambda of: calibration.DRAWING, memory.figures, adds=True),
    Phase("page", "", _write_page, lambda of: calibration.PAGE, adds=True),
)
