"""``thermozoo verify``."""

from __future__ import annotations

import contextlib
import enum
import functools
import json
import os
import sys
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from thermozoo.cli.app import context_of
from thermozoo.cli.arguments import build, find_plugins, whole_number

if TYPE_CHECKING:
    from thermozoo.interfaces import Plugin
    from thermozoo.testing.outcomes import Outcome

__all__ = ["Profile", "verify"]


class Profile(enum.StrEnum):
    """How thoroughly to verify."""

    quick = "quick"
    full = "full"


#: How each status is marked in the terminal.
_MARKS = {
    "passed": ("ok", "green"),
    "failed": ("FAILED", "bold red"),
    "crashed": ("CRASHED", "bold magenta"),
    "does-not-apply": ("n/a", "dim"),
    "not-run": ("not run", "yellow"),
    "expected-failure": ("expected", "cyan"),
}


def verify(
    ctx: typer.Context,
    plugin: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE.py", help="An installed plugin (KIND:NAME where two share a name), or a file."
        ),
    ],
    profile: Annotated[Profile, typer.Option(help="quick: less than a minute; full: more draws.")] = Profile.quick,
    seed: Annotated[
        int, typer.Option(parser=whole_number, metavar="INTEGER", help="Fixes everything that is drawn.")
    ] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter or setting of the plugin (repeatable)."),
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=1.0, max=1e6, help="For how long one check may run before it has failed."),
    ] = 300.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Run every check on a plugin: a line a check, the smallest counterexample for a failure.

    Exit code 0 only if all checks hold, 1 if one does not, 2 for bad input.

    Example: thermozoo verify quartic
    """
    _keep_out_of_the_working_folder()
    from thermozoo.testing.ahead import compile_ahead
    from thermozoo.testing.apart import verify_apart
    from thermozoo.testing.report import summary

    reports = []
    output = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # what plugins print stands in nobody's way
        catalogue = context_of(ctx).catalogue
        classes = find_plugins(plugin, catalogue)
        instances = [build(cls, settings or []) for cls in classes]
        for one in instances:
            printer = None if as_json else _Printer(one, output)
            report = verify_apart(
                one,
                profile=profile.value,
                seed=seed,
                catalogue=catalogue,
                time_limit=time_limit,
                progress=printer,
                prepare=functools.partial(compile_ahead, one),
            )
            reports.append(report)
            if printer is not None:
                printer.end(summary(report), report.holds)
    if as_json:
        tables = [r.as_json() for r in reports]
        print(json.dumps(tables[0] if len(tables) == 1 else tables, indent=2))
    if not all(r.holds for r in reports):
        raise typer.Exit(1)


def _keep_out_of_the_working_folder() -> None:
    """Let Hypothesis keep what it keeps (the constants of modules) in the cache, not in the user's folder.

    It reads the variable when it is first used; where it is in use already, its user has chosen.
    """
    if "hypothesis" not in sys.modules:
        from thermozoo.dynamics.engines.kernel_cache import cache_folder

        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(cache_folder() / "hypothesis"))


class _Printer:
    """Prints one line a check as they finish."""

    def __init__(self, plugin: Plugin, output: TextIO) -> None:
        from rich.console import Console

        self.console = Console(file=output, highlight=False, markup=False)
        self.console.print(f"{plugin.kind} {plugin.name}", style="bold")

    def __call__(self, outcome: Outcome) -> None:
        from rich.text import Text

        from thermozoo.testing.outcomes import Status, skipped_by_profile
        from thermozoo.testing.report import case_lines

        if skipped_by_profile(outcome):
            return
        mark, style = _MARKS[str(outcome.status)]
        line = Text()
        line.append(f"  {mark:<9}", style=style)
        line.append(f"{outcome.check:<23}")
        line.append(outcome.figure or outcome.reason.splitlines()[0] if outcome.figure or outcome.reason else "")
        self.console.print(line, soft_wrap=True)
        for note in outcome.notes:
            self.console.print(f"           note: {note}", style="cyan", soft_wrap=True)
        if outcome.status in (Status.FAILED, Status.CRASHED):
            if outcome.figure and outcome.reason != outcome.figure:
                self.console.print(f"           {outcome.reason}", soft_wrap=True)
            self.console.print(f"           claim: {outcome.claim}", style="dim", soft_wrap=True)
            for text in case_lines(outcome):
                self.console.print(f"           {text}", soft_wrap=True)

    def end(self, text: str, holds: bool) -> None:
        """Print the summary."""
        self.console.print(text, style="green" if holds else "bold red", soft_wrap=True)
