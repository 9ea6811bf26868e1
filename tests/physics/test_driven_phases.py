"""Phases: Stratonovich's mobility on a washboard, and the order of phases at equilibrium.

R. L. Stratonovich, Topics in the Theory of Random Noise, vol. 2 (1967), chapter 9; V. Ambegaokar and B. I. Halperin,
Phys. Rev. Lett. 22, 1364 (1969); P. Reimann, Phys. Rep. 361, 57 (2002), section 2.4.
"""

from __future__ import annotations

import numpy as np
import pytest
from ensembles import Averages
from scipy import integrate, special
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.integrators import StochasticHeun
from thermozoo_plugins.potentials import Periodic, Washboard

from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate

KT, MOBILITY, K = 0.3, 1.3, 1.0

#: Driving forces: none, far below the ripples, near them, above them, the other way.
FORCES = (0.0, 0.3, 0.7, 1.0, 1.5, -0.6)


def drift(f, kT=KT, K=K, mobility=MOBILITY):
    """Mean velocity by quadrature of Stratonovich's double integral over one turn L of U = K cos x - f x.

    v = L mu kT (1 - exp(-L f / kT)) / int_0^L dx int_0^L dy exp((U(x) - U(x - y)) / kT).
    """
    turn = 2 * np.pi

    def both(y, x):
        return np.exp((K * (np.cos(x) - np.cos(x - y)) - f * y) / kT)

    total, _ = integrate.dblquad(both, 0, turn, 0, turn, epsabs=0, epsrel=1e-9)
    return turn * mobility * kT * -np.expm1(-turn * f / kT) / total


def test_the_oracle_of_the_drift():
    """Without ripples mu f; without noise mu (f^2 - K^2)^(1/2); near rest the mobility mu / I0(K / kT)^2.

    At f = 0.7 it is 0.27: without noise it would be zero, without ripples 0.91.
    """
    assert drift(0.7, K=0.0) == pytest.approx(MOBILITY * 0.7, rel=1e-9)
    assert drift(1.5, kT=0.01) == pytest.approx(MOBILITY * np.sqrt(1.25), rel=1e-3)
    assert drift(1e-5) / 1e-5 == pytest.approx(MOBILITY / special.i0(K / KT) ** 2, rel=1e-3)
    assert drift(-0.6) == pytest.approx(-drift(0.6), rel=1e-9)
    # one of the integrals in closed form
    single, _ = integrate.quad(
        lambda y: 2 * np.pi * special.i0(2 * K / KT * np.sin(y / 2)) * np.exp(-0.7 * y / KT), 0, 2 * np.pi
    )
    closed = 2 * np.pi * MOBILITY * KT * (1 - np.exp(-2 * np.pi * 0.7 / KT)) / single
    assert drift(0.7) == pytest.approx(closed, rel=1e-8) == pytest.approx(0.265632, abs=1e-6)


@pytest.mark.long
def test_the_mean_velocity_on_a_washboard_is_that_of_stratonovich():
    """640 phases a force for 100 units of time: 4.5 standard errors, false-alarm rate of all six 4e-5.

    States are not wrapped, so that what a phase has gone is the difference of its states.
    """
    units, dt, burn, steps = 16, 1e-2, 2000, 10_000
    names = {f"f{k}": f for k, f in enumerate(FORCES)}
    computer = assemble(
        dict.fromkeys(names, units),
        {name: Washboard(K=K, f=f) for name, f in names.items()},
        Bipartite(),
        temperature=KT,
        mobility=MOBILITY,
    )
    dynamics = Dynamics(computer, StochasticHeun(), dt)
    start = np.random.default_rng(0).uniform(-np.pi, np.pi, (40, computer.n))
    before = simulate(dynamics, start, burn, key=NoiseKey(41), engine="compiled").final
    after = simulate(dynamics, before, steps, key=NoiseKey(41), first_step=burn, engine="compiled").final
    for name, f in names.items():
        velocity = ((after - before) / (steps * dt))[:, computer.layout.slice(name)].ravel()
        error = velocity.std(ddof=1) / np.sqrt(velocity.size)
        assert abs(velocity.mean() - drift(f)) < 4.5 * error, f
        assert 4.5 * error < 0.03


@pytest.mark.long
def test_the_order_of_phases_is_a_ratio_of_bessel_functions():
    """<cos 2x> = -I1(K / kT) / I0(K / kT): time averages of 640 phases each, 4.5 standard errors, false-alarm rate of
    all four 3e-5.
    """
    units, strengths = 16, (-1.0, 0.0, 0.25, 0.6)
    names = {f"k{i}": value for i, value in enumerate(strengths)}
    computer = assemble(
        dict.fromkeys(names, units),
        {name: Periodic(K=value) for name, value in names.items()},
        Bipartite(),
        temperature=KT,
        mobility=MOBILITY,
    )
    kept = Averages(lambda x: np.cos(2 * x), 500)
    start = np.random.default_rng(1).uniform(-np.pi, np.pi, (40, computer.n))
    dynamics = Dynamics(computer, StochasticHeun(), 1e-2)
    simulate(dynamics, start, 6000, key=NoiseKey(42), every=10, observers=[kept], engine="compiled")
    means = kept.total / kept.count
    for name, value in names.items():
        each = means[:, computer.layout.slice(name)].ravel()
        error = each.std(ddof=1) / np.sqrt(each.size)
        expected = -special.i1(value / KT) / special.i0(value / KT)
        assert abs(each.mean() - expected) < 4.5 * error, value
        assert 4.5 * error < 0.03
