"""Ising spins against Onsager's solution, and small ones against enumeration.

The three-body energy and the torus are those on which the block Gibbs sampling of extropic-ai/thrml can be tried too.

Trajectories are independent, so the scatter of their time averages is the error of the mean whatever the correlation in
time; a comparison fails by chance with probability 1e-6 each.
"""

from __future__ import annotations

import itertools

import attrs
import numpy as np
import pytest
from scipy.special import ellipk
from scipy.stats import t

import thermozoo as tz
from thermozoo import Connectivity
from thermozoo.computer.coloring import units_by_color
from thermozoo.computer.terms import TupleCouplings

FALSE_ALARM = 1e-6


@attrs.frozen
class Square(Connectivity):
    """A periodic square lattice; from a width of 3 on each bond comes once."""

    name = "square-of-a-test"
    width: int

    def edges(self, layout):
        site = np.arange(self.width**2).reshape(self.width, self.width)
        bonds = [np.stack([site.ravel(), np.roll(site, -1, axis).ravel()], axis=1) for axis in (0, 1)]
        return np.concatenate(bonds)


def ferromagnet(width, temperature):
    """J = 1: the coupling of a pair is -1."""
    computer = tz.assemble({"spins": width**2}, tz.get("spin"), Square(width), temperature=temperature)
    return computer.with_parameters(np.full(2 * width**2, -1.0))


def sampled(computer, x0, forgotten, steps, seed, engine="compiled", every=1):
    dynamics = tz.Dynamics(computer, tz.get("heat-bath"), dt=1.0, precision="single")
    ready = tz.simulate(dynamics, x0, forgotten, seed=seed, energies=False, engine=engine)
    return tz.simulate(dynamics, ready, steps, every=every, engine=engine)


def agrees(series, expected):
    """Compare the average of (steps, trajectories) with its expectation."""
    averages = series.mean(axis=0)
    error = averages.std(ddof=1) / np.sqrt(averages.size)
    return abs(averages.mean() - expected) < t.isf(FALSE_ALARM / 2, averages.size - 1) * error


def onsager(temperature):
    """Energy of a spin of the infinite lattice, J = 1 (L. Onsager, Phys. Rev. 65, 117 (1944))."""
    k = 1 / temperature
    modulus = 2 * np.sinh(2 * k) / np.cosh(2 * k) ** 2
    return -(1 + 2 / np.pi * (2 * np.tanh(2 * k) ** 2 - 1) * ellipk(modulus**2)) / np.tanh(2 * k)


@pytest.mark.parametrize("temperature", [1.9, 2.6, 3.5])
def test_energy_of_a_square_lattice(temperature):
    """64 x 64 spins; the correlation length is below 5, so that the size matters less than 1e-6.

    With 32 trajectories the tolerance is about 0.002 of an energy of 0.6 to 1.9; at 10 % too high a temperature the
    energies differ by 0.02 and more.
    """
    rng = np.random.default_rng(1)
    start = np.ones((32, 4096)) if temperature < 2 else rng.choice([-1.0, 1.0], (32, 4096))
    done = sampled(ferromagnet(64, temperature), start, 150, 250, seed=1, every=10)
    energy = done.energy.sum("term").values / 4096
    assert agrees(energy, onsager(temperature))
    assert not agrees(energy, onsager(1.03 * temperature))


def test_three_spins_with_a_three_body_energy():
    """V = -J x1 x2 x3, J = kT: <x1 x2 x3> = tanh 1, and means and pairs vanish."""
    base = tz.assemble({"spins": 3}, tz.get("spin"), tz.get("dense"), temperature=0.7)
    triple = TupleCouplings(3, np.array([[0, 1, 2]]), np.array([-0.7]), tz.get("three-body"))
    computer = attrs.evolve(base, couplings=triple)
    assert len(units_by_color(computer)) == 3
    done = sampled(computer, np.ones((400, 3)), 20, 200, seed=2)
    x = done.x.values
    assert agrees(x.prod(axis=2), np.tanh(1.0))
    assert np.tanh(1.0) == pytest.approx(0.761594, abs=1e-6)
    for i in range(3):
        assert agrees(x[:, :, i], 0.0)
        assert agrees(x[:, :, i] * x[:, :, (i + 1) % 3], 0.0)


def test_nine_spins_on_a_torus():
    """A width of 3 has two bonds a spin, each once, and needs three colors; K = J / kT = 0.4."""
    computer = ferromagnet(3, 2.5)
    assert len(units_by_color(computer)) == 3
    states = np.array(list(itertools.product([-1, 1], repeat=9)))
    grid = states.reshape(-1, 3, 3)
    bonds = (grid * np.roll(grid, -1, 1)).sum(axis=(1, 2)) + (grid * np.roll(grid, -1, 2)).sum(axis=(1, 2))
    weight = np.exp(0.4 * bonds)
    weight /= weight.sum()
    energy, square = -(weight @ bonds) / 9, weight @ states.mean(axis=1) ** 2
    assert (energy, square) == (pytest.approx(-1.462122, abs=1e-6), pytest.approx(0.735284, abs=1e-6))
    start = np.random.default_rng(3).choice([-1.0, 1.0], (400, 9))
    done = sampled(computer, start, 50, 400, seed=3)
    assert agrees(done.energy.sum("term").values / 9, energy)
    assert agrees(done.x.values.mean(axis=2) ** 2, square)
