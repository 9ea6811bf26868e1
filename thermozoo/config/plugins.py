"""Building the plugin that a table names, and writing a plugin back as a table."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np

from thermozoo.config.faults import Faults, describe, inside
from thermozoo.config.settings import LARGEST
from thermozoo.config.values import INTEGERS, known_groups, structure_type, too_large
from thermozoo.errors import ConstraintError, ThermozooError, UnknownNameError, nearest, shown
from thermozoo.interfaces import INTERFACES, Plugin
from thermozoo.interfaces.tree import folded
from thermozoo.parameters import Parameter, fields_of, parameters_of
from thermozoo.registry.catalogue import Catalogue

#: Characters of an author's own message that are passed on.
_LONGEST_REFUSAL = 300

__all__ = ["build_plugin", "held_plugins", "resolved_plugin"]


def build_plugin(
    interface: type[Plugin],
    name: Any,
    options: Mapping[str, Any],
    name_path: str,
    path: str,
    catalogue: Catalogue,
    faults: Faults,
    *,
    beside: tuple[str, ...] = (),
    units: int | None = None,
    groups: tuple[str, ...] = (),
    elsewhere: Mapping[str, str] = MappingProxyType({}),
) -> Plugin | None:
    """Build a plugin, or return None after adding every fault of its table.

    Parameters
    ----------
    interface : type
        Its kind.
    name : Any
        The name that the config gives.
    options : mapping
        The keys that stand beside the name.
    name_path, path : str
        Where the name and the options stand in the file.
    catalogue : Catalogue
        The installed plugins.
    faults : Faults
        Receives the faults.
    beside : tuple of str
        Keys of the table itself, also offered when a key is unknown.
    units : int, optional
        Units of the group, for parameters with one value per unit.
    groups : tuple of str
        Groups that a connectivity may name.
    elsewhere : mapping of str to str
        Where options stand that are taken from another table.
    """

    def place(key: str) -> str:
        return elsewhere.get(key, inside(path, key))

    if not isinstance(name, str):
        faults.add(name_path, f"expected the name of a {interface.kind}, got {describe(name)}")
        return None
    try:
        cls = catalogue.get(interface, name)
    except UnknownNameError as error:
        faults.add(name_path, str(error))
        return None
    before = faults.added
    values: dict[str, Any] = {}
    declared = {p.name: p for p in parameters_of(cls)}
    fields = {str(f.alias): f for f in fields_of(cls) if f.init}
    types = typing.get_type_hints(cls)
    held = held_plugins(cls)
    for key, value in options.items():
        where = place(key)
        if key not in fields:
            known = (*beside, *fields)
            owner = f"[{path}] with {name!r}" if beside else repr(name)
            faults.add(where, f"unknown key{nearest(key, known)}; keys of {owner}: {', '.join(known) or 'none'}")
        elif fields[key].name in declared:
            values[key] = _parameter_value(declared[fields[key].name], name, value, where, units, faults)
        elif key in held:
            values[key] = _held_plugin(held[key], value, where, catalogue, faults, units)
        else:
            values[key] = structure_type(types.get(fields[key].name, Any), value, where, faults)
            if interface.kind == "connectivity" and isinstance(values[key], tuple):
                known_groups(values[key], groups, where, faults)
    for key, field in fields.items():
        if key not in options and field.default is attrs.NOTHING:
            faults.add(f"{path}.{key}", f"{name!r} needs this key")
    if faults.added > before:
        return None
    try:
        return cls(**values)
    except ConstraintError as error:
        order = sorted(options, key=lambda key: key in elsewhere)  # of several keys the table's own come first
        for message, names in error.broken:
            keys = [(key, n) for key in order for n in names if n.partition(".")[0] == key and _given(options, n)]
            first, *others = [place(key) + name.removeprefix(key) for key, name in keys] or [path]
            faults.add(first, message, also=[*others, name_path])
        return None
    except ThermozooError as error:
        refusal = str(error)
    except Exception as error:  # whatever a validator that the plugin's author wrote raises
        # those of attrs carry more than the message
        said = error.args[0] if error.args and isinstance(error.args[0], str) else error
        kind = "" if isinstance(error, (TypeError, ValueError)) else f"{type(error).__name__}: "
        refusal = f"{name!r} refuses its settings: {kind}{shown(said, _LONGEST_REFUSAL)}"
    # which setting is refused, only the message knows
    named = [place(key) for key in options if re.search(rf"\b{re.escape(key)}\b", refusal)]
    if named:
        faults.add(named[0], refusal, also=named[1:])
    else:
        faults.add(path, refusal, also=[name_path, *map(place, options)])
    return None


def _given(options: Mapping[str, Any], name: str) -> bool:
    """Tell whether a table gives a key, by its dotted name."""
    first, _, rest = name.partition(".")
    if rest and isinstance(options.get(first), Mapping):
        return _given(options[first], rest)
    return not rest and first in options


def _parameter_value(declared: Parameter, owner: str, value: Any, where: str, units: int | None, faults: Faults) -> Any:
    """Check one parameter: a number, or one value per unit."""
    numbers = value if isinstance(value, list) else [value]
    if too_large(value):
        faults.add(where, f"{INTEGERS}, got {describe(value)}")
        return None
    if not numbers or any(type(v) not in (int, float) for v in numbers):
        faults.add(where, f"expected a number or one value per unit, got {describe(value)}")
        return None
    if isinstance(value, list) and units is not None and len(value) != units:
        faults.add(where, f"expected a number or {units} values, one a unit, got {len(value)} values")
        return None
    try:
        declared.check(owner, value)
    except ThermozooError as error:
        faults.add(where, str(error))
        return None
    if any(abs(v) > LARGEST for v in numbers):
        faults.add(where, f"expected a modulus of at most {LARGEST:g}, got {describe(value)}")
        return None
    return value


def held_plugins(cls: type[Plugin]) -> dict[str, type[Plugin]]:
    """Return the settings of a plugin class that hold another plugin, and what each is declared to hold."""
    hints = typing.get_type_hints(cls)
    found = {str(f.alias): hints.get(f.name) for f in fields_of(cls) if f.init}
    return {key: hint for key, hint in found.items() if isinstance(hint, type) and issubclass(hint, Plugin)}


def _held_plugin(
    expected: type[Plugin], value: Any, where: str, catalogue: Catalogue, faults: Faults, units: int | None
) -> Plugin | None:
    """Build a plugin that another one holds, from a table of its own."""
    if not isinstance(value, Mapping) or "plugin" not in value:
        faults.add(where, f"expected a table that names a {expected.kind} plugin, got {describe(value)}")
        return None
    options = {k: v for k, v in value.items() if k != "plugin"}
    interface = INTERFACES[expected.kind]
    plugin = build_plugin(interface, value["plugin"], options, f"{where}.plugin", where, catalogue, faults, units=units)
    if plugin is not None and not isinstance(plugin, expected):
        faults.add(f"{where}.plugin", f"expected {expected.name!r}, got {plugin.name!r}")
    return plugin


def resolved_plugin(plugin: Plugin) -> dict[str, Any]:
    """Return a plugin as the table that would build it again."""
    table: dict[str, Any] = folded(plugin, _table, _plain)
    return table


def _table(plugin: Plugin, fields: list[tuple[Any, Any]]) -> dict[str, Any]:
    return {"plugin": plugin.name, **{str(field.alias): value for field, value in fields if field.init}}


def _plain(value: Any) -> Any:
    value = value.tolist() if isinstance(value, np.ndarray) else value
    return list(value) if isinstance(value, tuple) else value
