"""A constraint that a config breaks is a fault at the keys that take part in it."""

from __future__ import annotations

import attrs
import pytest

from thermozoo import Potential, option, parameter
from thermozoo.config.json_schema import json_schema
from thermozoo.config.load import check_config
from thermozoo.config.read import given_by, override
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import Catalogue, catalogue
from thermozoo.registry.discovery import Record, Source


@attrs.frozen
class Skewed(Potential):
    """A quartic well with a cubic term that makes no second one."""

    name = "skewed"
    stable_states = 1
    J2: float = parameter(1.0, unit="energy", above=0, doc="stiffness")
    J3: float = parameter(0.5, unit="energy", doc="skewness")
    J4: float = parameter(1.0, unit="energy", above=0, doc="quartic stiffness")

    def energy(self, x):
        return self.J2 * x**2 + self.J3 * x**3 + self.J4 * x**4

    def constraints(self):
        return [9 * self.J3**2 < 32 * self.J2 * self.J4]


@attrs.frozen
class Shifted(Potential):
    name = "shifted"
    base: Skewed = option(Skewed(), doc="what is shifted")
    by: float = parameter(0.0, unit="1", doc="shift")

    def energy(self, x):
        return self.base.energy(x - self.by)

    def constraints(self):
        return [self.by < 10 * self.base.J2]


def plugins():
    source = Source("tests", "", "tests", "tests", load=dict)
    own = tuple(Record(cls.name, "potential", source, plugin=cls) for cls in (Skewed, Shifted))
    return Catalogue((*catalogue().records, *own))


def faults_of(potential, *assignments, training=None):
    tables = {
        "seed": 1,
        "computer": {
            "units": {"visible": 2, "hidden": 3},
            "trainable_biases": [],
            "potential": {"plugin": "skewed", **potential},
        },
        "training": training or {},
    }
    with pytest.raises(ConfigError) as caught:
        check_config(override(tables, assignments), plugins(), "x.toml", given_by(tables, assignments))
    return caught.value.faults


BROKEN = "J2 = 1, J3 = 5, J4 = 1 break the constraint 9*J3**2 < 32*J2*J4 of 'skewed': 9*5**2 < 32*1*1 does not hold"


def test_the_key_that_was_given():
    assert faults_of({"J3": 5}) == (f"x.toml: computer.potential.J3: {BROKEN}",)


def test_of_several_keys_the_one_that_set_gave():
    assert faults_of({"J4": 1.0, "J3": 0.1}, "computer.potential.J3=5") == (f"--set: computer.potential.J3: {BROKEN}",)
    assert faults_of({"J4": 1.0, "J3": 5.0}, "computer.potential.J2=1.0") == (
        f"--set: computer.potential.J2: {BROKEN}",
    )


def test_a_group_is_blamed_for_its_own_key():
    (fault,) = faults_of({"J3": 1, "hidden": {"J4": 0.01}})
    assert fault.startswith("x.toml: computer.potential.hidden.J4: J2 = 1, J3 = 1, J4 = 0.01 break")
    (fault,) = faults_of({"J4": 1, "J3": 0.1, "hidden": {"J3": 5}})
    assert fault == f"x.toml: computer.potential.hidden.J3: {BROKEN}"


def test_a_group_takes_no_blame_for_a_key_of_the_common_table():
    groups = {"hidden": {"J4": 1.0}, "visible": {"J4": 1.0}}
    assert faults_of({"J2": 1.0, "J3": 0.1, **groups}, "computer.potential.J3=5") == (
        f"--set: computer.potential.J3: {BROKEN}",
    )
    (fault,) = faults_of({"J2": -1.0, **groups})
    assert fault == "x.toml: computer.potential.J2: skewed.J2 must lie in (0, inf), got -1"
    (fault,) = faults_of({"plugin": "skewd", **groups})
    assert fault.startswith("x.toml: computer.potential.plugin: no potential is called 'skewd'")


def test_with_the_other_faults_at_once():
    found = faults_of({"J3": 5, "hidden": {"J2": -1, "J3": 7}}, training={"windows": "two"})
    assert len(found) == 3
    assert found[1] == f"x.toml: computer.potential.J3: {BROKEN}"
    assert found[2].startswith("x.toml: computer.potential.hidden.J2: skewed.J2 must lie in (0, inf), got -1")


def test_one_value_per_unit():
    (fault,) = faults_of({"hidden": {"J3": [1, 2, 0]}})
    assert "hidden.J3: J2 = 1, J3 = 2, J4 = 1 break" in fault
    assert "at unit 1, counted from 0 (1 of 3 units do): 9*2**2 < 32*1*1 does not hold" in fault


def test_a_key_of_a_held_plugin_stands_in_its_table():
    own = {"plugin": "shifted", "by": 3, "base": {"plugin": "skewed", "J2": 0.2}}
    (fault,) = faults_of({"hidden": own})
    assert fault.startswith("x.toml: computer.potential.hidden.by: by = 3, base.J2 = 0.2 break")
    (fault,) = faults_of({"hidden": own | {"by": 0.0, "base": {"plugin": "skewed", "J3": 5}}})
    assert fault == f"x.toml: computer.potential.hidden.base.J3: {BROKEN}"


def test_parameters_that_share_a_constraint_are_not_trained_together():
    training = {"method": "exact", "potential_parameters": ["J2", "J3"]}
    assert faults_of({}, training=training) == (
        "x.toml: training.potential_parameters: expected one trained parameter in each constraint, got J2 and J3 in "
        "9*J3**2 < 32*J2*J4 of 'skewed': train one of them",
    )


def test_the_schema_says_in_words_what_it_cannot_hold():
    potential = json_schema(plugins())["properties"]["computer"]["properties"]["potential"]["properties"]
    assert potential["J3"]["description"] == "skewness [energy]; 9*J3**2 < 32*J2*J4"
    assert potential["by"]["description"] == "shift [1]; by < 10*base.J2"
