"""``thermozoo run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thermozoo.cli.app import context_of
from thermozoo.cli.arguments import Assignments, ConfigFile, Quiet, whole_number
from thermozoo.digits import in_ascii, number_text, plus_minus

if TYPE_CHECKING:
    from thermozoo.runs.results import Report

__all__ = ["run"]


def run(
    ctx: typer.Context,
    config: ConfigFile = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Run folder to make. Default: thermozoo-run; without --force the next free number."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(parser=whole_number, metavar="INTEGER", help="Seed; overrides the config's.")
    ] = None,
    assignments: Assignments = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the run folder if it exists.")] = False,
    quiet: Quiet = False,
) -> None:
    """Train a computer on images, let it generate, and report the heat.

    Writes a run folder with config.toml, manifest.json, computer.nc, samples.nc, report.json, report.html and figures.

    Example: thermozoo run --set data.plugin=mnist --set data.path=FOLDER --set generation.samples=100 --out mnist-run
    """
    from thermozoo.cli.progress import Bars
    from thermozoo.config.load import load_config
    from thermozoo.runs.experiment import run_experiment
    from thermozoo.runs.plugin_files import with_copies

    catalogue = with_copies(config, context_of(ctx).catalogue)
    loaded = load_config(config, catalogue, assignments=assignments or (), seed=seed, defer=True)
    done = run_experiment(loaded, catalogue, out, force=force, reporter=Bars(quiet))
    for line in summary(done.report):
        print(line)
    print(f"report: {done.page}" if done.page else f"results: {done.folder}")


def summary(report: Report) -> list[str]:
    """Return the result of a run in a few lines."""
    counts = ", ".join(f"{report.class_names.get(label, label)}: {n}" for label, n in report.class_counts.items())
    several = report.samples > 1
    gain = ""
    if report.likelihood_gain_nats is not None:
        gain = f", likelihood gain {plus_minus(report.likelihood_gain_nats, report.likelihood_gain_se, 2)} nats"
    perfect = "" if report.loss_perfect is None else f" (perfect {report.loss_perfect:g})"
    heat = f"heat {number_text(report.heat_mean_kT)} kT (one sample)"
    if several:
        heat = f"heat {plus_minus(report.heat_mean_kT, report.heat_std_kT, 2)} kT (mean ± standard deviation)"
    if report.thermodynamic_advantage is not None:
        heat += f"; thermodynamic advantage {report.thermodynamic_advantage:.2g}"
    lines = [
        f"trained ({report.method}): loss per step {report.loss_initial:.2f} -> {report.loss_final:.2f}{perfect}{gain}",
        f"generated {report.samples:,} {'images' if several else 'image'} ({counts}; {report.inverted} inverted), "
        f"{'mean best' if several else 'best'} |correlation| {report.mean_best_correlation:.3f}",
        heat,
        f"seed {report.seed}, engine {report.engine}, {sum(report.seconds.values()):.1f} s",
    ]
    return [in_ascii(line) for line in lines]
