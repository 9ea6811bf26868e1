"""``thermozoo run``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from thermozoo.cli.app import context_of
from thermozoo.cli.arguments import Assignments, ConfigFile, Quiet, Seed

__all__ = ["run"]


def run(
    ctx: typer.Context,
    config: ConfigFile = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Run folder to make. Default: thermozoo-run; without --force the next free number."),
    ] = None,
    seed: Seed = None,
    assignments: Assignments = None,
    list_: Annotated[bool, typer.Option("--list", help="List the built-in configs instead.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the run folder if it exists.")] = False,
    quiet: Quiet = False,
) -> None:
    """Do with a computer what the task of a config says: train it on images and let it generate, sample it, ...

    Writes a run folder with config.toml, manifest.json, computer.nc, samples.nc, report.json, report.html and figures.

    Example: thermozoo run --set data.plugin=mnist --set data.path=FOLDER --set generation.samples=100 --out mnist-run
    """
    if list_:
        from thermozoo.config.packaged import DEFAULT, packaged

        width = max(map(len, packaged()))
        for name, sentence in packaged().items():
            print(f"{name:<{width}}  {sentence}{' (default)' if name == DEFAULT else ''}")
        return
    from thermozoo.cli.progress import Bars
    from thermozoo.config.load import parse_file
    from thermozoo.runs.experiment import run_experiment
    from thermozoo.runs.plugin_files import with_copies
    from thermozoo.runs.summary import summary, task_summary
    from thermozoo.runs.task_report import TaskReport

    catalogue = with_copies(config, context_of(ctx).catalogue)
    loaded = parse_file(config, catalogue, assignments=assignments or (), seed=seed)
    done = run_experiment(loaded, catalogue, out, force=force, reporter=Bars(quiet))
    of_task = isinstance(done.report, TaskReport)
    for line in task_summary(done.config.task, done.report) if of_task else summary(done.report):
        print(line)
    print(f"report: {done.page}" if done.page else f"results: {done.folder.path}")
