"""The heat of every time window, and what it says of a run."""

from __future__ import annotations

from types import SimpleNamespace

import attrs
import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.potentials import Quartic

from thermozoo.computer.program import Program
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.runs.generation import generate
from thermozoo.runs.window_heat import run_warnings


def generated(untrained, windows, euler):
    """Generate five samples in 130 steps, which are no multiple of three or nine windows."""
    dynamics = Dynamics(untrained, euler, 0.01, steps=130)
    program = attrs.evolve(dynamics, computer=Program(windows))
    return generate(program, dynamics, 5, equilibration=130, seed=4, engine=engine_named("reference"))


@pytest.fixture(scope="module")
def computer(make_computer):
    return make_computer({"visible": 4, "hidden": 2}, Quartic(), Dense(), temperature=0.3)


def test_the_heat_of_a_window_is_its_fall_of_energy(computer, euler):
    """By hand, where steps do not divide by windows and observations do not fall on their edges."""
    windows = [computer.with_parameters(scale * computer.parameters) for scale in (1.0, -1.5, 0.5)]
    done = generated(computer, windows, euler)
    edges = [0, 43, 87, 130]
    key = NoiseKey(4)
    x = simulate(Dynamics(computer.bare(), euler, 0.01), np.zeros((5, 6)), 130, key=key.named("equilibration")).final
    expected = []
    for window, first, last in zip(windows, edges, edges[1:], strict=False):
        before = x
        dynamics = Dynamics(window, euler, 0.01)
        x = simulate(dynamics, x, last - first, key=key.named("generation"), first_step=first).final
        expected.append(window.energy(before) - window.energy(x))
    np.testing.assert_allclose(done.window_heat, expected, atol=1e-12)
    np.testing.assert_allclose(done.window_heat.sum(axis=0), done.ledger.total, atol=1e-12)


def test_classes_of_different_heat_are_no_two_groups(computer):
    """Seven thousand kT against a hundred by class says nothing of switching; the same within a class does.

    False alarms: fewer than one in a thousand, by the test's own bound.
    """
    random = np.random.default_rng(5)
    machine = SimpleNamespace(computer=SimpleNamespace(temperature=0.5))
    asked = np.resize([3, 7], 400)
    mean = np.where(asked == 3, 100.0, 7000.0)

    def warned(mean, condition):
        heat = 0.5 * (mean + 20 * random.standard_normal(400))
        return run_warnings(
            machine, SimpleNamespace(ledger=SimpleNamespace(total=heat), window_heat=[heat], condition=condition)
        )

    assert warned(mean, asked) == ()
    assert "falls into two groups" in warned(mean, None)[0]
    assert "falls into two groups" in warned(np.where(np.arange(400) < 200, 100.0, 7000.0), asked)[0]


def test_a_run_says_which_window_does_most_of_the_work(computer, euler):
    """Of nine windows the sixth switches strong couplings on, which the last ones keep."""
    off, on = computer.with_parameters(0 * computer.parameters), computer.with_parameters(-40 * computer.parameters)
    machine = SimpleNamespace(computer=computer)
    (text,) = run_warnings(machine, generated(computer, [off] * 5 + [on] * 4, euler))
    assert text.startswith("window 6 of 9 has ")
    assert run_warnings(machine, generated(computer, [computer] * 9, euler)) == ()
    assert run_warnings(machine, generated(computer, [computer], euler)) == ()
