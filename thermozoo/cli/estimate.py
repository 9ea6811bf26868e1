"""``thermozoo estimate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from thermozoo.cli.app import context_of

__all__ = ["estimate"]


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
    from thermozoo.runs.estimate import estimate_run, measured_assembly
    from thermozoo.runs.experiment import engine_of

    loaded = load_config(config, context_of(ctx).catalogue, assignments=assignments or (), seed=None)
    with Bars().phase("calibration", None):
        machine, assembly = measured_assembly(lambda: assemble_machine(loaded))
        engine = engine_of(machine)
        found = estimate_run(machine, assembly, engine)
    if as_json:
        print(json.dumps({**found.as_json(), "engine": engine.name}, indent=2))
        return
    for phase, amount in found.seconds.items():
        print(f"{phase:<12}{amount:8.1f} s")
    print(f"{'in all':<12}{found.total:8.1f} s with the {engine.name} engine")
    if found.memory is not None:
        print(f"{'memory':<12}{found.memory / 2**20:8.0f} MiB at most")
    print(f"{'disk':<12}{found.disk / 2**20:8.0f} MiB in the run folder")
