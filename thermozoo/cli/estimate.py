"""``thermozoo estimate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thermozoo.cli.app import context_of

if TYPE_CHECKING:
    from thermozoo.runs.estimate import Estimate

__all__ = ["duration_text", "estimate", "lines"]


def estimate(
    ctx: typer.Context,
    config: Annotated[
        Path | None, typer.Argument(help="Config file (TOML). Default: the built-in three-digit computer.")
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override one key, as table.key=value. Repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the estimate as JSON.")] = False,
) -> None:
    """Say how long a run will take here and how many bytes, from a calibration of some seconds.

    Example: thermozoo estimate --set generation.samples=10000
    """
    from thermozoo.cli.progress import Bars
    from thermozoo.config.load import load_config
    from thermozoo.runs.assemble import assemble_machine
    from thermozoo.runs.estimate import estimate_run, estimate_work, measured_assembly
    from thermozoo.runs.experiment import engine_of
    from thermozoo.runs.plugin_files import with_copies

    catalogue = with_copies(config, context_of(ctx).catalogue)
    loaded = load_config(config, catalogue, assignments=assignments or (), seed=None, defer=True)
    bars = Bars()
    with bars.phase("assembly", None):
        machine, assembly = measured_assembly(lambda: assemble_machine(loaded))
    engine = engine_of(machine)
    with bars.phase("calibration", estimate_work(loaded)) as progress:
        found = estimate_run(machine, assembly, engine, progress)
    if as_json:
        print(json.dumps({**found.as_json(), "engine": engine.name}, indent=2))
        return
    for line in lines(found, engine.name):
        print(line)


def lines(found: Estimate, engine: str) -> list[str]:
    """Return an estimate as a table."""
    from thermozoo.runs.budget import bytes_text

    rows = [(phase, duration_text(amount), "") for phase, amount in found.seconds.items()]
    rows.append(("in all", duration_text(found.total), f" with the {engine} engine"))
    rows.append(("memory", bytes_text(found.memory), " at most"))
    rows.append(("disk", bytes_text(found.disk), " in the run folder"))
    # numbers and units in columns of their own
    return [f"{name:<12}{value.split()[0]:>8} {value.split()[1]}{remark}" for name, value, remark in rows]


def duration_text(seconds: float) -> str:
    """Return a time in the unit that makes it short: seconds up to two minutes, minutes up to two hours, ..."""
    for unit, size, most in (("s", 1, 120), ("min", 60, 120), ("h", 3600, 48)):
        if seconds < most * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 86400:,.1f} days"
