"""Escape from a double well against the exact rate, the slowest decay of the Fokker-Planck operator.

H. Kramers, Physica 7, 284 (1940); P. Haenggi, P. Talkner and M. Borkovec, Rev. Mod. Phys. 62, 251 (1990).
"""

from __future__ import annotations

import numpy as np
import pytest
from ensembles import final_states
from scipy import linalg
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.integrators import EulerMaruyama, StochasticHeun
from thermozoo_plugins.potentials import DoubleWell

from thermozoo.computer.computer import assemble

KT, TIME = 0.2, 60.0


def relaxation(time):
    """Slowest rate, and <sign x> at some time after a start at x = 1: U = -2 x^2 + x^4, mu = 1, 1,601 points.

    Hopping rates (kT / h^2) exp(-(U_j - U_i) / 2 kT) keep detailed balance, so the operator is symmetric after division
    by the root of the Boltzmann weight. Faster modes than the first ten are gone after less than 1 / 100.
    """
    x, h = np.linspace(-2.4, 2.4, 1601, retstep=True)
    u = -2 * x**2 + x**4
    hop = KT / h**2
    right, left = hop * np.exp(-np.diff(u) / (2 * KT)), hop * np.exp(np.diff(u) / (2 * KT))
    leave = np.append(right, 0.0) + np.insert(left, 0, 0.0)
    rates, modes = linalg.eigh_tridiagonal(leave, np.full(len(x) - 1, -hop), select="i", select_range=(0, 9))
    root = np.exp(-(u - u.min()) / (2 * KT))
    start = np.abs(x - 1.0).argmin()
    amplitudes = modes[start] / root[start] * (np.sign(x) * root @ modes)
    return rates[1], float(amplitudes @ np.exp(-rates * time)), rates


def escaped(scheme, units, dt):
    computer = assemble({"a": 2560}, DoubleWell(J2=-2.0, J4=1.0), Bipartite(), temperature=KT)
    start = np.ones((units // 2560, 2560))
    return np.sign(final_states(computer, scheme, dt, round(TIME / dt), start, seed=3)).mean()


def test_the_oracle():
    """The rate as printed; Kramers' formula, omega_min omega_max exp(-5) / 2 pi a well, is 9 % higher."""
    rate, later, rates = relaxation(TIME)
    assert rate == pytest.approx(0.011105, abs=1e-6)
    assert abs(rates[0]) < 1e-8
    kramers = 2 * np.sqrt(8 * 4) * np.exp(-5) / (2 * np.pi)
    assert kramers == pytest.approx(0.012133, abs=1e-6)
    # the start is nearly the eigenfunction's plateau
    assert later == pytest.approx(np.exp(-rate * TIME), rel=0.01)


def check(scheme, units, dt, coarsest):
    rate, expected, _ = relaxation(TIME)
    found = escaped(scheme, units, dt)
    error = np.sqrt((1 - expected**2) / units)
    assert abs(found - expected) < 4 * error
    # what this says of the rate: r = -ln <sign x> / t
    tolerance = 4 * error / (expected * TIME) / rate
    assert tolerance < coarsest
    assert abs(-np.log(found) / TIME / rate - 1) < tolerance + 0.01  # 1 %: the transient that the line above counts


def test_units_escape_at_the_exact_rate():
    """5,120 units: 4 standard errors are 14 % of the rate, false-alarm rate 6e-5."""
    check(EulerMaruyama(), 5120, 1e-3, coarsest=0.145)


@pytest.mark.long
@pytest.mark.parametrize("scheme", [EulerMaruyama(), StochasticHeun()], ids=lambda s: s.name)
def test_units_escape_at_the_exact_rate_and_not_at_kramers(scheme):
    """30,720 units: 4 standard errors are 5.8 % of the rate, false-alarm rate 6e-5 each; Kramers' 9 % are seen."""
    check(scheme, 30_720, 1e-3, coarsest=0.06)
