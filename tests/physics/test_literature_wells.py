"""Moments of wells from the literature against quadrature: Morse, Toda, FPUT, asymmetric, triple, with cusps and kinks.

All ten are groups of one computer without couplings, so one kernel has ten kinds of units.
"""

from __future__ import annotations

from typing import ClassVar

import attrs
import numpy as np
import pytest
import sympy
from ensembles import Averages, boltzmann_on_grid, draw
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.integrators import StochasticHeun

from thermozoo import Potential
from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate

KT, DT = 0.5, 5e-3


@attrs.frozen
class Morse(Potential):
    """U = (1 - exp(-x))^2 + x^2 / 20."""

    name = "morse"

    def energy(self, x):
        return (1 - sympy.exp(-x)) ** 2 + x**2 / 20


@attrs.frozen
class Toda(Potential):
    """U = exp(-x) + x - 1 + x^2 / 20."""

    name = "toda"

    def energy(self, x):
        return sympy.exp(-x) + x - 1 + x**2 / 20


@attrs.frozen
class Asymmetric(Potential):
    """U = x^4 / 4 - x^2 / 2 + 0.15 x."""

    name = "asymmetric"

    def energy(self, x):
        return x**4 / 4 - x**2 / 2 + 0.15 * x


@attrs.frozen
class Triple(Potential):
    """U = 2 x^2 (x^2 - 1)^2."""

    name = "triple"

    def energy(self, x):
        return 2 * x**2 * (x**2 - 1) ** 2


@attrs.frozen
class FPUT(Potential):
    """U = x^2 / 2 + x^3 / 12 + x^4 / 4, of Fermi, Pasta, Ulam and Tsingou."""

    name = "fput"

    def energy(self, x):
        return x**2 / 2 + x**3 / 12 + x**4 / 4


@attrs.frozen
class Hertz(Potential):
    """U = |x|^(5/2), the contact of two spheres."""

    name = "hertz"

    def energy(self, x):
        return sympy.Abs(x) ** sympy.Rational(5, 2)


@attrs.frozen
class Mixture(Potential):
    """U = -ln of two Gaussians at +-1.2 of width 0.6."""

    name = "mixture"
    s: ClassVar[float] = 0.6

    def energy(self, x):
        return -sympy.log(sum(sympy.exp(-((x + m) ** 2) / (2 * self.s**2)) for m in (-1.2, 1.2)))


@attrs.frozen
class Marcus(Potential):
    """U = the lower of (x + 1)^2 / 2 and (x - 1)^2 / 2 + 0.2: a cusp that points upwards."""

    name = "marcus"

    def energy(self, x):
        return sympy.Min((x + 1) ** 2 / 2, (x - 1) ** 2 / 2 + 0.2)


@attrs.frozen
class Buckled(Potential):
    """U = (x^2 + 1) / 2 - sqrt(x^2 + 0.04), a buckled spring."""

    name = "buckled"

    def energy(self, x):
        return (x**2 + 1) / 2 - sympy.sqrt(x**2 + 0.04)


@attrs.frozen
class Kinked(Potential):
    """U = (|x| - 1)^2."""

    name = "kinked"

    def energy(self, x):
        return (sympy.Abs(x) - 1) ** 2


#: The energy again, by hand in NumPy, and <x> and <x^2> from elsewhere.
WELLS = {
    Morse: (lambda x: (1 - np.exp(-x)) ** 2 + x**2 / 20, 0.6731, 1.6336),
    Toda: (lambda x: np.exp(-x) + x - 1 + x**2 / 20, 0.2117, 0.5763),
    Asymmetric: (lambda x: x**4 / 4 - x**2 / 2 + 0.15 * x, -0.2636, 0.9197),
    Triple: (lambda x: 2 * x**2 * (x**2 - 1) ** 2, 0.0, 0.4937),
    FPUT: (lambda x: x**2 / 2 + x**3 / 12 + x**4 / 4, -0.0353, 0.2929),
    Hertz: (lambda x: np.abs(x) ** 2.5, 0.0, 0.2377),
    Mixture: (
        lambda x: -np.logaddexp(-((x - 1.2) ** 2) / 0.72, -((x + 1.2) ** 2) / 0.72), 0.0, 1.5941,
    ),
    Marcus: (lambda x: np.minimum((x + 1) ** 2 / 2, (x - 1) ** 2 / 2 + 0.2), -0.2190, 1.6091),
    Buckled: (lambda x: (x**2 + 1) / 2 - np.sqrt(x**2 + 0.04), 0.0, 1.5634),
    Kinked: (lambda x: (np.abs(x) - 1) ** 2, 0.0, 1.2776),
}  # fmt: skip

UNITS = 64

#: Beyond it, the Boltzmann weight of every well is below 1e-15 of its maximum.
RANGE = -9.0, 21.0


def measured(layout, x):
    """x, x^2 and x U'(x), the latter by a central difference of the energy by hand: shape (3, trajectories, n)."""
    virial, h = np.empty(x.shape), 1e-6
    for cls, (energy, *_) in WELLS.items():
        part = x[:, layout.slice(cls.name)]
        virial[:, layout.slice(cls.name)] = part * (energy(part + h) - energy(part - h)) / (2 * h)
    return np.stack([x, x**2, virial])


@pytest.fixture(scope="module")
def ensemble():
    """Time averages of x, x^2 and x U' of every unit and trajectory, and how much of the start is left at the end.

    Units start in equilibrium, drawn by the test's own quadrature, and run for 20 units of time: a force, noise or
    temperature that is wrong drives them out, because the slowest well forgets in 10.
    """
    computer = assemble(
        {cls.name: UNITS for cls in WELLS}, {cls.name: cls() for cls in WELLS}, Bipartite(), temperature=KT
    )
    random, trajectories = np.random.default_rng(12), 40
    start = np.empty((trajectories, computer.n))
    for cls, (energy, *_) in WELLS.items():
        where = computer.layout.slice(cls.name)
        x, weight = boltzmann_on_grid(energy, KT, *RANGE, 60_001)
        start[:, where] = draw(x, weight, trajectories * UNITS, random).reshape(trajectories, -1)
    kept = Averages(lambda x: measured(computer.layout, x), 800)
    final = simulate(
        Dynamics(computer, StochasticHeun(), DT), start, 4000, key=NoiseKey(13), every=40, observers=[kept],
        engine="compiled",
    ).final  # fmt: skip
    return computer.layout, start, final, kept.total / kept.count


@pytest.mark.long
@pytest.mark.parametrize("cls", list(WELLS), ids=lambda c: c.name)
def test_moments_of_a_well(ensemble, cls):
    """<x>, <x^2> and the temperature <x U'> = kT: 2,560 units' own time averages.

    4 standard errors, false-alarm rate 1.9e-4 a well.
    """
    energy, *printed = WELLS[cls]
    x, weight = boltzmann_on_grid(energy, KT, *RANGE, 60_001)
    expected = np.array([weight @ x, weight @ x**2, KT])
    assert expected[:2] == pytest.approx(printed, abs=6e-5)
    layout, start, final, means = ensemble
    where = layout.slice(cls.name)
    each = means[:, :, where].reshape(3, -1)
    error = each.std(axis=1, ddof=1) / np.sqrt(each.shape[1])
    assert (np.abs(each.mean(axis=1) - expected) < 4 * error).all()
    # the start is forgotten, and the tolerance would see a temperature that is wrong by 15 %
    assert abs(np.corrcoef(start[:, where].ravel(), final[:, where].ravel())[0, 1]) < 0.3
    assert 4 * error[2] < 0.15 * KT
