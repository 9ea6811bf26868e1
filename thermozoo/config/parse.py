"""The first of three steps from tables to a machine: the keys one by one.

`parse` finds the faults of single keys and builds the plugins, `thermozoo.config.consistency.check` looks at keys
against each other, and `thermozoo.runs.assemble` brings in the data.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import attrs

from thermozoo.computer.layout import Layout
from thermozoo.config.consistency import check
from thermozoo.config.encodings import encodings_of, former_keys
from thermozoo.config.faults import Faults, Origin, describe, inside
from thermozoo.config.generating import INTEGRATOR, integrator_of
from thermozoo.config.groups import Groups, plugins_by_group, units_of
from thermozoo.config.plugins import build_plugin
from thermozoo.config.schedules import protocols_of
from thermozoo.config.schema import COMPUTER_TABLES, TABLES, Config, Table
from thermozoo.config.settings import LARGEST, SMALLEST, Setting, settings_of
from thermozoo.config.tasks import tables_read
from thermozoo.config.terms import further_terms
from thermozoo.config.values import known_groups, no_group, structure
from thermozoo.errors import nearest
from thermozoo.interfaces import Encoding, Plugin, Potential, Protocol, Task
from thermozoo.registry.catalogue import Catalogue
from thermozoo.training.noising import image_group

__all__ = ["WEIGHT", "parse"]

_ENCODING, _NOISING, _SCHEDULE = "encoding", "noising", "schedule"

#: What stands in a table beside its keys and those of its plugin.
_CHILDREN = {
    "computer": ("units", "terms", *COMPUTER_TABLES),
    "training": ("weights",),
    "generation": (INTEGRATOR,),
}

#: A key of [training.weights].
WEIGHT = Setting(
    "weight", float, 1.0, "weight of the group's units in the loss", above=0, at_least=SMALLEST, at_most=LARGEST
)


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
    known = ("seed", *TABLES, _SCHEDULE)
    for key in tables:
        if key not in known:
            homes = [f"{name}.{key}" for name, table in TABLES.items() if key in settings_of(table.settings)]
            hint = f"; did you mean {' or '.join(homes)}?" if homes else nearest(key, known)
            faults.add(inside("", key), f"unknown table{hint}; tables: {', '.join(known)}")
    seed = _seed(tables, faults)
    groups = units_of(tables, faults)
    sizes, clamped = groups.sizes, groups.clamped
    image = image_group(Layout(sizes, clamped=clamped)) if sizes else ""
    values: dict[str, Any] = {}
    plugins: dict[str, Plugin | None] = {}
    reads = tables_read(tables, known, catalogue, faults)
    given = {name: _as_table(tables.get(name, {}), name, faults) if name in reads else {} for name in TABLES}
    for name, table in TABLES.items():
        if name not in reads or (table.optional and name not in tables):
            values[name] = None
            continue
        values[name], rest = _values(name, table, given[name], faults)
        if name == _NOISING:
            continue  # where every group may have a protocol of its own
        if table.interface is not None:
            plugins[table.interface.kind] = build_plugin(
                table.interface,
                getattr(values[name], table.plugin_key),
                rest,
                f"{name}.{table.plugin_key}",
                name,
                catalogue,
                faults,
                beside=tuple(settings_of(table.settings)),
            )
    protocols: Any = {}
    if _NOISING in reads:
        protocols = _protocols(given[_NOISING], values[_NOISING].protocol, groups, catalogue, faults)
        plugins[Protocol.kind] = protocols.get(image)
    encodings: dict[str, tuple[Encoding, ...]] = {}
    if _ENCODING in reads:
        encodings, values[_ENCODING] = encodings_of(given[_ENCODING], given[_NOISING], groups, image, catalogue, faults)
    section = tables.get("computer", {})
    section = section if isinstance(section, Mapping) else {}
    biases = values["computer"].trainable_biases
    if "trainable_biases" not in section:
        # the default names a group that this computer may not have, or clamps, or whose biases nothing changes
        biases = tuple(g for g in biases if g in sizes and g not in clamped and "training" in reads)
        values["computer"] = attrs.evolve(values["computer"], trainable_biases=biases)
    known_groups(biases, sizes, "computer.trainable_biases", faults)
    for k, group in enumerate(biases):
        if group in clamped and not faults.found_in("computer.units"):
            faults.add(
                f"computer.trainable_biases[{k}]",
                f"group {group!r} is clamped: its units take no steps, so that training cannot change their biases; "
                "leave it out",
                also=[f"computer.units.{group}"],
            )
    default = COMPUTER_TABLES["potential"].default_plugin
    raw = _as_table(section.get("potential", {}), "computer.potential", faults)
    potentials = plugins_by_group(Potential, str(default), raw, groups, tuple(sizes), catalogue, faults)
    for name, table in COMPUTER_TABLES.items():
        if table.interface not in (None, Potential) and (name in section or not table.optional):
            plugin = _inside_computer(name, table, section.get(name, {}), sizes, catalogue, faults)
            plugins[plugin.kind if plugin is not None else name] = plugin
    config = Config(
        seed=seed,
        sizes=sizes,
        clamped=clamped,
        auto=groups.auto,
        potentials=potentials,  # type: ignore[arg-type]
        plugins={kind: plugin for kind, plugin in plugins.items() if plugin is not None},
        encodings=encodings,
        protocols=protocols,
        schedule=protocols_of(tables.get(_SCHEDULE, {}) if _SCHEDULE in reads else {}, catalogue, faults),
        terms=further_terms(section.get("terms", {}), sizes, catalogue, faults),
        generator=integrator_of(given["generation"].get(INTEGRATOR), catalogue, faults),
        weights=_weights(given["training"].get("weights", {}), groups, faults),
        **{name: value for name, value in values.items() if name in attrs.fields_dict(Config) and name != Task.kind},
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


def _weights(raw: Any, groups: Groups, faults: Faults) -> dict[str, float]:
    """Return the weights of [training.weights]."""
    weights = {}
    for group, value in _as_table(raw, "training.weights", faults).items():
        path = inside("training.weights", group)
        number = structure(WEIGHT, value, path, faults)
        if groups.sizes and group not in groups.sizes:
            faults.add(path, no_group(group, groups.sizes))
        elif group in groups.clamped:
            faults.add(
                path,
                f"group {group!r} is clamped: its units take no steps that could be weighed; leave it out",
                also=[f"computer.units.{group}"],
            )
        elif number is not None:
            weights[group] = number
    return weights


def _values(name: str, table: Table, raw: Mapping[str, Any], faults: Faults) -> tuple[Any, dict[str, Any]]:
    """Return the values of one table, and what else stands in it: settings of the plugin that it names."""
    declared = settings_of(table.settings)
    values = {}
    for key, one in declared.items():
        if key in raw:
            value = structure(one, raw[key], f"{name}.{key}", faults)
            values[key] = one.default if value is None else value
    children = _CHILDREN.get(name, ())
    rest = {k: v for k, v in raw.items() if k not in (*declared, *children)}
    if table.interface is None and name != _ENCODING:  # where all others are groups
        for key in rest:
            known = (*declared, *children)
            faults.add(inside(name, key), f"unknown key{nearest(key, known)}; keys: {', '.join(known)}")
    return table.settings(**values), rest


def _protocols(raw: Mapping[str, Any], chosen: str, groups: Groups, catalogue: Catalogue, faults: Faults) -> Any:
    """Return the protocol of each free group."""
    former = former_keys(raw)
    rest = {k: v for k, v in raw.items() if k not in former} | {Protocol.declared.key: chosen}
    return plugins_by_group(
        Protocol, chosen, rest, groups, groups.free, catalogue, faults, beside=(Protocol.declared.key,)
    )


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
