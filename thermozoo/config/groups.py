"""The groups of units of a config: their names, their sizes, and the potential of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from thermozoo.config.faults import Faults, describe, inside
from thermozoo.config.plugins import build_plugin
from thermozoo.config.schema import COMPUTER_TABLES
from thermozoo.config.settings import Setting
from thermozoo.config.values import no_group, structure
from thermozoo.errors import nearest
from thermozoo.interfaces import Potential
from thermozoo.parameters import fields_of
from thermozoo.registry.catalogue import Catalogue

__all__ = ["GROUP_NAME", "LONGEST_GROUP_NAME", "potentials_of", "units_of"]

#: What names of groups look like: they are keys of a config, as ``--set`` writes them too, and names in NetCDF files.
GROUP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

LONGEST_GROUP_NAME = 64

#: The key that names a plugin, in a table in which every group may have one of its own.
_PLUGIN = "plugin"

#: The former name of the key ``clamped``, which old configs have.
_FORMER = "frozen"


def units_of(tables: Mapping[str, Any], faults: Faults) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return sizes and clamped groups of [computer.units]."""
    section = tables.get("computer", {})
    if not isinstance(section, Mapping):
        return {}, ()  # which is the fault, and is said of every table
    units = section.get("units")
    if not isinstance(units, Mapping) or not units:
        given = "nothing" if units is None else describe(units)
        faults.add("computer.units", f"expected a table of groups, such as visible = 784, got {given}")
        return {}, ()
    sizes: dict[str, int] = {}
    clamped = []
    for group, value in units.items():
        path = inside("computer.units", group)
        if not GROUP_NAME.fullmatch(group) or len(group) > LONGEST_GROUP_NAME:
            faults.add(
                f'computer.units."{group}"',
                "expected a name of a group: a letter from a to z, then letters, digits, - or _, at most "
                f"{LONGEST_GROUP_NAME} characters",
            )
            continue
        if group == _PLUGIN:
            faults.add(path, f"no group can be called {group!r}, which is a key of [computer.potential]")
            continue
        size = value
        if isinstance(value, Mapping):
            for key in value:
                if key not in ("size", "clamped", _FORMER):
                    faults.add(
                        inside(path, key), f"unknown key{nearest(key, ('size', 'clamped'))}; keys: size, clamped"
                    )
            if "size" not in value:
                faults.add(
                    path, f"expected a size, such as {{size = 784, clamped = true}}, got {describe(dict(value))}"
                )
            size = value.get("size", 1)
            spelled = _FORMER if _FORMER in value and "clamped" not in value else "clamped"
            flag = value.get(spelled, False)
            if _FORMER in value and "clamped" in value:
                faults.add(
                    f"{path}.{_FORMER}", f"is the former name of clamped, which is given as well: leave {_FORMER} out"
                )
            if not isinstance(flag, bool):
                faults.add(f"{path}.{spelled}", f"expected true or false, got {describe(flag)}")
            elif flag:
                clamped.append(group)
        number = structure(Setting(group, int, None, "", at_least=1), size, path, faults)
        sizes[group] = number if number is not None else 1
    return sizes, tuple(clamped)


def potentials_of(raw: Any, sizes: Mapping[str, int], catalogue: Catalogue, faults: Faults) -> dict[str, Potential]:
    """Return the potential of each group: [computer.potential], overridden by [computer.potential.GROUP]."""
    if raw is None:
        raw = {}
    if not isinstance(raw, Mapping):
        faults.add("computer.potential", f"expected a table, got {describe(raw)}")
        return {}
    chosen = raw.get(_PLUGIN, COMPUTER_TABLES["potential"].default_plugin)
    known = chosen in catalogue.names(Potential.kind)
    settings = {str(f.alias) for f in fields_of(catalogue.get(Potential, chosen))} if known else set()
    for group in sizes:
        if group in settings:
            faults.add(
                f"computer.units.{group}",
                f"{chosen!r} has a setting of that name, which stands in [computer.potential] too: call the group "
                "something else",
                also=["computer.potential.plugin"],
            )
        elif group in raw and not isinstance(raw[group], Mapping):
            faults.add(f"computer.potential.{group}", f"expected a table, got {describe(raw[group])}")
            raw = {k: v for k, v in raw.items() if k != group}
    # a table is one group's potential, or else of a plugin that the common one holds
    groups = {k: v for k, v in raw.items() if isinstance(v, Mapping) and k not in (*settings, _PLUGIN)}
    default = {_PLUGIN: chosen, **{k: v for k, v in raw.items() if k not in groups}}
    for group in groups:
        if sizes and group not in sizes:
            faults.add(inside("computer.potential", group), no_group(group, sizes))
    found: dict[str, Potential] = {}
    for group in sizes:
        own = groups.get(group)
        if own is None:
            table, path = default, "computer.potential"
        else:  # a group that names no plugin changes parameters of the common one
            table, path = (dict(own) if _PLUGIN in own else {**default, **own}), f"computer.potential.{group}"
        options = {k: v for k, v in table.items() if k != _PLUGIN}
        common = {k: inside("computer.potential", k) for k in table if k not in (own or {})}
        plugin = build_plugin(
            Potential,
            table[_PLUGIN],
            options,
            common.get(_PLUGIN, f"{path}.plugin"),
            path,
            catalogue,
            faults,
            units=sizes[group],
            elsewhere=common,
        )
        if plugin is not None:
            found[group] = plugin  # type: ignore[assignment]
    return found
