"""The plugin that a command is given: by name or file, with settings."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from thermozoo.errors import ConfigError, ThermozooError, nearest

if TYPE_CHECKING:
    from thermozoo.interfaces import Plugin
    from thermozoo.registry.catalogue import Catalogue

__all__ = ["build", "find_plugins"]


def find_plugins(target: str, catalogue: Catalogue) -> list[type[Plugin]]:
    """Return the plugins that a name or a file means.

    Raises
    ------
    UnknownNameError
        When no plugin has that name.
    PluginLoadError
        When the file is missing, does not load or registers nothing.
    DuplicateNameError
        When an installed plugin of its kind has its name.
    """
    if target.endswith(".py") or "/" in target:
        from thermozoo.registry.catalogue import load_catalogue, refuse_duplicates
        from thermozoo.registry.discovery import defined_at

        own = load_catalogue([], files=[Path(target)])
        # a run refuses a name that is taken, and so does what looks at a plugin without running it
        places = {defined_at(r.plugin) for r in own.records}
        others = [r for r in catalogue.records if defined_at(r.plugin) not in places]  # the file may be one of --plugin
        refuse_duplicates((*others, *own.records))
        return [r.plugin for r in own.records if r.plugin is not None]
    found = catalogue.find(target).plugin
    assert found is not None
    return [found]


def build(cls: Any, settings: list[str]) -> Plugin:
    """Return an instance with settings given as ``name=value``; values are written as in TOML.

    Raises
    ------
    ConfigError
        When a setting is unknown, unreadable or missing.
    """
    fields = {f.alias: f for f in attrs.fields(cls) if f.init}
    values: dict[str, Any] = {}
    faults = []
    for text in settings:
        name, equals, value = text.partition("=")
        if not equals or name not in fields:
            known = ", ".join(fields) or "none"
            faults.append(
                f"--set {text}: expected NAME=VALUE with a setting of {cls.name!r}{nearest(name, fields)}; "
                f"settings: {known}"
            )
            continue
        try:
            values[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            values[name] = value
    missing = [n for n, f in fields.items() if f.default is attrs.NOTHING and n not in values]
    if missing and not faults:
        faults.append(f"{cls.name!r} needs {', '.join(missing)}: give --set {missing[0]}=VALUE")
    if faults:
        raise ConfigError(faults)
    try:
        instance: Plugin = cls(**values)
        return instance
    except ThermozooError:
        raise
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ConfigError([f"{cls.name!r} cannot be built: {type(error).__name__}: {error}"]) from error
