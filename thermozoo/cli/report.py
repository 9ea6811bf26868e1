"""``thermozoo report``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from thermozoo.cli.app import context_of

__all__ = ["report"]


def report(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder of a run.")],
) -> None:
    """Make the page of a run folder again, from its other files.

    Replaces report.html and nothing else. A figure that is not in the folder is drawn again where it can be.

    Example: thermozoo report thermozoo-run
    """
    from thermozoo.runs.saved import page_again

    page = page_again(folder, lambda: context_of(ctx).catalogue, lambda text: print(text, file=sys.stderr))
    print(f"report: {page}")
