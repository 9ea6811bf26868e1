"""The first of three steps from tables to a machine: the keys one by one.

`parse` finds the faults of single keys and builds the plugins, `thermozoo.config.consistency.check` looks at keys
against each other, and `thermozoo.runs.assemble` brings in the data.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import attrs

from thermozoo.config.consistency import check
from thermozoo.config.faults import Faults, Origin, describe, inside
from thermozoo.config.groups import potentials_of, units_of
from thermozoo.config.plugins import build_plugin
from thermozoo.config.schema import COMPUTER_TABLES, TABLES, Config, Table
from thermozoo.config.settings import Setting, settings_of
from thermozoo.config.values import known_groups, structure
from thermozoo.errors import nearest
from thermozoo.interfaces import Plugin, Potential
from thermozoo.registry.catalogue import Catalogue

__all__ = ["parse"]


def parse(tables: Mapping[str, Any], catalogue: Catalogue, origin: Origin) -> Config:
    """Return the config of tables whose keys are sound one by one, with the plugins that they name.

    Parameters
    ----------
    tables : mapping
        The config.
    catalogue : Catalogue
        The plugins that it may name.
    origin : Origin
        Where its keys come from.

    Raises
    ------
    ConfigError
        With one line a fault: file, path in the file, what was expected, what was given, nearest valid name. Faults
        between keys are found as well then, as far as the others allow.
    """
    faults = Faults(origin)
    known = ("seed", *TABLES)
    for key in tables:
        if key not in known:
            homes = [f"{name}.{key}" for name, table in TABLES.items() if key in settings_of(table.settings)]
            hint = f"; did you mean {' or '.join(homes)}?" if homes else nearest(key, known)
            faults.add(inside("", key), f"unknown table{hint}; tables: {', '.join(known)}")
    seed = _seed(tables, faults)
    sizes, clamped = units_of(tables, faults)
    values: dict[str, Any] = {}
    plugins: dict[str, Plugin | None] = {}
    for name, table in TABLES.items():
        if table.optional and name not in tables:
            values[name] = None
            continue
        raw = _as_table(tables.get(name, {}), name, faults)
        values[name], plugin = _table(name, table, raw, catalogue, faults)
        if table.interface is not None:
            plugins[table.interface.kind] = plugin
    section = tables.get("computer", {})
    section = section if isinstance(section, Mapping) else {}
    biases = values["computer"].trainable_biases
    if "trainable_biases" not in section:  # the default names a group that this computer may not have, or clamps
        biases = tuple(g for g in biases if g in sizes and g not in clamped)
        values["computer"] = attrs.evolve(values["computer"], trainable_biases=biases)
    known_groups(biases, sizes, "computer.trainable_biases", faults)
    potentials = potentials_of(section.get("potential"), sizes, catalogue, faults)
    for name, table in COMPUTER_TABLES.items():
        if table.interface not in (None, Potential) and (name in section or not table.optional):
            plugin = _inside_computer(name, table, section.get(name, {}), sizes, catalogue, faults)
            plugins[plugin.kind if plugin is not None else name] = plugin
    config = Config(
        seed=seed,
        sizes=sizes,
        clamped=clamped,
        potentials=potentials,
        plugins={kind: plugin for kind, plugin in plugins.items() if plugin is not None},
        **{name: value for name, value in values.items() if name in attrs.fields_dict(Config)},
        given=tables,
        origin=origin,
    )
    if faults.lines:
        check(config, faults)
        faults.raise_any()
    return config


def _as_table(raw: Any, path: str, faults: Faults) -> Mapping[str, Any]:
    """Return a table, or an empty one after adding a fault for what is none."""
    if isinstance(raw, Mapping):
        return raw
    faults.add(path, f"expected a table, got {describe(raw)}")
    return {}


def _seed(tables: Mapping[str, Any], faults: Faults) -> int:
    if "seed" not in tables:
        return secrets.randbits(63)
    declared = Setting("seed", int, None, "seed of the run", at_least=0)
    return structure(declared, tables["seed"], "seed", faults) or 0


def _table(
    name: str, table: Table, raw: Mapping[str, Any], catalogue: Catalogue, faults: Faults
) -> tuple[Any, Plugin | None]:
    """Check one table; return its values and the plugin that it names."""
    declared = settings_of(table.settings)
    values = {}
    for key, one in declared.items():
        if key in raw:
            value = structure(one, raw[key], f"{name}.{key}", faults)
            values[key] = one.default if value is None else value
    section = table.settings(**values)
    children = ("units", *COMPUTER_TABLES) if name == "computer" else ()
    rest = {k: v for k, v in raw.items() if k not in declared and k not in children}
    if table.interface is None:
        for key in rest:
            known = (*declared, *children)
            faults.add(inside(name, key), f"unknown key{nearest(key, known)}; keys: {', '.join(known)}")
        return section, None
    chosen = getattr(section, table.plugin_key)
    plugin = build_plugin(
        table.interface, chosen, rest, f"{name}.{table.plugin_key}", name, catalogue, faults, beside=tuple(declared)
    )
    return section, plugin


def _inside_computer(
    name: str, table: Table, raw: Any, sizes: Mapping[str, int], catalogue: Catalogue, faults: Faults
) -> Plugin | None:
    """Build the plugin that a table inside [computer] names."""
    path, key = f"computer.{name}", table.plugin_key
    assert table.interface is not None
    if not isinstance(raw, Mapping):
        faults.add(path, f"expected a table, got {describe(raw)}")
        return None
    options = {k: v for k, v in raw.items() if k != key}
    chosen = raw.get(key, table.default_plugin)
    groups = tuple(sizes)
    return build_plugin(table.interface, chosen, options, f"{path}.{key}", path, catalogue, faults, groups=groups)
