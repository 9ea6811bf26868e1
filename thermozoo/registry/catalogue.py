"""The catalogue: every plugin that was found, by kind and name, and the report of what failed to load."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import attrs

from thermozoo.arguments import told
from thermozoo.errors import (
    ArgumentError,
    DuplicateNameError,
    PluginLoadError,
    UnknownNameError,
    nearest,
    shown,
)
from thermozoo.interfaces import INTERFACES, Plugin
from thermozoo.registry.discovery import (
    defined_at,
    installed_sources,
    load_source,
    new_manager,
)
from thermozoo.registry.files import file_source
from thermozoo.registry.sources import Record, Source

__all__ = ["Catalogue", "catalogue", "load_catalogue", "refuse_duplicates"]

P = TypeVar("P", bound=Plugin)


@attrs.frozen
class Catalogue:
    """Plugins by kind and name.

    Parameters
    ----------
    records : tuple of Record
        One record a plugin, and one for each source that failed.
    """

    records: tuple[Record, ...]

    def names(self, kind: str) -> list[str]:
        """Return the sorted names of the plugins of one kind."""
        return sorted(r.name for r in self.records if r.kind == kind and r.plugin is not None)

    def record(self, kind: str, name: str) -> Record:
        """Return the record of the plugin of `kind` called `name`.

        Raises
        ------
        UnknownNameError
            When there is none; the message lists the valid names and plugins that failed to load.
        """
        for record in self.records:
            if record.kind == kind and record.name == name and record.plugin is not None:
                return record
        names = self.names(kind)
        message = f"no {kind} is called '{shown(name)}'{nearest(name, names)}; installed: {', '.join(names) or 'none'}"
        broken = [r for r in self.records if r.name == name and r.error is not None]
        if broken:
            message += f"; one of that name failed to load: {broken[0].error}"
        raise UnknownNameError(message)

    def get(self, interface: type[P], name: str) -> type[P]:
        """Return the class called `name` of an interface, for example ``get(Potential, "quartic")``."""
        if not (isinstance(interface, type) and issubclass(interface, Plugin)):
            raise ArgumentError(f"interface must be one of a kind of plugin, such as Potential, got {told(interface)}")
        if not isinstance(name, str):
            raise ArgumentError(f"name must be the name of a {interface.kind}, such as 'quartic', got {told(name)}")
        cls = self.record(interface.kind, name).plugin
        assert cls is not None
        assert issubclass(cls, interface)
        return cls

    def find(self, name: str) -> Record:
        """Return the plugin called `name`, of whatever kind.

        Raises
        ------
        UnknownNameError
            When there is none, or several kinds have one.
        """
        found = [r for r in self.records if r.name == name and r.plugin is not None]
        if len(found) == 1:
            return found[0]
        if found:
            kinds = ", ".join(str(r.kind) for r in found)
            raise UnknownNameError(f"{name!r} names plugins of several kinds ({kinds}): say KIND:{name}")
        kind, _, rest = name.partition(":")
        if rest and kind in INTERFACES:
            return self.record(kind, rest)
        if rest and any(r.name == rest for r in self.records):
            said = f"no kind of plugin is called '{shown(kind)}'{nearest(kind, INTERFACES)}"
            raise UnknownNameError(f"{said}; kinds: {', '.join(INTERFACES)}")
        names = sorted({r.name for r in self.records if r.plugin is not None})
        broken = [r for r in self.records if r.name == name and r.error is not None]
        message = f"no plugin is called '{shown(name)}'{nearest(name, names)}; installed: {', '.join(names) or 'none'}"
        if broken:
            message += f"; one of that name failed to load: {broken[0].error}"
        raise UnknownNameError(message)

    def extended(self, sources: Iterable[Source]) -> Catalogue:
        """Return a catalogue with single plugin files as well.

        Raises
        ------
        DuplicateNameError
            When one of them has a plugin of a name that is taken.
        PluginLoadError
            When one of them fails to load.
        """
        manager = new_manager()
        records = list(self.records)
        for source in sources:
            loaded = list(load_source(source, manager))
            _raise_first(loaded, always=True)
            records += loaded
        return _catalogue_of(records)

    @property
    def failures(self) -> tuple[Record, ...]:
        """Records of what failed to load."""
        return tuple(r for r in self.records if r.error is not None)

    def as_json(self) -> list[dict[str, Any]]:
        """Return the load report as ``thermozoo plugins --json`` prints it."""
        return [
            {
                "name": r.name,
                "kind": r.kind,
                "distribution": r.source.distribution,
                "version": r.source.version or None,
                "entry_point": r.source.entry_point or None,
                "module": r.source.target,
                "status": r.status,
                "error": r.error,
                "traceback": r.details,
            }
            for r in self.records
        ]


def refuse_duplicates(records: Iterable[Record]) -> None:
    """Refuse two plugins of one kind and name.

    Raises
    ------
    DuplicateNameError
        When there are two; it names both places.
    """
    seen: dict[tuple[str, str], Record] = {}
    for record in records:
        if record.plugin is None or record.kind is None:
            continue
        other = seen.setdefault((record.kind, record.name), record)
        if other is not record and other.plugin is not record.plugin:
            places = [defined_at(r.plugin) or r.source.target for r in (other, record)]
            raise DuplicateNameError(
                f"two plugins are called {record.name!r} ({record.kind}): one of {other.source.title} "
                f"({places[0]}), one of {record.source.title} ({places[1]}). Rename one or uninstall its distribution."
            )


def load_catalogue(
    sources: Sequence[Source] | None = None,
    *,
    files: Sequence[str | Path] = (),
    strict: bool = False,
) -> Catalogue:
    """Load every source on its own and return the catalogue.

    Parameters
    ----------
    sources : sequence of Source, optional
        What to load (default: the installed entry points of group ``thermozoo``).
    files : sequence of path
        Single plugin files to load as well, each once; one that fails is an error, since it was asked for by name.
    strict : bool
        Whether any failure is an error.

    Raises
    ------
    DuplicateNameError
        When two plugins of one kind have one name; it names both distributions.
    PluginLoadError
        When a file fails to load, or anything fails and `strict` is set.
    """
    manager = new_manager()
    records: list[Record] = []
    for source in installed_sources() if sources is None else sources:
        records.extend(load_source(source, manager))
    for file in {_real_path(file): file for file in files}.values():
        loaded = list(load_source(file_source(file), manager))
        _raise_first(loaded, always=True)
        records.extend(loaded)
    _raise_first(records, always=strict)
    return _catalogue_of(records)


def _catalogue_of(records: list[Record]) -> Catalogue:
    """Return the catalogue of what was loaded, in order."""
    refuse_duplicates(records)
    order = {kind: i for i, kind in enumerate(INTERFACES)}
    records.sort(key=lambda r: (order.get(r.kind or "", len(order)), r.name))
    return Catalogue(tuple(records))


def _real_path(file: str | Path) -> str:
    """Return a path without links; unlike that of a Path, it answers for a loop of links too."""
    try:
        return os.path.realpath(file)
    except ValueError:  # a NUL: no file has such a name, as loading it says
        return str(file)


def _raise_first(records: Iterable[Record], *, always: bool) -> None:
    if not always:
        return
    failed = [r for r in records if r.error is not None]
    if failed:
        lines = "; ".join(
            f"{r.source.title}, {r.name}: {r.error}"
            if r.source.entry_point
            else f"{shown(r.source.target, 200)}: {r.error}"
            for r in failed
        )
        raise PluginLoadError(f"plugin failed to load: {lines}")


@functools.cache
def catalogue() -> Catalogue:
    """Return the catalogue of the installed plugins, loaded once."""
    return load_catalogue()
