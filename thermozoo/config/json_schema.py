"""JSON Schema of the config, for editors: from the declared keys and the installed plugins."""

from __future__ import annotations

import types
import typing
from typing import Any

import attrs

from thermozoo.computer.computer import RESERVED
from thermozoo.config.encodings import FORMER, ROLES
from thermozoo.config.engines import ENGINE, engine_choices
from thermozoo.config.generating import INTEGRATOR
from thermozoo.config.groups import AUTO, GROUP_NAME, LONGEST_GROUP_NAME
from thermozoo.config.imperfections import CHILD
from thermozoo.config.parse import WEIGHT
from thermozoo.config.schema import COMPUTER_TABLES, TABLES, Setting, Table, settings_of
from thermozoo.config.terms import PatternTable
from thermozoo.constraints import constraints_of_class
from thermozoo.interfaces import (
    Connectivity,
    Encoding,
    Engine,
    Imperfection,
    Integrator,
    Interaction,
    Plugin,
    Potential,
    Projection,
    Protocol,
)
from thermozoo.parameters import Parameter, doc_of, fields_of, parameters_of
from thermozoo.registry.catalogue import Catalogue

__all__ = ["json_schema"]

_SIZE: dict[str, Any] = {"anyOf": [{"type": "integer", "minimum": 1}, {"const": AUTO}]}

_TYPES = {int: "integer", float: "number", str: "string", bool: "boolean"}


def json_schema(catalogue: Catalogue) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a config that uses the plugins of a catalogue."""
    tables = {name: _table(table, catalogue) for name, table in TABLES.items()}
    tables["computer"]["properties"] |= {
        "units": {
            "type": "object",
            "description": "groups of units in order",
            "minProperties": 1,
            "propertyNames": {"pattern": f"^{GROUP_NAME.pattern}$", "maxLength": LONGEST_GROUP_NAME},
            "additionalProperties": {
                "anyOf": [
                    *_SIZE["anyOf"],
                    {
                        "type": "object",
                        "properties": {
                            "size": _SIZE,
                            "clamped": {"type": "boolean", "description": "clamps the group"},
                        },
                        "required": ["size"],
                        "additionalProperties": False,
                    },
                ]
            },
        },
        **{name: _table(table, catalogue) for name, table in COMPUTER_TABLES.items()},
    }
    tables["computer"]["properties"]["terms"] = {
        "type": "object",
        "description": "further terms of the energy, by name",
        "propertyNames": {
            "pattern": f"^{GROUP_NAME.pattern}$",
            "maxLength": LONGEST_GROUP_NAME,
            "not": {"enum": list(RESERVED)},
        },
        "additionalProperties": {"anyOf": [_pattern_term(catalogue), _coupling_term(catalogue)]},
    }
    tables["computer"]["required"] = ["units"]
    for common, interface in (
        (tables["computer"]["properties"]["potential"], Potential),
        (tables["noising"], Protocol),
    ):
        common["additionalProperties"] = _of_a_group(common, interface)
    former = {key: _setting(one) | {"deprecated": True} for key, one in FORMER.items()}
    tables["noising"]["properties"] |= {  # where a group is called as a former key, its table stands there
        key: {"anyOf": [one, tables["noising"]["additionalProperties"]]} for key, one in former.items()
    }
    tables["encoding"]["additionalProperties"] = _encodings(catalogue)
    tables["training"]["properties"]["weights"] = {
        "type": "object",
        "description": "weights of groups of units in the loss, 1 where none is given",
        "additionalProperties": {"type": "number"} | _limits(WEIGHT),
    }
    tables["dynamics"]["properties"][ENGINE] = _engine(tables["dynamics"]["properties"][ENGINE], catalogue)
    tables["generation"]["properties"][INTEGRATOR] = _plugin_or_name(Integrator, catalogue)
    tables["schedule"] = _schedule(tables["noising"])
    tables["hardware"]["properties"][CHILD] = _imperfections(catalogue)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "thermozoo config",
        "type": "object",
        "properties": {
            "seed": {"type": "integer", "minimum": 0, "description": "seed of the run; drawn where absent"},
            **tables,
        },
        "required": ["computer"],
        "additionalProperties": False,
    }


def _table(table: Table, catalogue: Catalogue) -> dict[str, Any]:
    declared = settings_of(table.settings)
    properties = {name: _setting(one) for name, one in declared.items()}
    schema: dict[str, Any] = {
        "type": "object",
        "description": (table.settings.__doc__ or "").strip(),
        "properties": properties,
        "additionalProperties": False,
    }
    if table.interface is not None:
        names = catalogue.names(table.interface.kind)
        properties[table.plugin_key]["enum"] = names
        _add_options(properties, table.interface, catalogue)
    return schema


def _add_options(properties: dict[str, Any], interface: type[Plugin], catalogue: Catalogue) -> None:
    """Add the keys of every plugin of a kind; one that several plugins take may satisfy any of them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in catalogue.names(interface.kind):
        for key, value in _options(catalogue.get(interface, name)).items():
            alternatives = found.setdefault(key, [])
            if value not in alternatives:
                alternatives.append(value)
    for key, alternatives in found.items():
        properties.setdefault(key, alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives})


def _of_a_group(common: dict[str, Any], interface: type[Plugin]) -> dict[str, Any]:
    """Return the schema of one group's table, which takes from the common one what it does not say."""
    name = interface.declared.key
    plugin = {key: value for key, value in common["properties"][name].items() if key != "default"}
    return common | {
        "description": f"the {interface.kind} of one group",
        "properties": common["properties"] | {name: plugin},
    }


def _schedule(noising: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of [schedule]: a protocol of everything that is driven, with the keys of a group's protocol."""
    own = _of_a_group({k: v for k, v in noising.items() if k != "additionalProperties"}, Protocol)
    properties = {key: value for key, value in own["properties"].items() if key not in FORMER}
    one = own | {
        "description": "how it changes in time",
        "properties": properties,
        "required": [Protocol.declared.key],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "description": "Schedule: what is driven in generation, by its name: temperature, a term of the energy, or "
        "potential.GROUP.NAME in quotation marks.",
        "additionalProperties": one,
    }


def _encodings(catalogue: Catalogue) -> dict[str, Any]:
    """Return the schema of what [encoding] holds for one group."""
    properties: dict[str, Any] = {
        "plugin": {"type": "string", "description": "encoding plugin", "enum": catalogue.names(Encoding.kind)},
        "role": {"enum": list(ROLES.values()), "description": "what the signals are to the units; as the group says"},
    }
    _add_options(properties, Encoding, catalogue)
    one = {
        "type": "object",
        "description": "the encoding of one group",
        "properties": properties,
        "required": ["plugin"],
        "additionalProperties": False,
    }
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _imperfections(catalogue: Catalogue) -> dict[str, Any]:
    """Return the schema of [hardware.imperfections]: tables by name, each of which names a plugin."""
    name = {"type": "string", "description": "imperfection plugin", "enum": catalogue.names(Imperfection.kind)}
    properties: dict[str, Any] = {"plugin": name}
    _add_options(properties, Imperfection, catalogue)
    return {
        "type": "object",
        "description": "what the device does to what it was asked to be, by name, in order",
        "propertyNames": {"pattern": f"^{GROUP_NAME.pattern}$", "maxLength": LONGEST_GROUP_NAME},
        "additionalProperties": {
            "type": "object",
            "properties": properties,
            "required": ["plugin"],
            "additionalProperties": False,
        },
    }


def _pattern_term(catalogue: Catalogue) -> dict[str, Any]:
    """Return the schema of a term over projections."""
    name = {"type": "string", "description": "projection plugin", "enum": catalogue.names(Projection.kind)}
    properties = {"plugin": name} | {key: _setting(one) for key, one in settings_of(PatternTable).items()}
    _add_options(properties, Projection, catalogue)
    return {
        "type": "object",
        "description": "a term by projections on patterns",
        "properties": properties,
        "required": ["plugin"],
        "additionalProperties": False,
    }


def _coupling_term(catalogue: Catalogue) -> dict[str, Any]:
    """Return the schema of a term of further couplings: two plugins, each by its name or by a table."""
    properties: dict[str, Any] = {}
    for interface in (Interaction, Connectivity):
        properties[interface.kind] = _plugin_or_name(interface, catalogue)
    return {
        "type": "object",
        "description": "a term of further couplings",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _engine(setting: dict[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """Return the schema of the key that names an engine, or what suits the work."""
    _, table = _plugin_or_name(Engine, catalogue)["anyOf"]
    name = {"type": "string", "enum": list(engine_choices(catalogue))}
    return {key: value for key, value in setting.items() if key != "type"} | {"anyOf": [name, table]}


def _plugin_or_name(interface: type[Plugin], catalogue: Catalogue) -> dict[str, Any]:
    """Return the schema of a key that names a plugin, or holds a table that does, with its settings."""
    name = {"type": "string", "enum": catalogue.names(interface.kind)}
    options: dict[str, Any] = {"plugin": name}
    _add_options(options, interface, catalogue)
    table = {"type": "object", "properties": options, "required": ["plugin"], "additionalProperties": False}
    return {"description": f"{interface.kind} plugin", "anyOf": [name, table]}


def _options(cls: type[Plugin]) -> dict[str, Any]:
    """Return the schema of each key that a plugin takes."""
    declared = {p.name: p for p in parameters_of(cls)}
    hints = typing.get_type_hints(cls)
    related: dict[str, list[str]] = {}
    for one in constraints_of_class(cls):
        for name in one.names:
            related.setdefault(name, []).append(one.text)
    options = {}
    for field in fields_of(cls):
        if not field.init:
            continue
        if field.name in declared:
            options[str(field.alias)] = _parameter(declared[field.name], related.get(field.name, []))
        else:
            schema = _type(hints.get(field.name, Any)) | {"description": doc_of(field)}
            if field.default is not attrs.NOTHING and isinstance(field.default, (str, int, float)):
                schema["default"] = field.default
            options[str(field.alias)] = schema
    return options


def _parameter(declared: Parameter, related: list[str]) -> dict[str, Any]:
    """Return the schema of a parameter; a relation with others, which a schema cannot hold, in words."""
    number: dict[str, Any] = {"type": "number"} | _limits(declared)
    return {
        "description": "; ".join([f"{declared.doc} [{declared.unit}]", *related]),
        "default": declared.default,
        "anyOf": [number, {"type": "array", "items": number, "minItems": 1}],
    }


def _setting(declared: Setting) -> dict[str, Any]:
    schema = _type(declared.type) | {"description": declared.doc}
    if declared.default is not None:
        schema["default"] = list(declared.default) if isinstance(declared.default, tuple) else declared.default
    if declared.choices:
        target = schema.get("items", schema)
        target["enum"] = list(declared.choices)
    return schema | _limits(declared)


def _limits(declared: Parameter | Setting) -> dict[str, float]:
    """Return the bounds that a declaration has, under their names in a schema."""
    limits = (
        ("exclusiveMinimum", declared.above),
        ("exclusiveMaximum", declared.below),
        ("minimum", declared.at_least),
        ("maximum", declared.at_most),
    )
    return {keyword: bound for keyword, bound in limits if bound is not None}


def _type(kind: Any) -> dict[str, Any]:
    if kind in _TYPES:
        return {"type": _TYPES[kind]}
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (tuple, list):
        return {"type": "array", "items": _type(arguments[0])}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_type(k) for k in arguments if k is not type(None)]}
    return {}
