"""Keys that nothing uses are refused where they were given; a resolved config, which writes all keys out, is not."""

from __future__ import annotations

import tomllib

import pytest
import tomli_w

from thermozoo.config.faults import Origin
from thermozoo.config.load import check_config
from thermozoo.config.parse import parse
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine

UNITS = {"visible": 784, "hidden": 6}


def check(overridden=(), **tables):
    computer = {"units": UNITS, **tables.pop("computer", {})}
    return check_config({"seed": 1, "computer": computer, **tables}, catalogue(), "x.toml", overridden)


def refused(**tables):
    with pytest.raises(ConfigError) as caught:
        check(**tables)
    return caught.value.faults


TRAINING = [
    ({"learning_rate": 1e-3}, "learning_rate", "it is for methods descent, online, got exact"),
    ({"cycles": 7}, "cycles", "it is for methods descent, online, moments, got exact"),
    ({"method": "moments", "learning_rate": 1e-3}, "learning_rate", "got moments"),
    ({"method": "moments", "tolerance": 1e-6}, "tolerance", "it is for method exact, got moments"),
    ({"method": "descent", "tolerance": 1e-6}, "tolerance", "got descent"),
    ({"method": "descent", "compare": ["online"], "tolerance": 1e-6}, "tolerance", "got descent, online"),
]


@pytest.mark.parametrize(("training", "key", "said"), TRAINING)
def test_keys_of_other_methods(training, key, said):
    (line,) = refused(training=training)
    assert line.startswith(f"x.toml: training.{key}: nothing uses training.{key}: ")
    assert said in line
    assert line.endswith("; leave it out")
    # a method that uses it may be one of those that are compared
    user = {"tolerance": "exact", "cycles": "descent", "learning_rate": "online"}[key]
    assert getattr(check(training={**training, "compare": [user]}).training, key) == training[key]


def test_a_method_that_is_none_says_nothing_of_other_keys():
    (line,) = refused(training={"method": "sgd", "learning_rate": 1e-3, "tolerance": 1e-6})
    assert line.startswith("x.toml: training.method: ")


@pytest.mark.parametrize(
    ("tables", "path", "said"),
    [
        ({"noising": {"hidden": "crop", "projection_seed": 3}}, "noising.projection_seed", 'hidden = "crop"'),
        (
            {"computer": {"units": {"visible": 784}}, "noising": {"projection_seed": 3}},
            "noising.projection_seed",
            "every unit that moves shows the image",
        ),
        (
            {"hardware": {"preset": "electrical", "time_unit": 1e-6, "temperature": 4.0}},
            "hardware.preset",
            "time_unit and temperature stand in place of both its values",
        ),
        (
            {"computer": {"potential": {"J2": 3.0, **{group: {"plugin": "quadratic"} for group in UNITS}}}},
            "computer.potential.J2",
            "every group has a potential of its own",
        ),
    ],
    ids=["crop", "no hidden", "preset", "potential"],
)
def test_keys_that_others_replace(tables, path, said):
    (line,) = refused(**tables)
    assert line.startswith(f"x.toml: {path}: nothing uses {path}: ")
    assert said in line


def test_keys_that_are_used():
    check(noising={"projection_seed": 3})
    check(hardware={"preset": "mechanical", "temperature": 4.0})
    check(computer={"potential": {"J2": 3.0, "hidden": {"plugin": "quadratic"}}})
    check(training={"method": "descent", "cycles": 7, "learning_rate": 1e-3})


def test_a_default_is_a_fault_only_where_it_was_set():
    """A resolved config writes all keys out; who sets one on the command line expects something of it."""
    training = {"learning_rate": 4e-4}
    check(training=training)
    with pytest.raises(ConfigError, match=r"^--set: training.learning_rate: nothing uses"):
        check(training=training, overridden=["training.learning_rate"])
    # a table that was set as a whole does not hold the keys that it leaves out
    check(training={"method": "exact"}, overridden=["training"])


def test_what_made_a_key_useless_is_to_blame():
    with pytest.raises(ConfigError, match=r"^--set: training.method: nothing uses training.tolerance: "):
        check(training={"method": "descent", "tolerance": 1e-6}, overridden=["training.method"])


@pytest.mark.parametrize(
    "tables",
    [
        {"training": {"tolerance": 1e-6}},
        {"training": {"method": "online", "cycles": 7}},
        {"training": {"method": "moments", "cycles": 7, "compare": ["exact"]}},
        {"noising": {"hidden": "crop"}},
        {"computer": {"units": {"visible": 784}}},
        {"computer": {"potential": {group: {"plugin": "double-well"} for group in UNITS}}},
        {"hardware": {"time_unit": 1e-6, "temperature": 4.0}},
    ],
    ids=str,
)
def test_the_resolved_config_is_accepted(tables):
    config = check(**tables)
    again = check_config(tomllib.loads(tomli_w.dumps(config.resolved)), catalogue(), "config.toml")
    assert again.resolved == config.resolved


def test_they_wait_for_those_of_the_data():
    tables = {"seed": 1, "computer": {"units": UNITS}, "training": {"cycles": 7}, "data": {"classes": [77]}}
    config = parse(tables, catalogue(), Origin("x.toml"))
    with pytest.raises(ConfigError) as caught:
        assemble_machine(config)
    unused, missing = caught.value.faults
    assert unused.startswith("x.toml: training.cycles: nothing uses training.cycles: ")
    assert missing.startswith("x.toml: data.classes[0]: ")
    with pytest.raises(ConfigError, match=r"nothing uses training\.cycles"):
        check_config(tables, catalogue(), "x.toml")
