"""Finding and loading plugins: every entry point on its own, so that a broken one stops nothing else."""

from __future__ import annotations

import contextlib
import inspect
import locale
import os
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attr
import attrs
import pluggy

from thermozoo import interfaces
from thermozoo.errors import HookError, nearest, shown
from thermozoo.interfaces import Plugin
from thermozoo.registry.hookspecs import PROJECT, hooks, specification
from thermozoo.registry.installed import installed_sources
from thermozoo.registry.sources import Record, Source

__all__ = ["Record", "Source", "defined_at", "installed_sources", "load_source", "new_manager"]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

#: Where thermozoo and attrs lie, which every plugin calls: their frames are not where an author's mistake is.
_OURS = (Path(interfaces.__file__).parents[1], Path(attr.__file__).parent)

#: Characters of an author's own message that are passed on.
_LONGEST_LINE = 500


def new_manager() -> pluggy.PluginManager:
    """Return a plugin manager that knows the hooks and no plugin."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(specification())
    return manager


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    name = "HookError" if isinstance(error, _MisregisteredError) else type(error).__name__
    return f"{name}: {shown(text[0], _LONGEST_LINE)}" if text else name


def defined_at(subject: Any) -> str:
    """Return ``file, line n`` of a class or function, empty where it has no source."""
    try:
        return f"{inspect.getsourcefile(subject)}, line {inspect.getsourcelines(subject)[1]}"
    except (OSError, TypeError):
        return ""


class _MisregisteredError(HookError):
    """A HookError about a class or function, which knows where that was defined."""

    def __init__(self, message: str, subject: Any) -> None:
        super().__init__(message)
        self.place = defined_at(subject)


def _where(error: BaseException) -> str:
    """Name file and line of what is wrong, else of the innermost frame outside thermozoo, attrs and the imports."""
    if isinstance(error, _MisregisteredError):
        return f" ({error.place})" if error.place else ""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    frames = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if not f.filename.startswith("<")
        and not any(Path(f.filename).is_relative_to(folder) for folder in _OURS)
        and "/importlib/" not in f.filename
    ]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


def _failed(source: Source, error: BaseException, name: str = "", kind: str | None = None) -> Record:
    details = "".join(traceback.format_exception(error))
    return Record(
        name=name or source.entry_point or source.distribution,
        kind=kind,
        source=source,
        error=_first_line(error) + _where(error),
        details=details,
    )


def _check_hooks(module: Any, manager: pluggy.PluginManager) -> list[str]:
    """Return the hooks that `module` implements; refuse misspelt, unmarked and missing ones."""
    implemented = []
    for attribute in dir(module):
        function = getattr(module, attribute)
        marked = manager.parse_hookimpl_opts(module, attribute) is not None
        if marked and attribute not in hooks():
            valid = list(hooks())
            raise _MisregisteredError(
                f"unknown hook {attribute!r}{nearest(attribute, valid)}; valid hooks: {', '.join(valid)}", function
            )
        if marked:
            implemented.append(attribute)
        elif attribute.startswith("thermozoo_") and inspect.isfunction(function):
            raise _MisregisteredError(f"the function {attribute!r} is not marked with @thermozoo.hookimpl", function)
    if not implemented:
        raise HookError(
            "defines no hook: add a function marked with @thermozoo.hookimpl, for example thermozoo_potentials, "
            "that returns a list of classes"
        )
    return implemented


def _check_class(given: Any, hook: str, implementation: Any) -> type[Plugin]:
    cls: Any = given
    interface = hooks()[hook]
    if not (inspect.isclass(cls) and issubclass(cls, interface)):
        raise _MisregisteredError(
            f"{hook} returned {shown(repr(cls), 200)}: expected a list of subclasses of thermozoo.{interface.__name__}",
            implementation,
        )
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        raise _MisregisteredError(f"{cls.__qualname__} is abstract: it does not define {missing}", cls)
    name = getattr(cls, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _MisregisteredError(
            f"{cls.__qualname__}.name must be lower-case words joined with hyphens, such as 'double-well', got "
            f"{name!r}",
            cls,
        )
    if not attrs.has(given) or "__attrs_attrs__" not in vars(cls):
        raise _MisregisteredError(f"{cls.__qualname__} is not an attrs class: decorate it with @attrs.frozen", cls)
    return cls


@contextlib.contextmanager
def _kept_apart() -> Iterator[None]:
    """Keep what a plugin prints while it is loaded out of a command's own output, and what it sets out of the process.

    NumPy's handling of errors, locale and working folder are put back: what is computed later must not depend on who
    was loaded. What a library that the plugin imports adds to the warnings filters stays.
    """
    numpy = sys.modules.get("numpy")
    errors = numpy.geterr() if numpy is not None else None
    place, folder = locale.setlocale(locale.LC_ALL), _working_folder()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if numpy is not None and errors is not None:
            numpy.seterr(**errors)
        if locale.setlocale(locale.LC_ALL) != place:
            locale.setlocale(locale.LC_ALL, place)
        if folder is not None and _working_folder() != folder:
            os.chdir(folder)


def _working_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None


def _register(module: Any, source: Source, manager: pluggy.PluginManager) -> None:
    """Register a module once; raise HookError where another source named it before."""
    before = manager.get_name(module)
    if before is not None:
        raise HookError(f"{before} names {source.target} too: remove one of the two entry points")
    name = f"entry point {source.entry_point!r} of {source.title}" if source.entry_point else source.target
    while manager.has_plugin(name):  # one entry point twice in a file
        name += " again"
    manager.register(module, name=name)


def load_source(source: Source, manager: pluggy.PluginManager) -> Iterator[Record]:
    """Load one source and yield a record for each plugin in it, or one for its failure.

    A plugin runs foreign code, so everything that it may raise at import is caught here and reported; only
    KeyboardInterrupt passes.
    """
    try:
        with _kept_apart():
            module = source.load()
        implemented = _check_hooks(module, manager)
        _register(module, source, manager)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may even call sys.exit while it is imported
        yield _failed(source, error)
        return
    for hook in implemented:
        kind = hooks()[hook].kind
        try:
            with _kept_apart():
                classes = getattr(module, hook)()
            if not isinstance(classes, (list, tuple)):
                raise _MisregisteredError(
                    f"{hook} returned {shown(repr(classes), 200)}: expected a list of classes", getattr(module, hook)
                )
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            yield _failed(source, error, kind=kind)
            continue
        for cls in classes:
            try:
                plugin = _check_class(cls, hook, getattr(module, hook))
                yield Record(name=plugin.name, kind=kind, source=source, plugin=plugin)
            except Exception as error:  # not only ours: what stands in the list may raise whatever is asked of it
                yield _failed(source, error, name=str(getattr(cls, "name", "") or ""), kind=kind)
