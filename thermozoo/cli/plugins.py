"""``thermozoo plugins``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from thermozoo.cli.app import context_of
from thermozoo.registry.postponed import postpone

__all__ = ["plugins"]

#: Columns that no line of the table fills.
_WIDE = 1000


def plugins(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the load report as JSON.")] = False,
) -> None:
    """List the installed plugins, where they come from, and what failed to load and why.

    Example: thermozoo plugins --json
    """
    postpone("sympy")  # every plugin's module imports it; a list of names uses none of it
    context = context_of(ctx)
    catalogue = context.catalogue
    if as_json:
        print(json.dumps(catalogue.as_json(), indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("kind", "name", "distribution", "module"):
        table.add_column(heading, overflow="fold")
    for record in catalogue.records:
        if record.plugin is not None:
            table.add_row(record.kind, record.name, record.source.title, record.source.target)
    console = Console(highlight=False)
    if not console.is_terminal:  # what reads a pipe looks for whole words, one plugin a line
        console = Console(highlight=False, width=_WIDE)
    console.print(table)
    for record in catalogue.failures:
        console.print(
            f"failed: {record.name} of {record.source.title} ({record.source.target}): {record.error}",
            style="red",
            markup=False,
            soft_wrap=True,
        )
        if context.debug and record.details:
            console.print(record.details, markup=False, soft_wrap=True)
