"""Generation: equilibrate uncoupled, switch on, measure the heat from that moment."""

from __future__ import annotations

import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.potentials import Quartic

from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.runs.generation import generate

OPTIONS = {"dt": 0.01, "steps": 60, "precision": "double", "samples": 5, "seed": 4}


@pytest.fixture(scope="module")
def computer(make_computer):
    return make_computer({"visible": 4, "hidden": 2}, Quartic(), Dense(), temperature=0.3)


def test_the_two_phases(computer, euler):
    """The same bits as two simulations by hand, and heat = energy at the switch less energy at the end."""
    done = generate(computer, [computer], euler, engine=engine_named("reference"), **OPTIONS)
    key = NoiseKey(4)
    start = simulate(Dynamics(computer.bare(), euler, 0.01), np.zeros((5, 6)), 60, key=key.named("equilibration")).final
    end = simulate(Dynamics(computer, euler, 0.01), start, 60, key=key.named("generation")).final
    assert np.array_equal(done.start, start)
    assert np.array_equal(done.final, end)
    assert done.ledger.total == pytest.approx(computer.energy(start) - computer.energy(end), abs=1e-12)
    assert (done.times[0], done.times[-1]) == (0.0, pytest.approx(0.6))
    assert np.array_equal(done.shown[0], start[:3])
    assert np.array_equal(done.shown[-1], end[:3])
    assert len(done.times) == len(done.shown) == len(done.ledger.heat)


def test_windows_of_one_computer_are_one_run(computer, euler):
    engine = engine_named("reference")
    one = generate(computer, [computer], euler, engine=engine, **OPTIONS)
    three = generate(computer, [computer] * 3, euler, engine=engine, **OPTIONS)
    assert np.array_equal(one.final, three.final)
    assert three.ledger.total == pytest.approx(one.ledger.total, abs=1e-12)
    assert np.abs(three.ledger.total_work).max() == 0.0


def test_switching_windows_does_work(computer, euler):
    """First law with two windows, all of it by hand: W at the switch, Q = W - (V_end - V_start)."""
    other = computer.with_parameters(-1.5 * computer.parameters)
    done = generate(computer, [computer, other], euler, engine=engine_named("reference"), **OPTIONS)
    key = NoiseKey(4)
    start = simulate(Dynamics(computer.bare(), euler, 0.01), np.zeros((5, 6)), 60, key=key.named("equilibration")).final
    half = simulate(Dynamics(computer, euler, 0.01), start, 30, key=key.named("generation")).final
    end = simulate(Dynamics(other, euler, 0.01), half, 30, key=key.named("generation"), first_step=30).final
    assert np.array_equal(done.final, end)
    work = other.energy(half) - computer.energy(half)
    assert done.ledger.total_work == pytest.approx(work, abs=1e-12)
    heat = computer.energy(start) - computer.energy(half) + other.energy(half) - other.energy(end)
    assert done.ledger.total == pytest.approx(heat, abs=1e-12)
    assert sum(done.ledger.by_term.values())[-1] == pytest.approx(heat, abs=1e-12)


def test_progress_counts_both_phases(computer, euler):
    counted = []
    generate(computer, [computer], euler, engine=engine_named("reference"), progress=counted.append, **OPTIONS)
    assert sum(counted) == 120
