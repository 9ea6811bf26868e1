"""Finding and loading plugins: every entry point on its own, so that a broken one stops nothing else."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attr
import attrs
import pluggy

from thermozoo import interfaces
from thermozoo.errors import HookError, nearest
from thermozoo.interfaces import Plugin
from thermozoo.registry.hookspecs import HOOKS, PROJECT, Hooks

__all__ = ["Record", "Source", "defined_at", "installed_sources", "load_source", "new_manager"]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

#: Where thermozoo and attrs lie, which every plugin calls: their frames are not where an author's mistake is.
_OURS = (Path(interfaces.__file__).parents[1], Path(attr.__file__).parent)


@attrs.frozen
class Source:
    """Where plugins come from: an entry point of an installed distribution, or a single file.

    Parameters
    ----------
    distribution : str
        Name of the distribution, or the file's name.
    version : str
        Version of the distribution, empty for a file.
    entry_point : str
        Name of the entry point, empty for a file.
    target : str
        ``module`` or ``module:object`` of the entry point, or the path of the file.
    load : callable
        Imports and returns the object.
    content : bytes or None
        What a single file held when it was read to be loaded; the file may be edited afterwards.
    """

    distribution: str
    version: str
    entry_point: str
    target: str
    load: Callable[[], Any] = attrs.field(repr=False, eq=False)
    content: bytes | None = attrs.field(default=None, repr=False)

    @property
    def title(self) -> str:
        """Distribution and version in one phrase."""
        return f"{self.distribution} {self.version}".strip()


@attrs.frozen
class Record:
    """One line of the load report: a plugin, or a source that failed.

    Parameters
    ----------
    name : str
        Name of the plugin, or of the entry point or file that failed.
    kind : str or None
        Kind of the plugin, None where a whole source failed.
    source : Source
        Where it came from.
    plugin : type or None
        The class; None when it failed.
    error : str or None
        One line: what went wrong.
    details : str or None
        The traceback.
    """

    name: str
    kind: str | None
    source: Source
    plugin: type[Plugin] | None = None
    error: str | None = None
    details: str | None = None

    @property
    def status(self) -> str:
        """``"ok"`` or ``"failed"``."""
        return "ok" if self.error is None else "failed"


def new_manager() -> pluggy.PluginManager:
    """Return a plugin manager that knows the hooks and no plugin."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    return manager


def installed_sources() -> list[Source]:
    """Enumerate the entry points of group ``thermozoo`` without importing anything."""
    import entrypoints

    found = []
    points = entrypoints.get_group_all(PROJECT)
    names = {name: _own_name(name) for name in {p.distro.name for p in points if p.distro}}
    for point in points:
        distro = point.distro
        target = point.module_name + (f":{point.object_name}" if point.object_name else "")
        found.append(
            Source(
                distribution=names[distro.name] if distro else "unknown",
                version=(distro.version or "") if distro else "",
                entry_point=point.name,
                target=target,
                load=point.load,
            )
        )
    return sorted(set(found), key=lambda s: (s.distribution, s.entry_point, s.target))


def _own_name(distribution: str) -> str:
    """Return a distribution's name as its metadata write it; the name of its folder has underscores for hyphens."""
    try:
        return str(importlib.metadata.metadata(distribution)["Name"] or distribution)
    except (importlib.metadata.PackageNotFoundError, KeyError):
        return distribution


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    name = "HookError" if isinstance(error, _MisregisteredError) else type(error).__name__
    return f"{name}: {text[0]}" if text else name


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
        and not f.filename.endswith("entrypoints.py")
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
        if marked and attribute not in HOOKS:
            raise _MisregisteredError(
                f"unknown hook {attribute!r}{nearest(attribute, HOOKS)}; valid hooks: {', '.join(HOOKS)}", function
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
    kind = HOOKS[hook]
    interface = interfaces.INTERFACES[kind]
    if not (inspect.isclass(cls) and issubclass(cls, interface)):
        raise _MisregisteredError(
            f"{hook} returned {cls!r}: expected a list of subclasses of thermozoo.{interface.__name__}", implementation
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


def load_source(source: Source, manager: pluggy.PluginManager) -> Iterator[Record]:
    """Load one source and yield a record for each plugin in it, or one for its failure.

    A plugin runs foreign code, so everything that it may raise at import is caught here and reported; only
    KeyboardInterrupt passes.
    """
    try:
        module = source.load()
        hooks = _check_hooks(module, manager)
        manager.register(module, name=f"{source.title}:{source.entry_point or source.target}")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may even call sys.exit while it is imported
        yield _failed(source, error)
        return
    for hook in hooks:
        try:
            classes = getattr(module, hook)()
            if not isinstance(classes, (list, tuple)):
                raise _MisregisteredError(
                    f"{hook} returned {classes!r}: expected a list of classes", getattr(module, hook)
                )
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            yield _failed(source, error, kind=HOOKS[hook])
            continue
        for cls in classes:
            try:
                plugin = _check_class(cls, hook, getattr(module, hook))
                yield Record(name=plugin.name, kind=HOOKS[hook], source=source, plugin=plugin)
            except HookError as error:
                yield _failed(source, error, name=str(getattr(cls, "name", "") or ""), kind=HOOKS[hook])
