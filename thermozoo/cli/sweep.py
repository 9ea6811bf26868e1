"""``thermozoo sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
import typer

from thermozoo.cli.app import context_of
from thermozoo.cli.arguments import Assignments, ConfigFile, Quiet, Seed

if TYPE_CHECKING:
    from thermozoo.registry.catalogue import Catalogue
    from thermozoo.sweeps.identity import Identity

__all__ = ["sweep"]


def sweep(
    ctx: typer.Context,
    config: ConfigFile = None,
    over: Annotated[
        list[str] | None,
        typer.Option("--over", metavar="KEY=V1,V2,...", help="A key of the config and its values. Repeatable: a grid."),
    ] = None,
    together: Annotated[
        bool, typer.Option("--together", help="First values make a point, second ones the next: a list, no grid.")
    ] = False,
    show: Annotated[
        list[str] | None,
        typer.Option("--show", metavar="COLUMN", help="A column of the table for the figure. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to make, or to go on in. Default: the next free thermozoo-sweep.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Go on with the sweep in this folder, whose config it takes.")
    ] = None,
    seed: Seed = None,
    assignments: Assignments = None,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first point that fails.")] = False,
    allow_faulty: Annotated[
        bool, typer.Option("--allow-faulty", help="Run the other points where some have faults in their config.")
    ] = False,
    keep_failed: Annotated[
        bool, typer.Option("--keep-failed", help="Leave points that failed as they are, instead of running them again.")
    ] = False,
    workers: Annotated[
        int,
        typer.Option(min=1, max=1024, metavar="N", help="Processes that run points at once; they share the threads."),
    ] = 1,
    quiet: Quiet = False,
) -> None:
    """Run a config at many values of its keys: a run folder a point, one table, one figure.

    All points are checked before the first is run. Writes sweep.json, points/0001 and so on, table.csv, table.nc and
    sweep.png. The same command with the same --out goes on: what is completed is kept, what failed or was interrupted
    is run again, further values get further numbers. All points have the same seed, unless it is swept.

    Exit code 0 if every point is completed, 1 if one failed.

    Example: thermozoo sweep --over dynamics.duration=5,10,20 --over seed=1,2,3 --out sweep-of-durations
    """
    from thermozoo.cli.progress import Bars
    from thermozoo.sweeps.experiment import run_sweep
    from thermozoo.sweeps.folder import begin, go_on
    from thermozoo.sweeps.points import states_text

    catalogue, identity = _asked(ctx, config, over, together, resume, seed, assignments)
    if resume is None:
        folder, identity = begin(identity, out)
    else:
        if out is not None:
            raise typer.BadParameter("--resume goes on in its own folder: leave --out out")
        folder, identity = resume, go_on(resume, identity)
    done = run_sweep(
        identity,
        folder,
        catalogue,
        show=show or (),
        fail_fast=fail_fast,
        allow_faulty=allow_faulty,
        keep_failed=keep_failed,
        workers=workers,
        reporter=Bars(quiet),
    )
    print(states_text(list(done.table.states)))
    print(f"table: {folder / 'table.csv'}, {folder / 'table.nc'}")
    if done.drawn:
        print(f"figure: {folder / 'sweep.png'}")
    if done.failed:
        raise typer.Exit(1)


def _asked(
    ctx: typer.Context,
    config: str | None,
    over: list[str] | None,
    together: bool,
    resume: Path | None,
    seed: int | None,
    assignments: list[str] | None,
) -> tuple[Catalogue, Identity]:
    """Return the plugins, and the sweep as it would begin now."""
    from thermozoo.config.read import override, read_config
    from thermozoo.config.standard_input import is_standard_input, read_standard_input
    from thermozoo.runs.plugin_files import with_copies
    from thermozoo.sweeps.identity import Identity, read_identity
    from thermozoo.sweeps.over import read_over

    if resume is not None:
        if config is not None or over or together or seed is not None or assignments:
            raise typer.BadParameter("--resume takes config, keys and values from its folder: leave them out")
        known, catalogue = read_identity(resume), context_of(ctx).catalogue
        now = attrs.evolve(
            Identity.of(known.source, known.config, known.over, together=known.together, catalogue=catalogue),
            points=known.points,
            drawn=known.drawn,
        )
        return catalogue, now
    if not over:
        raise typer.BadParameter("--over KEY=V1,V2,... is missing: a key of the config and its values")
    keys = read_over(over, together=together)
    catalogue = with_copies(config, context_of(ctx).catalogue)
    source, written = read_standard_input() if is_standard_input(config) else read_config(config)
    tables = override(written, assignments or ())
    if seed is not None:
        tables["seed"] = seed
    return catalogue, Identity.of(source, tables, keys, together=together, catalogue=catalogue)
