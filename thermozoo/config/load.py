"""Reading a config: one pass over everything, every fault reported at once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs

from thermozoo.config.consistency import check_consistency
from thermozoo.config.faults import Faults, describe, inside
from thermozoo.config.groups import potentials_of, units_of
from thermozoo.config.plugins import build_plugin, resolved_plugin
from thermozoo.config.read import given_by, override, read_config
from thermozoo.config.schema import COMPUTER_TABLES, TABLES, Config, Setting, Table, settings_of
from thermozoo.config.standard_input import STANDARD_INPUT, read_standard_input
from thermozoo.config.unused import check_unused
from thermozoo.config.values import structure
from thermozoo.errors import nearest, shown
from thermozoo.interfaces import Plugin, Potential
from thermozoo.registry.catalogue import Catalogue

__all__ = ["check_config", "load_config"]


def load_config(
    path: Path | None,
    catalogue: Catalogue,
    *,
    assignments: Sequence[str] = (),
    seed: int | None = None,
    defer: bool = False,
) -> Config:
    """Read and check a config.

    Parameters
    ----------
    path : Path or None
        TOML file (None: the built-in three-digit computer; ``-``: standard input).
    catalogue : Catalogue
        The plugins that it may name.
    assignments : sequence of str
        ``table.key=value`` assignments that override the file.
    seed : int, optional
        Overrides the config's; where neither gives one, a seed is drawn and recorded.
    defer : bool
        Whether to leave it to `thermozoo.runs.assemble.assemble_machine` to check the keys of a well-formed config
        against each other: it raises what it finds together with what the data show, and with the faults that the
        config carries.

    Raises
    ------
    ConfigError
        With every fault of the config.
    """
    source, written = read_standard_input() if path == STANDARD_INPUT else read_config(path)
    tables = override(written, assignments)
    if seed is not None:
        tables["seed"] = seed
    options = {} if seed is None else {"seed": "--seed"}
    return check_config(tables, catalogue, source, given_by(written, assignments), options=options, defer=defer)


def check_config(
    tables: Mapping[str, Any],
    catalogue: Catalogue,
    source: str,
    overridden: Sequence[str] = (),
    *,
    options: Mapping[str, str] = MappingProxyType({}),
    defer: bool = False,
) -> Config:
    """Check the tables of a config in one pass and build what they name.

    Parameters
    ----------
    tables : mapping
        The config.
    catalogue : Catalogue
        The plugins that it may name.
    source : str
        Its file, for messages.
    overridden : sequence of str
        Keys, or whole tables, that ``--set`` gave instead of the file.
    options : mapping of str to str
        Keys that an option of their own gave, such as ``--seed``, and that option.
    defer : bool
        Whether to leave it to the reader of a well-formed config to check its keys against each other, which may call
        formulas; see `load_config`.

    Raises
    ------
    ConfigError
        With one line a fault: file, path in the file, what was expected, what was given, nearest valid name.
    """
    faults = Faults(source, overridden, options)
    known = ("seed", *TABLES)
    for key in tables:
        if key not in known:
            homes = [f"{name}.{key}" for name, table in TABLES.items() if key in settings_of(table.settings)]
            hint = f"; did you mean {' or '.join(homes)}?" if homes else nearest(key, known)
            faults.add(inside("", key), f"unknown table{hint}; tables: {', '.join(known)}")
    seed = _seed(tables, faults)
    sizes, clamped = units_of(tables, faults)
    values: dict[str, Any] = {}
    plugins: dict[str, Any] = {}
    resolved: dict[str, Any] = {"seed": seed}
    for name, table in TABLES.items():
        raw = tables.get(name, {})
        if not isinstance(raw, Mapping):
            faults.add(name, f"expected a table, got {describe(raw)}")
            raw = {}
        if table.optional and name not in tables:
            values[name] = None
            continue
        values[name], plugin = _table(name, table, raw, catalogue, faults)
        if table.interface is not None:
            plugins[table.interface.kind] = plugin
        resolved[name] = _resolved(values[name], plugin)
    section = tables.get("computer", {})
    section = section if isinstance(section, Mapping) else {}
    if "trainable_biases" not in section:  # the default names a group that this computer may not have, or clamps
        kept = tuple(g for g in values["computer"].trainable_biases if g in sizes and g not in clamped)
        values["computer"] = attrs.evolve(values["computer"], trainable_biases=kept)
        resolved["computer"]["trainable_biases"] = list(kept)
    for g, group in enumerate(values["computer"].trainable_biases):
        if sizes and group not in sizes:
            faults.add(
                f"computer.trainable_biases[{g}]",
                f"no group is called '{shown(group)}'{nearest(group, sizes)}; groups: {', '.join(sizes)}",
            )
    potentials = potentials_of(section.get("potential"), sizes, catalogue, faults)
    own = {
        name: _inside_computer(name, table, section.get(name, {}), sizes, catalogue, faults)
        for name, table in COMPUTER_TABLES.items()
        if table.interface is not Potential and (name in section or not table.optional)
    }
    plugins |= {plugin.kind: plugin for plugin in own.values() if plugin is not None}
    well_formed = not faults.lines
    check_unused(tables, values, sizes, clamped, faults)
    if not defer or not well_formed:
        check_consistency(values, sizes, clamped, potentials, plugins["objective"], faults)
        faults.raise_any()
    # groups are all written alike: a writer of TOML puts plain keys before tables, and the order of groups counts
    units = {g: {"size": n, "clamped": g in clamped} for g, n in sizes.items()} if clamped else sizes
    resolved["computer"] |= {
        "units": dict(units),
        "potential": _resolved_potentials(potentials),
        **{name: resolved_plugin(plugin) for name, plugin in own.items()},
    }
    return Config(
        seed=seed,
        sizes=sizes,
        clamped=clamped,
        potentials=potentials,
        plugins=plugins,
        **{name: value for name, value in values.items() if name in attrs.fields_dict(Config)},
        resolved=resolved,
        source=source,
        faults=faults,
    )


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
) -> Any:
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


def _resolved(section: Any, plugin: Plugin | None) -> dict[str, Any]:
    values = {k: v for k, v in attrs.asdict(section, recurse=False).items() if v is not None}
    values = {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
    if plugin is not None:
        values |= {k: v for k, v in resolved_plugin(plugin).items() if k != "plugin"}
    return values


def _resolved_potentials(potentials: Mapping[str, Potential]) -> dict[str, Any]:
    groups = list(potentials)
    first = resolved_plugin(potentials[groups[0]])
    others = {g: resolved_plugin(potentials[g]) for g in groups[1:]}
    return first | {g: table for g, table in others.items() if table != first}
