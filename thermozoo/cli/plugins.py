"""``thermozoo plugins``."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from thermozoo.cli.app import context_of
from thermozoo.dynamics.availability import only_looking
from thermozoo.errors import shown
from thermozoo.interfaces import Engine
from thermozoo.registry.catalogue import Catalogue
from thermozoo.registry.postponed import postpone

__all__ = ["plugins", "unusable_engines"]

#: Columns that no line of the table fills.
_WIDE = 1000


def plugins(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the load report as JSON.")] = False,
) -> None:
    """List the installed plugins, where they come from, what failed to load, and which engine is not available and why.

    Example: thermozoo plugins --json
    """
    postpone("sympy")  # every plugin's module imports it; a list of names uses none of it
    context = context_of(ctx)
    catalogue = context.catalogue
    if as_json:
        unusable = unusable_engines(catalogue)
        listed = [{**one, "not_available": _reason(one, unusable)} for one in catalogue.as_json()]
        print(json.dumps(listed, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("kind", "name", "distribution", "module"):
        table.add_column(heading, overflow="fold")
    for record in catalogue.records:
        if record.plugin is not None:
            table.add_row(record.kind, record.name, record.source.title, record.source.target)
    unusable = unusable_engines(catalogue)
    console = Console(highlight=False)
    if not console.is_terminal:  # what reads a pipe looks for whole words, one plugin a line
        console = Console(highlight=False, width=_WIDE)
    console.print(table)
    for name, reason in unusable.items():
        console.print(f"not available: {name}: {reason}", style="yellow", markup=False, soft_wrap=True)
    for record in catalogue.failures:
        console.print(
            f"failed: {record.name} of {record.source.title} ({record.source.target}): {record.error}",
            style="red",
            markup=False,
            soft_wrap=True,
        )
        if context.debug and record.details:
            console.print(record.details, markup=False, soft_wrap=True)


def unusable_engines(catalogue: Catalogue) -> dict[str, str]:
    """Return why engines cannot be used here, by name, of those that cannot."""
    found = {}
    for record in catalogue.records:
        if record.kind != Engine.kind or record.plugin is None:
            continue
        try:
            with only_looking():
                reason = record.plugin().available()  # type: ignore[attr-defined]
        except Exception as error:  # a stranger's
            reason = f"it does not say ({type(error).__name__}: {shown(error, 200)})"
        if reason is not None:
            found[record.name] = str(reason)
    return found


def _reason(record: dict[str, Any], unusable: dict[str, str]) -> str | None:
    return unusable.get(record["name"]) if record["kind"] == Engine.kind else None
