"""Exact samples of uncoupled units: against quadrature of exp(-U / kT), written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import Baoab, ColouredNoise, HeatBath
from thermozoo_plugins.potentials import DoubleWell, Periodic, Quartic, Spin, Washboard
from thermozoo_plugins.protocols import Ramp

from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.equilibrium import equilibrium_states, why_no_equilibrium
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.schedule import Schedule
from thermozoo.errors import ParameterError

KT, SAMPLES = 0.3, 40_000
NUMBERS = np.arange(SAMPLES)

#: Five standard errors: a number is wrong by chance once in 1.7 million; the tests below look at 30.
WIDE = 5.0


def moments(energy, low, high, powers):
    """Means of powers of x under exp(-U / kT)."""
    whole = quad(lambda x: np.exp(-energy(x) / KT), low, high)[0]
    return [quad(lambda x, p=p: x**p * np.exp(-energy(x) / KT), low, high)[0] / whole for p in powers]


@pytest.mark.parametrize("precision", ["single", "double"])
def test_boltzmann(make_computer, euler, precision):
    """Moments and the distribution function of two groups, one with an energy for each unit, though all are coupled."""
    stiffness = np.array([0.5, 3.0])
    potentials = {"visible": DoubleWell(J2=-1.0, J4=1.0), "hidden": Quartic(J2=stiffness, J4=0.5)}
    computer = make_computer({"visible": 2, "hidden": 2}, potentials, Dense(), temperature=KT)
    computer = computer.with_parameters(np.linspace(-2.0, 2.0, computer.parameters.size))
    x = equilibrium_states(Dynamics(computer, euler, 0.01, precision), NoiseKey(3), NUMBERS)
    assert x.dtype == {"single": np.float32, "double": np.float64}[precision]
    energies = [lambda x: x**4 - x**2] * 2 + [lambda x, a=a: a * x**2 + 0.5 * x**4 for a in stiffness]
    for unit, energy in enumerate(energies):
        first, second, fourth, eighth = moments(energy, -6, 6, [1, 2, 4, 8])
        values = x[:, unit].astype(np.float64)
        assert abs(values.mean() - first) < WIDE * np.sqrt(second / SAMPLES)
        assert abs((values**2).mean() - second) < WIDE * np.sqrt((fourth - second**2) / SAMPLES)
        assert abs((values**4).mean() - fourth) < WIDE * np.sqrt((eighth - fourth**2) / SAMPLES)
        below = quad(lambda x, U=energy: np.exp(-U(x) / KT), -6, 0.4)[0]
        below /= quad(lambda x, U=energy: np.exp(-U(x) / KT), -6, 6)[0]
        assert abs((values < 0.4).mean() - below) < WIDE * np.sqrt(below * (1 - below) / SAMPLES)
    correlation = np.corrcoef(x.T) - np.eye(4)
    assert np.abs(correlation).max() < WIDE / np.sqrt(SAMPLES)


def test_a_trajectory_is_its_number(make_computer, euler):
    """The same bits whatever is drawn beside it, before it and with which other numbers; another seed, others."""
    law = Dynamics(make_computer({"unit": 70}, Quartic(), Dense(), temperature=KT), euler, 0.01)
    whole = equilibrium_states(law, NoiseKey(3), np.arange(600))
    assert np.array_equal(equilibrium_states(law, NoiseKey(3), np.array([599, 7])), whole[[599, 7]])
    assert (equilibrium_states(law, NoiseKey(4), np.arange(600)) != whole).all()
    assert len(np.unique(whole)) == whole.size


def test_clamped_units_are_zero_and_need_not_be_confined(make_computer, euler):
    potentials = {"visible": Quartic(), "held": Washboard(f=0.5)}
    computer = make_computer({"visible": 2, "held": 2}, potentials, Dense(), temperature=KT, clamped=["held"])
    x = equilibrium_states(Dynamics(computer, euler, 0.01), NoiseKey(3), np.arange(50))
    assert (x[:, :2] != 0).all()
    assert (x[:, 2:] == 0).all()


def test_discrete_units(make_computer):
    """P(s) = exp(-U(s) / kT) / Z, by hand."""
    h = np.array([0.2, -0.4, 0.0])
    computer = make_computer({"spins": 3}, Spin(h=h), Dense(), temperature=KT)
    x = equilibrium_states(Dynamics(computer, HeatBath(), 1.0), NoiseKey(3), NUMBERS)
    assert set(np.unique(x)) == {-1.0, 1.0}
    up = np.exp(h / KT) / (np.exp(-h / KT) + np.exp(h / KT))
    assert (np.abs((x == 1).mean(axis=0) - up) < WIDE * np.sqrt(up * (1 - up) / SAMPLES)).all()


def test_a_circle(make_computer, euler):
    """<cos 2x> by quadrature over a turn; both of its stable states are as likely."""
    computer = make_computer({"phases": 1}, Periodic(K=0.4), Dense(), temperature=KT)
    x = equilibrium_states(Dynamics(computer, euler, 0.01), NoiseKey(3), NUMBERS)
    weights = [
        quad(lambda t, p=p: np.cos(2 * t) ** p * np.exp(-0.4 * np.cos(2 * t) / KT), 0, 2 * np.pi)[0] for p in (0, 1, 2)
    ]
    mean, square = weights[1] / weights[0], weights[2] / weights[0]
    values = np.cos(2 * x[:, 0].astype(np.float64))
    assert abs(values.mean() - mean) < WIDE * np.sqrt((square - mean**2) / SAMPLES)
    assert abs(np.cos(x[:, 0]).mean()) < WIDE * np.sqrt(0.5 / SAMPLES)


def test_what_has_no_equilibrium(make_computer, euler):
    computer = make_computer({"unit": 2}, Quartic(), Dense(), temperature=KT)
    driven = Dynamics(make_computer({"unit": 2}, Washboard(f=0.5), Dense(), temperature=KT), euler, 0.01)
    assert why_no_equilibrium(Dynamics(computer, euler, 0.01)) is None
    assert why_no_equilibrium(Dynamics(computer, Baoab(), 0.01)) is None
    assert "'coloured-noise' does not relax" in why_no_equilibrium(Dynamics(computer, ColouredNoise(), 0.01))
    assert "drives a unit around its circle" in why_no_equilibrium(driven)
    with pytest.raises(ParameterError, match="drives a unit around its circle"):
        equilibrium_states(driven, NoiseKey(3), np.arange(2))
    ramp = Schedule({"temperature": Ramp(initial=0.3, final=0.1)})
    assert why_no_equilibrium(Dynamics(computer, euler, 0.01, steps=10, schedule=ramp)) == "a schedule drives the units"
