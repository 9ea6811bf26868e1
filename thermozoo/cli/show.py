"""``thermozoo show``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from thermozoo.cli.app import context_of
from thermozoo.cli.arguments import build, find_plugins
from thermozoo.cli.streams import foreign_output

__all__ = ["show"]


def show(
    ctx: typer.Context,
    plugin: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE.py", help="An installed plugin (KIND:NAME where two share a name), or a file."
        ),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter or setting of the plugin (repeatable)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Print the formulas as LaTeX.")] = False,
    code: Annotated[bool, typer.Option("--code", help="Print the generated kernel.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw energy, force and Boltzmann density (.png, .pdf or .svg)."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --plot if it exists.")] = False,
) -> None:
    """Show a plugin's formula and all that was derived from it: a wrong sign is easy to see here.

    Example: thermozoo show quartic --plot quartic.png
    """
    from thermozoo.cli.description import draw, show_all  # derives formulas: the help text needs none of that

    out = sys.stdout
    with foreign_output():
        instances = [build(cls, settings or []) for cls in find_plugins(plugin, context_of(ctx).catalogue)]
        if plot is not None:
            draw(instances, plot, force)
        show_all(instances, out, as_json=as_json, latex=latex, code=code)
