"""Units that interactions couple, with exact answers: chains, rings and mean fields of phases, three bodies, Kuramoto's
oscillators.

H. E. Stanley, Phys. Rev. 179, 570 (1969); D. C. Mattis, Phys. Lett. A 104, 357 (1984); J. A. Acebron et al., Rev. Mod.
Phys. 77, 137 (2005).
"""

from __future__ import annotations

import itertools

import attrs
import numpy as np
import pytest
from ensembles import averaged
from scipy.optimize import brentq
from scipy.special import i0e, i1e, iv

import thermozoo as tz
from thermozoo import Connectivity, Potential
from thermozoo.computer.terms import TupleCouplings

HEUN = tz.get("stochastic-heun")


@attrs.frozen
class Free(Potential):
    """A phase: no energy of its own."""

    name = "free"

    def energy(self, x):
        return 0 * x


@attrs.frozen
class Listed(Connectivity):
    name = "listed"
    pairs: tuple = ()

    def edges(self, layout):
        return np.array(self.pairs)


def phases(n, strengths, kT, connectivity=None):
    """Phases whose pairs have given strengths of cos(x_i - x_j)."""
    graph = Listed(tuple(strengths)) if connectivity is None else connectivity
    base = tz.assemble({"phase": n}, Free(), graph, temperature=kT, interaction=tz.get("interaction:cosine"))
    return base.with_couplings(strengths)


def agree(found, error, expected):
    """Whether means lie within four of their standard errors."""
    return np.abs((np.array(found) - expected) / error) < 4.0


@pytest.mark.long
def test_open_chains_of_phases():
    """V = -J sum cos(x_i - x_(i+1)): <cos> over a distance r is (I_1(K) / I_0(K))^r, K = J / kT.

    Three chains of 16 phases at K = 0.5, 1, 2; 300 trajectories' own averages, 4 standard errors (0.5 %), false alarm
    6e-5 each.
    """
    kT, length, chains = 0.8, 16, (0.5, 1.0, 2.0)
    strengths = {(c * length + k, c * length + k + 1): -K * kT for c, K in enumerate(chains) for k in range(length - 1)}
    expected = np.array([iv(1, K) / iv(0, K) for K in chains])
    assert expected == pytest.approx([0.242500, 0.446390, 0.697775], abs=1e-6)

    def measure(x):
        chain = x.reshape(len(x), len(chains), length)
        return np.concatenate([np.cos(chain[..., r:] - chain[..., : length - r]).mean(axis=2).T for r in (1, 2)])

    found, error = averaged(
        phases(48, strengths, kT), HEUN, 0.02, trajectories=300, burn=400, steps=800, every=20, seed=3, measure=measure,
        engine="reference",
    )  # fmt: skip
    assert agree(found, error, np.concatenate([expected, expected**2])).all()
    assert error.max() < 0.005


def ring_by_transfer_matrix(n, K, points=64):
    """<cos(x_i - x_(i+1))> of a ring: traces of powers of exp(K cos), on a grid that is exact for it."""
    angle = 2 * np.pi * np.arange(points) / points
    difference = angle[:, None] - angle[None, :]
    transfer = np.exp(K * (np.cos(difference) - 1))
    rest = np.linalg.matrix_power(transfer, n - 1)
    return np.trace(transfer * np.cos(difference) @ rest) / np.trace(transfer @ rest)


def test_rings_of_phases():
    """Rings of five phases at K = 1, closed and so more aligned than a chain; 4 standard errors (2 %), 6e-5."""
    kT, n, rings = 0.7, 5, 12
    expected = ring_by_transfer_matrix(n, 1.0)
    assert expected > iv(1, 1.0) / iv(0, 1.0) + 0.02
    pairs = {(5 * r + k, 5 * r + (k + 1) % n): -kT for r in range(rings) for k in range(n)}

    def measure(x):
        ring = x.reshape(len(x), rings, n)
        return np.cos(ring - np.roll(ring, 1, axis=2)).mean(axis=(1, 2))

    found, error = averaged(
        phases(n * rings, pairs, kT), HEUN, 0.04, trajectories=60, burn=100, steps=300, every=10, seed=7,
        measure=measure, engine="reference",
    )  # fmt: skip
    assert agree(found, error, expected)
    assert error < 0.01


def squared_magnetisation(n, K):
    """<|sum_i exp(i x_i)|^2> / n^2 of n phases with V = -(J / n) sum_(i<j) cos(x_i - x_j), by one integral.

    With a^2 = K / n and h two standard normal numbers, exp(a^2 |S|^2 / 2) is the mean of exp(a h.S): phases are
    independent given h, and <|h|^2> = 2 + a^2 <|S|^2>.
    """
    a, h = np.sqrt(K / n), np.linspace(1e-6, 2 * np.sqrt(K * n) + 20.0, 40_001)
    exponent = np.log(h) - h**2 / 2 + n * (np.log(i0e(a * h)) + a * h)
    weight = np.exp(exponent - exponent.max())
    assert weight[-1] < 1e-12
    return ((weight @ h**2) / weight.sum() - 2) / (a * n) ** 2


def mean_field(K):
    """m = I_1(K m) / I_0(K m)."""
    return brentq(lambda m: m - i1e(K * m) / i0e(K * m), 1e-3, 1.0) if K > 2 else 0.0


def test_phases_in_their_mean_field():
    """Forty phases coupled all to all, below and above the transition at K = 2; 4 standard errors (3 %), 6e-5 each.

    The integral for a finite number of phases tends to the self-consistent magnetisation as their number grows.
    """
    kT, n = 0.5, 40
    for K in (1.0, 3.0, 4.0):
        assert squared_magnetisation(100_000, K) == pytest.approx(mean_field(K) ** 2, abs=2e-4)
    for K in (1.0, 4.0):
        strengths = -K * kT / n * (1 - np.eye(n))
        found, error = averaged(
            phases(n, strengths, kT, tz.get("dense")), HEUN, 0.05, trajectories=60, burn=120, steps=240, every=10,
            seed=11, measure=lambda x: np.abs(np.exp(1j * x).mean(axis=1)) ** 2, engine="reference",
        )  # fmt: skip
        assert agree(found, error, squared_magnetisation(n, K))
    assert found > 0.6


def test_three_bodies_against_quadrature():
    """Triples of quartic units with V = J x y z; 4 standard errors, false alarm 6e-5 each."""
    kT, J, copies = 0.5, 2.0, 16
    tuples = np.arange(3 * copies).reshape(copies, 3)
    base = tz.assemble({"unit": 3 * copies}, tz.get("quartic", J2=0.5, J4=0.25), Listed(((0, 1),)), temperature=kT)
    couplings = TupleCouplings(3 * copies, tuples, np.full(copies, J), tz.get("three-body"))
    line = np.linspace(-3.5, 3.5, 81)
    x, y, z = np.meshgrid(line, line, line, indexing="ij")
    energy = sum(0.5 * u**2 + 0.25 * u**4 for u in (x, y, z)) + J * x * y * z
    weight = np.exp(-energy / kT)
    expected = np.array([(weight * f).sum() / weight.sum() for f in (x * y * z, x**2, x**2 * y**2)])
    assert expected[0] < -0.1

    def measure(states):
        a, b, c = states.reshape(len(states), copies, 3).transpose(2, 0, 1)
        return [(a * b * c).mean(axis=1), (a**2).mean(axis=1), (a**2 * b**2).mean(axis=1)]

    found, error = averaged(
        attrs.evolve(base, couplings=couplings), HEUN, 0.02, trajectories=80, burn=150, steps=400, every=20, seed=13,
        measure=measure, engine="reference",
    )  # fmt: skip
    assert agree(found, error, expected).all(), (found, error, expected)


def test_three_spins_by_enumeration():
    """V = -J x1 x2 x3 over the states -1 and 1, J = kT: <x1 x2 x3> = tanh 1, all single means and pairs vanish."""
    couplings = TupleCouplings(3, np.array([[0, 1, 2]]), np.array([-1.0]), tz.get("three-body"))
    states = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    weight = np.exp(-couplings.energy(states))
    weight /= weight.sum()
    assert weight @ states.prod(axis=1) == pytest.approx(np.tanh(1.0), abs=1e-14)
    assert np.allclose(weight @ states, 0.0, atol=1e-15)
    assert np.allclose((states.T * weight) @ states, np.eye(3), atol=1e-15)


@pytest.mark.parametrize(("K", "expected"), [(0.5, 0.0), (2.0, np.sqrt(0.5))])
def test_oscillators_synchronize_above_their_threshold(K, expected):
    """Natural frequencies (biases) at the quantiles of a Lorentzian of half width 1/2: r = sqrt(1 - K_c / K), K_c = 1.

    Of 300 oscillators; without temperature but for 1e-6, so that only the number of oscillators limits it: 0.1 below,
    where r is of the order of 1 / sqrt(300), 0.05 above.
    """
    n, dt = 300, 0.05
    frequency = 0.5 * np.tan(np.pi * ((np.arange(n) + 0.5) / n - 0.5))
    base = phases(n, -K / n * (1 - np.eye(n)), 1e-6, tz.get("dense"))
    computer = attrs.evolve(base, biases=-np.clip(frequency, -15.0, 15.0))  # those that fast do not take part
    r, _ = averaged(
        computer, tz.get("euler-maruyama"), dt, trajectories=2, burn=600, steps=600, every=20, seed=1,
        measure=lambda x: np.abs(np.exp(1j * x).mean(axis=1)), engine="reference",
    )  # fmt: skip
    assert abs(r - expected) < (0.05 if expected else 0.1)
