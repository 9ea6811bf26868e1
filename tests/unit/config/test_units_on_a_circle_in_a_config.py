"""Phases in a config: what training cannot begin with or follow is refused with the remedy, the rest runs."""

from __future__ import annotations

import pytest

from thermozoo.config.load import check_config
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue


def tables(hidden, **changes):
    return {
        "seed": 5,
        "computer": {"units": {"visible": 784, "hidden": 4}, "potential": {"hidden": hidden}},
        "data": {"plugin": "digits", "classes": [0, 1]},
    } | changes


def faults_of(given):
    with pytest.raises(ConfigError) as caught:
        check_config(given, catalogue(), "x.toml")
    return [str(fault) for fault in caught.value.faults]


def test_a_signal_that_drives_phases_around():
    [fault] = faults_of(tables({"plugin": "periodic"}))
    assert "computer.potential.hidden" in fault
    assert "a signal drives the units of group 'hidden'" in fault
    assert "take a protocol that begins at zero (amplitude = 0 in [noising.hidden]" in fault


def test_a_washboard_that_drives_itself():
    quiet = {"noising": {"protocol": "constant", "amplitude": 0.0}, "training": {"method": "moments"}}
    [fault] = faults_of(tables({"plugin": "washboard"}, **quiet))
    assert "around which it drives the units of group 'hidden'" in fault
    assert "choose parameters without a force around the circle, or simulate it" in fault
    assert check_config(tables({"plugin": "washboard", "f": 0.0}, **quiet), catalogue(), "x.toml")


def test_exact_training_follows_densities_on_a_line():
    quiet = {"noising": {"protocol": "constant", "amplitude": 0.0}}
    [fault] = faults_of(tables({"plugin": "periodic"}, **quiet))
    assert "training.method" in fault
    assert "'periodic' live on a circle (period 6.28319)" in fault
    assert "take a sampled method, such as method = 'moments'" in fault


def test_the_bound_of_the_time_step_is_known():
    quiet = {"noising": {"protocol": "constant", "amplitude": 0.0}, "training": {"method": "moments"}}
    [fault] = faults_of(tables({"plugin": "periodic", "K": 600.0}, **quiet))
    assert "dynamics.dt" in fault
    assert "= 0.000833 of this computer" in fault  # 2 / (4 K)
