"""``thermozoo estimate``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from thermozoo.cli.app import context_of
from thermozoo.cli.arguments import Assignments, ConfigFile, Quiet
from thermozoo.cli.duration import duration_text
from thermozoo.cli.streams import foreign_output

if TYPE_CHECKING:
    from thermozoo.runs.estimate import Estimate

__all__ = ["bias_lines", "estimate", "lines"]


def estimate(
    ctx: typer.Context,
    config: ConfigFile = None,
    assignments: Assignments = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the estimate as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Say how long a run will take here and how many bytes, from a calibration, and what its time step costs in bias.

    Example: thermozoo estimate --set generation.samples=10000
    """
    from thermozoo.cli.progress import Bars
    from thermozoo.config.load import parse_file
    from thermozoo.runs.assemble import assemble_machine
    from thermozoo.runs.engine import engine_of
    from thermozoo.runs.estimate import estimate_run, estimate_work, measured_assembly
    from thermozoo.runs.plugin_files import with_copies

    bars = Bars(quiet)
    with foreign_output():
        catalogue = with_copies(config, context_of(ctx).catalogue)
        loaded = parse_file(config, catalogue, assignments=assignments or (), seed=None)
        with bars.phase("assembly", None):
            machine, assembly = measured_assembly(lambda: assemble_machine(loaded))
        engine = engine_of(machine)
        with bars.phase("calibration", estimate_work(loaded)) as progress:
            found = estimate_run(machine, assembly, engine, progress)
    if as_json:
        print(json.dumps({**found.as_json(), "engine": engine.name}, indent=2))
        return
    by = machine.config.generation_integrator.name if found.step_bias else ""
    for line in (*lines(found, engine.name), *bias_lines(found, by)):
        print(line)


def lines(found: Estimate, engine: str) -> list[str]:
    """Return an estimate as a table."""
    from thermozoo.digits import bytes_text

    rows = [(phase, duration_text(amount), "") for phase, amount in found.seconds.items()]
    rows.append(("in all", duration_text(found.total), f" with the {engine} engine"))
    rows.append(("memory", bytes_text(found.memory), " at most"))
    rows.append(("disk", bytes_text(found.disk), " in the run folder"))
    # numbers and units in columns of their own
    return [f"{name:<12}{value.split()[0]:>8} {value.split()[1]}{remark}" for name, value, remark in rows]


def bias_lines(found: Estimate, integrator: str) -> list[str]:
    """Return what the time step costs in bias, beside a quarter and the double of it."""
    if not found.step_bias:
        return []
    rows = [("dt", "products", "at the start", "at the end", "heat")]
    for one in found.step_bias:
        values = (one.start_kT, one.end_kT, one.heat_kT)
        shown = ["unstable" if value is None else f"{value:+.1f} kT" for value in values]
        rows.append((f"{one.dt:.6g}", f"{one.products:,}", shown[0], shown[1], shown[2]))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "",
        f"bias of the time step ({integrator}) in the energy of a picture's units, each uncoupled and in equilibrium,",
        "at the start and as a signal holds it at the end, and in the heat for that; coupled units in motion add to it",
        *("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows),
    ]
