"""Tilted double well, sextic, cosine and log-cosh units: Boltzmann moments, and the mean time of a first passage.

H. Kramers, Physica 7, 284 (1940); P. Haenggi, P. Talkner and M. Borkovec, Rev. Mod. Phys. 62, 251 (1990), eq. 7.7.
"""

from __future__ import annotations

import numpy as np
import pytest
from ensembles import Averages
from scipy import integrate, special
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.integrators import EulerMaruyama, StochasticHeun
from thermozoo_plugins.potentials import Cosine, LogCosh, Sextic, TiltedWell

from thermozoo.computer.boltzmann import unit_boltzmann
from thermozoo.computer.computer import assemble
from thermozoo.computer.onsite import unit_energy
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate

KT = 0.5

#: Each with its energy by hand.
WELLS = {
    "tilted-well": (TiltedWell(J2=-1.0, J4=1.0, h=0.3), lambda x: -(x**2) + x**4 + 0.3 * x),
    "sextic": (Sextic(J2=1.0, J4=-2.0, J6=0.9), lambda x: x**2 - 2 * x**4 + 0.9 * x**6),
    "cosine": (Cosine(EL=0.5, EJ=1.5, phi=2.5), lambda x: 0.25 * x**2 - 1.5 * np.cos(x - 2.5)),
    "log-cosh": (LogCosh(K=2.0, w=0.7), lambda x: 0.98 * np.log(np.cosh(x / 0.7))),
}


def moments(energy, powers=(1, 2)):
    """<x^k> by adaptive quadrature of the Boltzmann weight, which is below exp(-60) beyond +-25."""

    def of(power):
        return integrate.quad(
            lambda x: x**power * np.exp(-energy(x) / KT), -25, 25, points=(-2, -1, 0, 1, 2), epsabs=1e-12, limit=400
        )[0]

    return [of(k) / of(0) for k in powers]


@pytest.mark.parametrize("name", WELLS)
def test_boltzmann_moments_by_another_quadrature(name):
    potential, energy = WELLS[name]
    found = unit_boltzmann(unit_energy(potential), KT)
    got = [float(found.mean(found.x**k)[0]) for k in (1, 2, 3, 4)]
    assert got == pytest.approx(moments(energy, (1, 2, 3, 4)), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(("K", "w"), [(2.0, 0.7), (0.3, 3.0)])
def test_a_log_cosh_unit_is_a_power_of_a_hyperbolic_secant(K, w):
    """Z = w sqrt(pi) Gamma(a / 2) / Gamma((a + 1) / 2) and <x^2> = w^2 psi'(a / 2) / 2 with a = K w^2 / kT."""
    found, a = unit_boltzmann(unit_energy(LogCosh(K=K, w=w)), KT), K * w**2 / KT
    log_z = np.log(w * np.sqrt(np.pi)) + special.gammaln(a / 2) - special.gammaln((a + 1) / 2)
    assert float(found.log_partition[0]) == pytest.approx(log_z, rel=1e-9)
    assert float(found.mean(found.x**2)[0]) == pytest.approx(w**2 * special.polygamma(1, a / 2) / 2, rel=1e-8)


@pytest.mark.long
def test_trajectories_have_the_boltzmann_moments():
    """<x> and <x^2> of each well: time averages of 2,560 units from the origin; 4.5 standard errors, false-alarm rate
    of all eight 5e-5. The scheme's own error is of order dt^2.
    """
    units = 64
    computer = assemble(
        dict.fromkeys(WELLS, units), {name: one for name, (one, _) in WELLS.items()}, Bipartite(), temperature=KT
    )
    kept = Averages(lambda x: np.stack([x, x**2]), 2000)
    dynamics, start = Dynamics(computer, StochasticHeun(), 5e-3), np.zeros((40, computer.n))
    simulate(dynamics, start, 8000, key=NoiseKey(21), every=40, observers=[kept], engine="compiled")
    means = kept.total / kept.count
    for name, (_, energy) in WELLS.items():
        each = means[:, :, computer.layout.slice(name)].reshape(2, -1)
        error = each.std(axis=1, ddof=1) / np.sqrt(each.shape[1])
        assert (np.abs(each.mean(axis=1) - moments(energy)) < 4.5 * error).all(), name
        assert 4.5 * error[1] < 0.06 * moments(energy)[1]


class FirstPassage:
    """An observer that keeps the first step after which each unit is seen below a state."""

    def __init__(self, below):
        self.below = below
        self.start()

    def start(self):
        self.step = None

    def observe(self, step, x):
        passed = np.where(x < self.below, float(step), np.inf)
        self.step = passed if self.step is None else np.minimum(self.step, passed)

    def bytes_needed(self, observations, trajectories, n, itemsize):
        return 8 * trajectories * n


TILT = {"J2": -2.0, "J4": 1.0, "h": 0.4}


def first_passage_time(kT, start, end):
    """Mean time from `start` to the first visit of `end` < `start`, mu = 1, by quadrature of the double integral.

    T = (1 / kT) int_end^start dy exp(U(y) / kT) int_y^infinity dz exp(-U(z) / kT).
    """

    def u(x):
        return TILT["J2"] * x**2 + TILT["J4"] * x**4 + TILT["h"] * x

    def inner(y):
        return integrate.quad(lambda z: np.exp((u(y) - u(z)) / kT), y, 3.0, epsabs=0, epsrel=1e-10, limit=200)[0]

    return integrate.quad(inner, end, start, epsabs=0, epsrel=1e-9, limit=200)[0] / kT


def extrema():
    """The deep minimum, the top of the barrier and the shallow minimum: U' = 4 J4 x^3 + 2 J2 x + h."""
    return np.sort(np.roots([4.0, 0.0, -4.0, TILT["h"]]).real)


def test_the_oracle_of_first_passages():
    """As printed; Kramers' formula, 2 pi exp(barrier / kT) over the root of the curvatures, is 16 % too low."""
    left, top, right = extrema()
    exact = first_passage_time(0.25, right, left)
    assert exact == pytest.approx(18.2335, abs=1e-3)
    height = (-2 * top**2 + top**4 + 0.4 * top) - (-2 * right**2 + right**4 + 0.4 * right)
    kramers = 2 * np.pi / np.sqrt((4 - 12 * top**2) * (12 * right**2 - 4)) * np.exp(height / 0.25)
    assert kramers == pytest.approx(15.3261, abs=1e-3)


@pytest.mark.long
def test_the_mean_first_passage_time_is_that_of_quadrature():
    """From the shallow minimum to the deep one, 2,560 units: 4.5 standard errors are 9 %, false-alarm rate 7e-6;
    Kramers' 16 % are seen. Units are looked at every 4 steps only, as if the end lay 0.5826 standard deviations of what
    they do between further out (D. Siegmund, Adv. Appl. Probab. 11, 701 (1979)), here 0.2 % of the time.
    """
    kT, dt, every = 0.25, 2e-3, 4
    left, _, right = extrema()
    expected = first_passage_time(kT, right, left - 0.5826 * np.sqrt(2 * kT * every * dt))
    computer = assemble({"a": 2560}, TiltedWell(**TILT), Bipartite(), temperature=kT)
    seen = FirstPassage(left)
    steps = every * round(16 * expected / dt / every)  # exp(-16) of the units are late
    dynamics, start = Dynamics(computer, EulerMaruyama(), dt), np.full((1, 2560), right)
    simulate(dynamics, start, steps, key=NoiseKey(31), every=every, observers=[seen], engine="compiled")
    times = seen.step.ravel() * dt
    error = times.std(ddof=1) / np.sqrt(times.size)
    assert abs(times.mean() - expected) < 4.5 * error
    assert 4.5 * error < 0.1 * expected
