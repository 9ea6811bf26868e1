"""The groups of units of a config: names, sizes, and the plugin that each group has of a kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from thermozoo.config.faults import Faults, describe, inside
from thermozoo.config.plugins import build_plugin
from thermozoo.config.settings import Setting
from thermozoo.config.values import no_group, structure
from thermozoo.errors import nearest
from thermozoo.interfaces import Plugin
from thermozoo.parameters import fields_of
from thermozoo.registry.catalogue import Catalogue

__all__ = ["AUTO", "GROUP_NAME", "LONGEST_GROUP_NAME", "Groups", "plugins_by_group", "units_of"]

#: What names of groups look like: they are keys of a config, as ``--set`` writes them too, and names in NetCDF files.
GROUP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

LONGEST_GROUP_NAME = 64

#: The size of a group that is as large as its encodings need.
AUTO = "auto"

#: Keys of tables in which every group may have a table of its own.
_KEYS = {"plugin": "computer.potential", "protocol": "noising", "seed": "encoding"}

#: The former name of the key ``clamped``, which old configs have.
_FORMER = "frozen"


@attrs.frozen
class Groups:
    """The groups of units.

    Parameters
    ----------
    sizes : dict of str to int
        Units of each, in order; 1 where that is not known yet.
    clamped : tuple of str
        Those whose units are clamped.
    auto : tuple of str
        Those that will be as large as their encodings need.
    """

    sizes: dict[str, int] = attrs.field(factory=dict)
    clamped: tuple[str, ...] = ()
    auto: tuple[str, ...] = ()

    @property
    def free(self) -> tuple[str, ...]:
        """Those whose units move."""
        return tuple(g for g in self.sizes if g not in self.clamped)

    def units(self, group: str) -> int | None:
        """Return the units of a group, None where that is not known yet."""
        return None if group in self.auto else self.sizes[group]


def units_of(tables: Mapping[str, Any], faults: Faults) -> Groups:
    """Return the groups of [computer.units]."""
    section = tables.get("computer", {})
    if not isinstance(section, Mapping):
        return Groups()  # which is the fault, and is said of every table
    units = section.get("units")
    if not isinstance(units, Mapping) or not units:
        given = "nothing" if units is None else describe(units)
        faults.add("computer.units", f"expected a table of groups, such as visible = 784, got {given}")
        return Groups()
    sizes: dict[str, int] = {}
    clamped, auto = [], []
    for group, value in units.items():
        path = inside("computer.units", group)
        if not GROUP_NAME.fullmatch(group) or len(group) > LONGEST_GROUP_NAME:
            faults.add(
                f'computer.units."{group}"',
                "expected a name of a group: a letter from a to z, then letters, digits, - or _, at most "
                f"{LONGEST_GROUP_NAME} characters",
            )
            continue
        if group in _KEYS:
            faults.add(path, f"no group can be called {group!r}, which is a key of [{_KEYS[group]}]")
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
        if size == AUTO:
            auto.append(group)
            sizes[group] = 1
            continue
        if isinstance(size, str):
            faults.add(path, f'expected an integer, or "{AUTO}" for what its encodings need, got {describe(size)}')
            sizes[group] = 1
            continue
        number = structure(Setting(group, int, None, "", at_least=1), size, path, faults)
        sizes[group] = number if number is not None else 1
    return Groups(sizes, tuple(clamped), tuple(auto))


def plugins_by_group(
    interface: type[Plugin],
    default: str,
    raw: Mapping[str, Any],
    groups: Groups,
    having: tuple[str, ...],
    catalogue: Catalogue,
    faults: Faults,
    *,
    beside: tuple[str, ...] = (),
) -> dict[str, Plugin]:
    """Return the plugin of each group: that of the table of its kind, overridden by a table of the group inside it.

    Parameters
    ----------
    interface : type
        The kind.
    default : str
        The plugin of a table that names none.
    raw : mapping
        The table of the kind.
    groups : Groups
        All groups.
    having : tuple of str
        Those that have a plugin of the kind.
    catalogue : Catalogue
        The installed plugins.
    faults : Faults
        Receives the faults.
    beside : tuple of str
        Keys of the table itself, also offered when a key is unknown.
    """
    home, key = interface.declared.table, interface.declared.key
    chosen = raw.get(key, default)
    known = chosen in catalogue.names(interface.kind)
    settings = [str(f.alias) for f in fields_of(catalogue.get(interface, chosen)) if f.init] if known else []
    for group in groups.sizes:
        if group in settings:
            faults.add(
                f"computer.units.{group}",
                f"{chosen!r} has a setting of that name, which stands in [{home}] too: call the group something else",
                also=[f"{home}.{key}"],
            )
        elif group in raw and not isinstance(raw[group], Mapping):
            faults.add(f"{home}.{group}", f"expected a table, got {describe(raw[group])}")
            raw = {k: v for k, v in raw.items() if k != group}
    # a table is one group's plugin, or else of a plugin that the common one holds
    tables = {k: v for k, v in raw.items() if isinstance(v, Mapping) and k not in (*settings, key)}
    common = {key: chosen, **{k: v for k, v in raw.items() if k not in tables}}
    for unknown in [k for k in common if known and k not in (*settings, key)]:
        keys = (*beside, *settings)
        owner = f"[{home}] with {chosen!r}" if beside else repr(chosen)
        faults.add(
            inside(home, unknown), f"unknown key{nearest(unknown, keys)}; keys of {owner}: {', '.join(keys) or 'none'}"
        )
        del common[unknown]
    for group in tables:
        if groups.sizes and group not in groups.sizes:
            faults.add(inside(home, group), no_group(group, groups.sizes))
        elif groups.sizes and group not in having:
            faults.add(f"{home}.{group}", f"group {group!r} is clamped, nothing is imposed on it: leave this table out")
    found: dict[str, Plugin] = {}
    for group in having or ("",):  # without groups, the common table alone is looked at
        own = tables.get(group)
        if own is None:
            table, path = common, home
        else:  # a group that names no plugin changes parameters of the common one
            table, path = (dict(own) if key in own else {**common, **own}), f"{home}.{group}"
        elsewhere = {k: inside(home, k) for k in table if k not in (own or {})}
        plugin = build_plugin(
            interface,
            table[key],
            {k: v for k, v in table.items() if k != key},
            elsewhere.get(key, f"{path}.{key}"),
            path,
            catalogue,
            faults,
            units=groups.units(group) if group else None,
            elsewhere=elsewhere,
        )
        if plugin is not None and group:
            found[group] = plugin
    return found
