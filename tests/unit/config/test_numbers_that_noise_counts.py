"""Steps and trajectories from 2^32 on are refused, before a run and in every engine: their noise would repeat."""

from __future__ import annotations

import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import Quartic

import thermozoo as tz
from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import BatchState, Dynamics, engine_named, why_not
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.errors import ConfigError, ParameterError
from thermozoo.runs.phase import own_key

KEY = NoiseKey(3, 100)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("sample", "dynamics.duration=4.3e7", "dynamics.duration: expected at most 2^32 time steps, got 4,300,000,000"),
        ("ten-digits", "generation.dt=1e-9", "generation.dt: expected at most 2^32 time steps of generation, got 1"),
        ("ten-digits", "generation.equilibration=1e9", "at most 2^32 time steps of equilibration, got"),
        ("ten-digits", "generation.samples=4294967297", "expected at most 2^32 samples, got 4,294,967,297"),
        ("whitelam", "training.cycles=2000000000", "at most 2^32 noising trajectories, got 6,000,000,000"),
    ],
)
def test_a_config_that_asks_for_more(name, value, message):
    assignments = [value, "dynamics.dt=0.01"] if name == "sample" else [value]
    with pytest.raises(ConfigError) as refused:
        tz.load_config(name, assignments=assignments)
    [line] = [line for line in str(refused.value).splitlines() if "2^32" in line]
    assert message in line
    assert line.endswith("their noise would repeat; ask for fewer")


@pytest.mark.parametrize("name", ["reference", "compiled", "jax"])
def test_every_engine_refuses_them(name):
    one = assemble({"a": 2}, Quartic(), Dense(), temperature=0.3)
    dynamics = Dynamics(one, EulerMaruyama(), 0.01)
    if why_not(name, dynamics) is not None:
        pytest.skip("not installed")
    stepper = engine_named(name).prepare(dynamics)
    x = np.zeros((2, 2), dynamics.dtype)
    last = stepper.begin(BatchState(x, KEY, np.array([0, 2**32 - 1]), 2**32 - 1))
    with pytest.raises(ParameterError, match="got 2 steps from number 4294967295: noise would repeat"):
        last.advance(2)
    for numbers in ([0, 2**32], [-1, 0]):
        with pytest.raises(ParameterError, match=r"trajectories are numbered from 0 to 2\^32 - 1"):
            stepper.begin(BatchState(x, KEY, np.array(numbers), 0))


def test_states_that_are_prepared_are_refused_as_well():
    law = Dynamics(assemble({"a": 2}, Quartic(), Dense(), temperature=0.3), EulerMaruyama(), 0.01)
    with pytest.raises(ParameterError, match="4294967296"):
        tz.equilibrium_states(law, KEY, [2**32])
    with pytest.raises(ParameterError, match="noise would repeat"):
        tz.simulate(law, np.zeros((1, 2)), 5, key=KEY, first_step=2**32 - 4)
    with pytest.raises(ParameterError, match="noise would repeat"):
        tz.simulate(law, np.zeros((2, 2)), 5, key=KEY, first_trajectory=2**32 - 1)


def test_a_task_has_streams_of_its_own_only():
    assert own_key(5, 899) == NoiseKey(5, 999)
    with pytest.raises(ParameterError, match="stream must be a whole number from 0 to 899, got 900"):
        own_key(5, 900)
