"""The first law, per trajectory and to rounding; what a digital denoiser would have cost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thermozoo.dynamics.engines import Drive, Dynamics
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
from thermozoo.errors import ParameterError
from thermozoo.thermodynamics.advantage import BOLTZMANN, denoiser_cost_kT, thermodynamic_advantage
from thermozoo.thermodynamics.hardware import PRESETS, Hardware
from thermozoo.thermodynamics.heat import HeatLedger

STEPS = 25


def watched(computer, euler, precision, seed, drive=None):
    states, energies = KeptStates(), EnergyTerms(computer)
    start = np.random.default_rng(seed).standard_normal((4, computer.n))
    done = simulate(
        Dynamics(computer, euler, 0.004, precision),
        start,
        STEPS,
        key=NoiseKey(seed),
        drive=drive,
        every=1,
        observers=[states, energies],
    )
    return states.states.astype(np.float64), energies, done


@settings(max_examples=12)
@given(data=st.data(), precision=st.sampled_from(["single", "double"]), seed=st.integers(0, 10**6))
def test_first_law_with_fixed_parameters(drawn, plain, euler, data, precision, seed):
    """Heat is the energy lost, for every trajectory, with energies written out by hand."""
    computer = data.draw(drawn.computers())
    states, energies, _ = watched(computer, euler, precision, seed)
    ledger = HeatLedger(energies.terms)
    energy = np.array([[plain.energy(computer, x) for x in row] for row in states[[0, -1]]])
    size = 1 + np.abs(np.stack(list(energies.terms.values()))).max()
    tolerance = 20 * computer.n * np.finfo(float).eps * size
    assert ledger.total.dtype == np.float64
    assert np.abs(ledger.total - (energy[0] - energy[1])).max() <= tolerance
    # heat leaves step by step: the force dissipates what the state loses
    assert np.abs(ledger.heat[0]).max() == 0.0
    assert np.array_equal(ledger.total_work, np.zeros(4))


@settings(max_examples=12)
@given(data=st.data(), precision=st.sampled_from(["single", "double"]), seed=st.integers(0, 10**6))
def test_first_law_with_driven_parameters(drawn, plain, euler, data, precision, seed):
    """Q = W - dV with W = sum of V(x_k; a_k+1) - V(x_k; a_k), and Q = -sum of V(x_k+1; a_k+1) - V(x_k; a_k+1)."""
    computer = data.draw(drawn.computers())
    random = np.random.default_rng(seed)
    drive = Drive(random.standard_normal((2, computer.n)), np.array([0, 1, 1, 0]), random.standard_normal(STEPS + 1))
    states, energies, done = watched(computer, euler, precision, seed, drive)
    signal = drive.signals[drive.which]
    a = drive.intensity
    bare = np.array([[plain.energy(computer, x) for x in row] for row in states])

    def total(k, j):
        """V(x_k; a_j)."""
        return bare[k] - a[j] * (signal * states[k]).sum(axis=1)

    work = sum(total(k, k + 1) - total(k, k) for k in range(STEPS))
    heat = -sum(total(k + 1, k + 1) - total(k, k + 1) for k in range(STEPS))
    size = 1 + np.abs(bare).max() + np.abs(a).max() * np.abs(signal * states).sum(axis=-1).max()
    tolerance = 20 * STEPS * computer.n * np.finfo(float).eps * size
    assert np.abs(done.work - work).max() <= tolerance
    # the ledger counts the drive as a term of its own
    terms = dict(energies.terms)
    at = np.arange(STEPS + 1)
    terms["drive"] = -a[at][:, None] * (states * signal).sum(axis=-1)
    ledger = HeatLedger(terms, {"drive": np.linspace(0, 1, STEPS + 1)[:, None] * done.work})
    assert np.abs(ledger.total - heat).max() <= tolerance
    assert np.abs(ledger.total_work - work).max() <= tolerance


@settings(max_examples=12)
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_the_terms_of_the_ledger_sum_to_the_total(drawn, euler, data, seed):
    computer = data.draw(drawn.computers())
    states, energies, _ = watched(computer, euler, "double", seed)
    switching = np.random.default_rng(seed).standard_normal((STEPS + 1, 4))
    ledger = HeatLedger(energies.terms, {"coupling": switching})
    assert set(ledger.by_term) == {"on-site", "coupling", "bias"}
    size = 1 + np.abs(np.stack(list(energies.terms.values()))).max() + np.abs(switching).max()
    tolerance = 20 * np.finfo(float).eps * size
    assert np.abs(sum(ledger.by_term.values()) - ledger.heat).max() <= tolerance
    assert np.abs(ledger.total - (switching[-1] - np.diff(computer.energy(states)[[0, -1]], axis=0)[0])).max() <= (
        computer.n * tolerance
    )
    means = ledger.means()
    for name, part in ledger.by_term.items():
        assert np.abs(means[name] - part.mean(axis=1)).max() <= tolerance


def test_the_digital_cost_and_the_advantage():
    """784-128-128-784: 217,088 multiply-accumulates, 1 pJ each, ten steps, at 300 K."""
    assert denoiser_cost_kT() == pytest.approx(217_088 * 1e-12 * 10 / (1.380649e-23 * 300), rel=1e-12)
    assert denoiser_cost_kT() >= 5e14
    # images of 6 x 6 pixels: 36 * 128 + 128 * 128 + 128 * 36
    assert denoiser_cost_kT(36) == pytest.approx(25_600 * 1e-12 * 10 / (1.380649e-23 * 300), rel=1e-12)
    assert thermodynamic_advantage(100.0, pixels=36) == pytest.approx(denoiser_cost_kT(36) / 100)
    assert thermodynamic_advantage(1436.0) > 1e11
    assert thermodynamic_advantage(0.0) is None
    assert thermodynamic_advantage(-3.0) is None


def test_hardware():
    one = Hardware(1e-9, 300.0)
    assert one.seconds(2.5) == 2.5e-9
    assert one.joules(1000.0) == pytest.approx(1000 * BOLTZMANN * 300)
    assert set(PRESETS) >= {"electrical"}


def test_work_on_what_is_no_term_is_refused():
    """It would be counted as work and left out of the heat."""
    with pytest.raises(ParameterError, match=r"'drive', which is no term of the energy .terms: on-site"):
        HeatLedger({"on-site": np.zeros((2, 1))}, {"drive": np.ones((2, 1))})
