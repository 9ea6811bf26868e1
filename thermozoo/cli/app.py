"""The application: its commands, the options that every command takes, and how errors are shown."""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer
from typer.core import TyperGroup

from thermozoo import __version__
from thermozoo.errors import ThermozooError, UnknownNameError, nearest
from thermozoo.registry.metadata import tolerant_metadata

if TYPE_CHECKING:
    from thermozoo.registry.catalogue import Catalogue

__all__ = ["Context", "context_of", "run"]

#: Bad usage. Typer brings its own copy of click in some versions and depends on it in others, so the class is taken
#: from what typer exports: BadParameter is a UsageError is a ClickException.
_CLICK = typer.BadParameter.__mro__[2]

#: The exit code of a command that was interrupted; typer returns it too, where it catches KeyboardInterrupt.
_INTERRUPTED = 130

#: The commands, in the order of the help text; each lives in a module of its own, imported when used.
COMMANDS = ("run", "plugins", "show", "verify", "new", "estimate", "bench", "schema", "report")

#: What to do when memory runs out in spite of its prediction: nobody knows for what.
_LESS_MEMORY = "fewer samples, units, images or time steps (dynamics.duration / dynamics.dt) need less"

_EPILOG = (
    "Every command also takes: --plugin FILE.py (load a plugin file), --strict-plugins (a plugin that fails to "
    "load is an error), "
    "--debug (show tracebacks)."
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

        return load_catalogue(files=self.plugin_files, strict=self.strict)


def _hoist(arguments: list[str]) -> tuple[Context, list[str]]:
    """Take the options that every command takes out of the arguments, wherever they stand."""
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
            raise UnknownNameError(
                f"no command is called {cmd_name!r}{nearest(cmd_name, COMMANDS)}; commands: {', '.join(COMMANDS)}"
            )
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


@contextlib.contextmanager
def _terminable() -> Iterator[list[int]]:
    """Let SIGTERM stop the main thread as Ctrl-C does, so that nothing half-written stays; yield what was received."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def stop(signum: int, frame: Any) -> None:
        received.append(signum)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)


def _usage(error: Any) -> str:
    """Return what is wrong with the command line as one line, with the nearest valid word."""
    # only a bad value needs the text that typer builds around its message, which names the parameter
    message = error.format_message() if isinstance(error, typer.BadParameter) else error.message
    message = message.strip().rstrip(".").replace("Value error, ", "").removeprefix("Invalid value: ")
    option = getattr(error, "option_name", None)
    context = error.ctx
    hint = ""
    choice = re.search(r"'([^']*)' is not one of (.+)", message)
    if choice:
        hint = nearest(choice[1], re.findall(r"'([^']*)'", choice[2]))
    elif option and context is not None and message.startswith("No such option"):
        hint = nearest(option, [o for p in context.command.get_params(context) for o in p.opts])
    where = f" (thermozoo {context.info_name} --help)" if context is not None and context.parent is not None else ""
    return f"{message[:1].lower()}{message[1:]}{hint}{where}"


def run(arguments: list[str]) -> int:
    """Run the command line; return the exit code."""
    with _terminable() as received, tolerant_metadata():
        code = _run(arguments)
    if code != _INTERRUPTED:
        return code
    written = ": nothing was written" if "run" in arguments else ""
    print(f"{'terminated' if received else 'interrupted'}{written}", file=sys.stderr)
    return 128 + received[0] if received else code


def _run(arguments: list[str]) -> int:
    context = Context()
    try:
        context, rest = _hoist(arguments)
        result = _application().main(rest or ["--help"], prog_name="thermozoo", standalone_mode=False, obj=context)
        return result if isinstance(result, int) else 0
    except typer.Exit as stop:
        return int(stop.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # nobody reads: nothing more to say
        return 0
    except ThermozooError as error:
        if context.debug:
            traceback.print_exc()
        for line in str(error).splitlines() or [type(error).__name__]:
            print(f"thermozoo: {line}", file=sys.stderr)
        return 2
    except MemoryError as error:
        print(f"thermozoo: out of memory: {error or 'no more is left'}; {_LESS_MEMORY}", file=sys.stderr)
        return 2
    except Exception as error:
        if isinstance(error, _CLICK):
            print(f"thermozoo: {_usage(error)}", file=sys.stderr)
            return 2
        if context.debug:
            traceback.print_exc()
        else:
            print(
                f"thermozoo: internal error: {type(error).__name__}: {error} (run again with --debug to see where, "
                f"and report it)",
                file=sys.stderr,
            )
        return 70


def context_of(ctx: typer.Context) -> Any:
    """Return the `Context` of a command."""
    return ctx.find_root().obj
