"""[task]: which tables belong to which task, and what its settings are checked for."""

from __future__ import annotations

import json

import jsonschema
import pytest

from thermozoo.config.json_schema import json_schema
from thermozoo.config.load import check_config
from thermozoo.errors import ConfigError
from thermozoo.interfaces import Task
from thermozoo.registry.catalogue import catalogue

SAMPLE = {
    "seed": 1,
    "task": {"plugin": "sample", "chains": 8},
    "computer": {"units": {"pair": 2}, "connectivity": {"plugin": "dense"}},
    "dynamics": {"duration": 1.0, "dt": 0.01},
}


def changed(**tables):
    return {**SAMPLE, **tables}


def faults(tables):
    with pytest.raises(ConfigError) as caught:
        check_config(tables, catalogue(), "x.toml")
    return list(caught.value.faults)


def test_a_config_without_the_table_generates():
    config = check_config({"computer": {"units": {"visible": 4}}}, catalogue(), "x.toml")
    assert config.task.name == "generate"
    assert config.method == "exact"
    assert "task" not in config.resolved


def test_a_group_may_have_any_name_where_nothing_is_trained():
    """Biases of a group that is called hidden are trained unless the config says otherwise, where there is training."""
    given = changed()
    given["computer"] = given["computer"] | {"units": {"hidden": 2}}
    assert check_config(given, catalogue(), "x.toml").computer.trainable_biases == ()


def test_what_a_task_does_not_read_may_be_absent_and_is_not_written():
    config = check_config(SAMPLE, catalogue(), "x.toml")
    assert (config.task.chains, config.task.observe_every, config.method) == (8, 10, "")
    assert list(config.resolved) == ["seed", "task", "computer", "dynamics"]
    assert config.data is config.training is config.generation is None
    assert (config.encodings, config.protocols, config.weights) == ({}, {}, {})
    again = check_config(config.resolved, catalogue(), "x.toml")
    assert again.resolved == config.resolved
    assert again.task == config.task


@pytest.mark.parametrize("table", ["data", "encoding", "noising", "training", "generation", "schedule"])
def test_a_table_of_another_task_is_one_line(table):
    found = catalogue()
    readers = [name for name in found.names(Task.kind) if table in found.get(Task, name).tables]
    whose = f"the task{'s' * (len(readers) > 1)} {', '.join(readers)}"
    assert "generate" in readers
    assert faults(changed(**{table: {"no-such-key": 1}})) == [
        f"x.toml: {table}: [{table}] belongs to {whose}, and 'sample' does not read it: leave it out"
    ]


def test_biases_to_train_are_no_matter_of_a_task_that_trains_nothing():
    [fault] = faults(changed(computer=SAMPLE["computer"] | {"trainable_biases": ["pair"]}))
    assert fault == (
        "x.toml: computer.trainable_biases: nothing uses computer.trainable_biases: the task 'sample' trains nothing; "
        "leave it out"
    )


def test_a_task_that_does_not_exist_is_named_with_those_that_do():
    [fault] = faults(changed(task={"plugin": "sampel"}))
    names = ", ".join(catalogue().names(Task.kind))
    assert f"task.plugin: no task is called 'sampel'; did you mean 'sample'?; installed: {names}" in fault


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"chain": 3}, "task.chain: unknown key; did you mean 'chains'?"),
        ({"chains": 3}, "task.chains: chains must be a whole number of 4 or more, got 3"),
        ({"chains": 2.5}, "task.chains: expected an integer, got 2.5"),
        ({"relaxation": 0}, "relaxation must lie above 0"),
        ({"observe_every": 20}, "task.observe_every: expected 8 observations of a chain at least, got 5 of 100 time"),
        ({"units": [0, 0]}, "task.units: expected each unit once"),
        ({"coupling": 1.0, "parameters": "x.nc"}, "task.coupling: nothing uses it: task.parameters brings strengths"),
    ],
)
def test_its_settings_are_checked(settings, said):
    [fault] = faults(changed(task={"plugin": "sample", **settings}))
    assert said in fault


@pytest.mark.parametrize(
    ("dynamics", "said"),
    [
        ({"dt": 0.9, "duration": 100.0}, "above the stability bound"),
        ({"dt": 0.01, "duration": 1.0, "integrator": "heat-bath"}, "x.toml: dynamics.integrator: "),
        ({"dt": 0.01, "duration": 0.001}, "expected at least one time step of 0.01"),
    ],
)
def test_keys_that_all_tasks_have_are_checked_for_all(dynamics, said):
    [fault] = faults(changed(dynamics=dynamics))
    assert said in fault


def test_patterns_that_are_images_need_data():
    terms = {"memory": {"plugin": "modern-hopfield", "patterns": "data"}}
    [fault] = faults(changed(computer=SAMPLE["computer"] | {"terms": terms}))
    assert "the images of [data] are its patterns, and the task 'sample' reads none: give a .npy file" in fault


def test_the_schema_knows_tasks_and_their_settings():
    schema = json_schema(catalogue())
    task = schema["properties"]["task"]["properties"]
    assert task["plugin"]["enum"] == catalogue().names(Task.kind)
    assert task["bins"]["type"] == "integer"
    jsonschema.validate(json.loads(json.dumps(SAMPLE)), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed(task={"plugin": "sample", "chain": 3}), schema)
