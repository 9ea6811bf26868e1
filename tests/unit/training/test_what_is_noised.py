"""What a law of motion must be so that training can undo its noising."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

import thermozoo as tz
from thermozoo.errors import TrainingError
from thermozoo.training.noising import Imposed, Noising


def noising(computer):
    dynamics = tz.Dynamics(computer, tz.get("euler-maruyama"), dt=0.01, steps=20)
    return Noising(dynamics, np.ones((1, 4)), (Imposed(tz.get("constant"), np.arange(4)),))


@pytest.fixture
def computer():
    return tz.assemble({"visible": 4}, tz.get("quartic"), tz.get("dense"), temperature=0.1)


def test_of_a_program_it_is_the_bare_computer(computer):
    program = tz.Program([computer, computer.with_couplings({(0, 1): 0.5})])
    assert noising(program).dynamics.computer.digest() == computer.bare().digest()


def test_a_factor_of_the_onsite_energy_is_refused(computer):
    scaled = attrs.evolve(computer, onsite=computer.onsite.scaled(2.0))
    with pytest.raises(TrainingError, match="on-site energy of the computer is multiplied by 2"):
        noising(scaled)
