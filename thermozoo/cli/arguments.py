"""What commands are given: a plugin by name or file, its settings, a seed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from thermozoo.cli.streams import foreign_output
from thermozoo.config.toml import value_of
from thermozoo.errors import ConfigError, ThermozooError, nearest, shown

if TYPE_CHECKING:
    from thermozoo.interfaces import Plugin
    from thermozoo.registry.catalogue import Catalogue

__all__ = ["Assignments", "ConfigFile", "Quiet", "Seed", "build", "find_plugins", "whole_number"]

ConfigFile = Annotated[
    str | None,
    typer.Argument(
        metavar="CONFIG|NAME",
        help="Config file (TOML), or name of a built-in config; - reads standard input. Default: ten-digits.",
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override one key, as table.key=value. Repeatable."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing on standard error but what is wrong.")]


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

        with foreign_output():
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
                f"--set {shown(text)}: expected NAME=VALUE with a setting of {cls.name!r}{nearest(name, fields)}; "
                f"settings: {known}"
            )
            continue
        try:
            values[name] = value_of(value)
        except ValueError as error:
            faults.append(f"--set {shown(text)}: {error}")
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


def whole_number(written: str | int) -> int:
    """Return a seed as it is written on the command line; how large it may be is for its user to say.

    Raises
    ------
    typer.BadParameter
        When it is none.
    """
    text = str(written)  # typer passes the default as well
    if re.fullmatch(r"\+?[0-9]{1,1000}", text):
        return int(text)
    raise typer.BadParameter(f"expected an integer from 0 to 2^63 - 1, such as 7, got '{shown(text)}'")


Seed = Annotated[int | None, typer.Option(parser=whole_number, metavar="INTEGER", help="Seed; overrides the config's.")]
