"""The JSON Schema says what the loader does."""

from __future__ import annotations

import pytest

from thermozoo.config.json_schema import json_schema
from thermozoo.config.load import check_config
from thermozoo.config.schema import PLACES
from thermozoo.interfaces import INTERFACES
from thermozoo.registry.catalogue import catalogue


def at(tables, path):
    for part in path.split("."):
        tables = tables[part]
    return tables


def properties(path):
    schema = json_schema(catalogue())
    for part in path.split("."):
        schema = schema["properties"][part]
    return schema["properties"]


def test_every_kind_of_plugin_has_a_place_but_those_that_stand_by_name():
    assert set(INTERFACES) - set(PLACES) == {"encoding", "projection", "engine", "imperfection"}


@pytest.mark.parametrize("kind", PLACES)
def test_the_default_plugin_is_that_of_a_config_that_names_none(kind):
    path, key = PLACES[kind]
    config = check_config({"computer": {"units": {"visible": 4}}}, catalogue(), "x.toml")
    declared = properties(path)[key]
    assert declared["enum"] == catalogue().names(kind)
    if "default" not in declared:  # it need not name one
        assert config.plugins.get(kind) is None
        return
    assert declared["default"] == (config.task.name if kind == "task" else at(config.resolved, path)[key])


def test_a_group_takes_the_common_potential_where_it_names_none():
    group = json_schema(catalogue())["properties"]["computer"]["properties"]["potential"]["additionalProperties"]
    assert "default" not in group["properties"]["plugin"]
    assert group["properties"]["J2"] == properties("computer.potential")["J2"]


def test_lists_that_are_settings_of_connectivities():
    keys = properties("computer.connectivity")
    assert keys["shape"]["type"] == "array"
    assert keys["shape"]["items"] == {"type": "integer"}
    assert keys["periodic"]["anyOf"] == [{"type": "boolean"}, {"type": "array", "items": {"type": "boolean"}}]


def test_what_groups_may_have_of_their_own():
    schema = json_schema(catalogue())["properties"]
    one, several = schema["encoding"]["additionalProperties"]["anyOf"]
    assert one["properties"]["plugin"]["enum"] == catalogue().names("encoding")
    assert several["items"] == one
    assert schema["noising"]["additionalProperties"]["properties"]["fade"] == properties("noising")["fade"]
    assert schema["noising"]["properties"]["projection_seed"]["anyOf"][0]["deprecated"]
    assert schema["training"]["properties"]["weights"]["additionalProperties"]["exclusiveMinimum"] == 0
    assert {"const": "auto"} in schema["computer"]["properties"]["units"]["additionalProperties"]["anyOf"]
    assert {"enum": ["each"]} in schema["generation"]["properties"]["condition"]["anyOf"]
