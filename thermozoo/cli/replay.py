"""``thermozoo replay``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from thermozoo.cli.app import context_of
from thermozoo.cli.arguments import Quiet

__all__ = ["replay"]


def replay(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder of a run.")],
    trajectory: Annotated[int, typer.Option(help="Number of the trajectory, from 0.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to make. Default: beside that of the run, FOLDER-trajectory-K or the next number."),
    ] = None,
    every: Annotated[
        int | None, typer.Option(help="Steps from one observation to the next. Default: about 200 observations.")
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Go on where thermozoo, a plugin or the engine is not that of the run.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Let one trajectory of a run do again what it did, alone and bit for bit: its states, energies and heat over time.

    Writes a folder with trajectory.nc, trajectory.png and replay.json, and says whether its last state is that of
    samples.nc.

    Example: thermozoo replay thermozoo-run --trajectory 17
    """
    from thermozoo.cli.progress import Bars
    from thermozoo.digits import in_ascii
    from thermozoo.errors import DataError
    from thermozoo.runs.replay import prepare_replay
    from thermozoo.runs.replay_folder import replay_lines, replay_place, write_replay

    reporter = Bars(quiet)
    prepared = prepare_replay(folder, trajectory, lambda: context_of(ctx).catalogue, every=every)
    if not anyway:
        prepared.check()
    for change in prepared.changes:
        reporter.warn(in_ascii(f"{change}; bits may be others"))
    with replay_place(out, folder, trajectory) as place:
        with reporter.phase(f"trajectory {trajectory}", None) as progress:
            prepared.run.progress = progress
            legs, compared = prepared.do()
        write_replay(place, prepared, legs, compared)
    for line in replay_lines(prepared, legs, compared):
        print(line)
    print(f"trajectory: {place}")
    off = [one.name for one in compared if one.differing and one.name != "heat"]
    if off and not prepared.changes:
        raise DataError(f"{', '.join(off)}: not what samples.nc holds, though nothing that is known has changed")
