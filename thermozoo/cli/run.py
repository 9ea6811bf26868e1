"""``thermozoo run``."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thermozoo.cli.app import context_of
from thermozoo.cli.arguments import Assignments, ConfigFile, Quiet, Seed

if TYPE_CHECKING:
    from thermozoo.config.schema import Config
    from thermozoo.registry.catalogue import Catalogue

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
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Go on with the run that was stopped in this folder; with CONFIG, begin it there if need be.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Do with a computer what the task of a config says: train it on images and let it generate, sample it, ...

    Writes a run folder with config.toml, manifest.json, computer.nc, samples.nc, report.json, report.html and figures.

    On the way there are checkpoints in it: whatever stops a run, --resume DIR goes on with it, to the same bits.

    Example: thermozoo run --set data.plugin=mnist --set data.path=FOLDER --set generation.samples=100 --out mnist-run
    """
    if list_:
        from thermozoo.config.packaged import DEFAULT, packaged

        width = max(map(len, packaged()))
        for name, sentence in packaged().items():
            print(f"{name:<{width}}  {sentence}{' (default)' if name == DEFAULT else ''}")
        return
    from thermozoo.checkpoints.stopping import listening
    from thermozoo.cli.progress import Bars
    from thermozoo.cli.signals import Watchdog
    from thermozoo.config.load import parse_file
    from thermozoo.runs.experiment import resume_experiment, run_experiment
    from thermozoo.runs.plugin_files import with_copies
    from thermozoo.runs.regained import begins_there
    from thermozoo.runs.summary import summary, task_summary
    from thermozoo.runs.task_report import TaskReport

    def killable(signum: int) -> str | None:
        one = listening()
        return None if one is None else one.remark()

    plugins, reporter = context_of(ctx).catalogue, Bars(quiet)
    with Watchdog(killable):
        if resume is not None and (out is not None or force):
            raise typer.BadParameter("--resume goes on in its own folder: leave --out and --force out")
        if resume is None or (config is not None and begins_there(resume)):
            out, force = (out, force) if resume is None else (resume, resume.is_dir())
            catalogue = with_copies(config, plugins)
            loaded = parse_file(config, catalogue, assignments=assignments or (), seed=seed)
            done = run_experiment(loaded, catalogue, out, force=force, reporter=reporter)
        else:
            given = functools.partial(_given_again, config, assignments or [], seed)
            again = config is not None or assignments or seed is not None
            done = resume_experiment(resume, plugins, given=given if again else None, reporter=reporter)
    of_task = isinstance(done.report, TaskReport)
    for line in task_summary(done.config.task, done.report) if of_task else summary(done.report):
        print(line)
    print(f"report: {done.page}" if done.page else f"results: {done.folder.path}")


def _given_again(
    config: str | None, assignments: list[str], seed: int | None, catalogue: Catalogue, tables: Mapping[str, Any]
) -> Config:
    """Return the config that the command line gives for a run that goes on: a file, or what changes in its own."""
    from thermozoo.config.faults import Origin
    from thermozoo.config.load import parse_file
    from thermozoo.config.parse import parse
    from thermozoo.config.read import override

    if config is not None:
        return parse_file(config, catalogue, assignments=assignments, seed=seed)
    changed = override(dict(tables), assignments)
    return parse(changed if seed is None else changed | {"seed": seed}, catalogue, Origin("--set"))
