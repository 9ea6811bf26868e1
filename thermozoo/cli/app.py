"""The application: its commands, the options that every command takes, and how errors are shown."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer
from typer.core import TyperGroup

from thermozoo import __version__
from thermozoo.cli import remark_on
from thermozoo.cli.memory import said_of_memory
from thermozoo.cli.messages import foreign_fault, quoted, usage_text
from thermozoo.cli.process import INTERRUPTED, guarded, left_behind
from thermozoo.cli.streams import NobodyReadsError, UnwritableError, foreign_output
from thermozoo.errors import LibraryError, ThermozooError, UnknownNameError, nearest, shown
from thermozoo.registry.metadata import tolerant_metadata

if TYPE_CHECKING:
    from thermozoo.registry.catalogue import Catalogue

__all__ = ["Context", "context_of", "execute", "run"]

#: Bad usage. Typer brings its own copy of click in some versions and depends on it in others, so the class is taken
#: from what typer exports: BadParameter is a UsageError is a ClickException.
_CLICK = typer.BadParameter.__mro__[2]

#: The commands, in the order of the help text; each lives in a module of its own, imported when used.
COMMANDS = (
    *("run", "sweep", "report", "replay", "plugins", "show"),
    *("verify", "new", "check", "estimate", "bench", "schema"),
)

#: What to do when memory runs out in spite of its prediction: nobody knows for what.
_LESS_MEMORY = "fewer samples, units, images or time steps (dynamics.duration / dynamics.dt) need less"

_EPILOG = (
    "Every command also takes: --plugin FILE.py (load a plugin file), --strict-plugins (a plugin that fails to "
    "load is an error), --debug (show tracebacks)."
)


@attrs.define
class Context:
    """What every command may need."""

    plugin_files: tuple[Path, ...] = ()
    strict: bool = False
    debug: bool = False

    @functools.cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue of plugins, loaded when first asked for."""
        from thermozoo.registry.catalogue import load_catalogue

        with foreign_output():
            return load_catalogue(files=self.plugin_files, strict=self.strict)


def _hoist(arguments: list[str]) -> tuple[Context, list[str]]:
    """Take the options that every command takes out of the arguments, wherever they stand."""
    for word in arguments:
        if any("\ud800" <= c <= "\udfff" for c in word):  # so Python writes bytes that it cannot read
            raise typer.BadParameter(
                f"{word}: holds bytes that are no text in the encoding of this system, {sys.getfilesystemencoding()}"
            )
    files: list[Path] = []
    rest: list[str] = []
    context = Context()
    position = 0
    while position < len(arguments):
        word = arguments[position]
        name, equals, value = word.partition("=")
        if word == "--":
            rest += arguments[position:]
            break
        if word == "--debug":
            context.debug = True
        elif word == "--strict-plugins":
            context.strict = True
        elif name == "--plugin":
            if not equals:
                position += 1
                if position == len(arguments):
                    raise typer.BadParameter("option --plugin requires a file")
                value = arguments[position]
            files.append(Path(value))
        else:
            rest.append(word)
        position += 1
    context.plugin_files = tuple(files)
    return context, rest


class _LazyGroup(TyperGroup):
    """A group whose commands are imported when they are used: ``--help`` needs all of them, a run only one."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, in order."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            hint = nearest(cmd_name, COMMANDS)
            raise UnknownNameError(f"no command is called '{shown(cmd_name)}'{hint}; commands: {', '.join(COMMANDS)}")
        module = importlib.import_module(f"thermozoo.cli.{cmd_name}")
        single = typer.Typer(add_completion=False, rich_markup_mode="rich")
        single.command(name=cmd_name, epilog=_EPILOG)(getattr(module, cmd_name))
        command = typer.main.get_command(single)
        command.name = cmd_name
        return _without_flag_types(command)


def _without_flag_types(command: Any) -> Any:
    """Return a command whose help shows no type for its flags, which take no value."""
    for one in command.get_params(typer.Context(command)):  # with --help, which typer adds
        if getattr(one, "is_flag", False) and one.metavar is None:
            one.metavar = ""
    return command


def _print_version(asked: bool) -> None:
    if asked:
        print(f"thermozoo {__version__}")
        raise typer.Exit


def _application() -> Any:
    app = typer.Typer(cls=_LazyGroup, add_completion=False, rich_markup_mode="rich")

    @app.callback(epilog=_EPILOG)
    def thermozoo(
        version: Annotated[
            bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
        ] = False,
    ) -> None:
        """A plugin-based zoo of physics models for thermodynamic computing.

        Write a formula as a plugin, assemble a computer from a config, train it, and read what it costs.

        Example: thermozoo run --set data.classes='[3,4]'
        """

    return _without_flag_types(typer.main.get_command(app))


def run(arguments: list[str]) -> int:
    """Run the command line within a process that does other things as well; return the exit code."""
    return guarded(lambda: execute(arguments), remark_on(arguments))[0]


def execute(arguments: list[str]) -> int:
    """Run the command line and report its errors; return the exit code."""
    context = Context()
    if not os.environ.get("TERMINAL_WIDTH", "1").isdecimal():
        del os.environ["TERMINAL_WIDTH"]  # typer wants a number, or else shows no help
    try:
        context, rest = _hoist(arguments)
        with tolerant_metadata():
            result = _application().main(rest or ["--help"], prog_name="thermozoo", standalone_mode=False, obj=context)
        return result if isinstance(result, int) else 0
    except typer.Exit as stop:
        return int(stop.exit_code)
    except typer.Abort:
        return INTERRUPTED
    except (NobodyReadsError, UnwritableError):
        raise
    except ThermozooError as error:
        if isinstance(error, LibraryError) and (said := said_of_memory(error)) is not None:  # it is installed well
            return _refuse(f"out of memory: {said}; {_LESS_MEMORY}", arguments, context)
        return _refuse(str(error) or type(error).__name__, arguments, context)
    except SystemExit as stop:  # of a plugin: of all exit codes, 0 would say that what was asked for was done
        said = f"a plugin or a library ended the program (SystemExit: {stop.code})"
        return _refuse(_said_of_plugin(stop, context) or said, arguments, context)
    except Exception as error:
        if (said := said_of_memory(error)) is not None:
            return _refuse(f"out of memory: {said}; {_LESS_MEMORY}", arguments, context)
        message = usage_text(error) if isinstance(error, _CLICK) else foreign_fault(error, arguments)
        message = message or _said_of_plugin(error, context)
        if message is not None:
            return _refuse(message, arguments, context)
        if context.debug:
            traceback.print_exc()
        else:
            print(
                f"thermozoo: internal error: {type(error).__name__}: {quoted(str(error), arguments)} (run again with "
                f"--debug to see where, and report it)",
                file=sys.stderr,
            )
        return 70


def _said_of_plugin(error: BaseException, context: Context) -> str | None:
    """Return which plugin raised an error, where one did."""
    from thermozoo.registry.blame import said_of_plugin

    with contextlib.suppress(Exception, SystemExit):  # the error at hand is the one to report
        return said_of_plugin(error, context.catalogue.records)
    return None


def _refuse(message: str, arguments: list[str], context: Context) -> int:
    """Print one line for each fault, and the traceback of the error at hand where it was asked for."""
    if context.debug:
        traceback.print_exc()
    for line in quoted(message, arguments).splitlines():
        print(f"thermozoo: {line}", file=sys.stderr)
    if left := left_behind():
        print(f"thermozoo{left}", file=sys.stderr)
    return 2


def context_of(ctx: typer.Context) -> Any:
    """Return the `Context` of a command."""
    return ctx.find_root().obj
