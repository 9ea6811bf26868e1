"""Boltzmann quadrature and exact samples against adaptive integration and Kolmogorov-Smirnov."""

from __future__ import annotations

import itertools

import attrs
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from thermozoo_plugins.potentials import DoubleWell, Quadratic, Quartic

from thermozoo import Potential, parameter
from thermozoo.computer import boltzmann
from thermozoo.computer.boltzmann import unit_boltzmann
from thermozoo.computer.onsite import unit_energy
from thermozoo.errors import FormulaError, ParameterError


def adaptive(energy, kT):
    """ln Z, <x> and <x^2> by scipy, in pieces around the minima."""
    grid = np.linspace(-60, 60, 240001)
    values = energy(grid) / kT
    floor = values.min()
    inside = grid[values - floor < 45]
    edges = np.linspace(inside[0] - 0.01, inside[-1] + 0.01, 25)

    def weight(x, power):
        return x**power * np.exp(-(energy(x) / kT - floor))

    z, first, second = (
        sum(
            integrate.quad(weight, a, b, args=(power,), epsabs=1e-14, epsrel=1e-12)[0]
            for a, b in itertools.pairwise(edges)
        )
        for power in (0, 1, 2)
    )
    return np.log(z) - floor, first / z, second / z


@settings(max_examples=20)
@given(data=st.data(), kT=st.floats(0.05, 3.0), force=st.floats(-4, 4))
def test_moments_against_adaptive_integration(drawn, data, kT, force):
    potential = data.draw(drawn.potentials())
    one = unit_boltzmann(unit_energy(potential), kT, force)
    j2, j4 = potential.J2, getattr(potential, "J4", 0.0)
    log_z, mean, square = adaptive(lambda x: j2 * x**2 + j4 * x**4 - force * x, kT)
    assert one.log_partition[0] == pytest.approx(log_z, rel=1e-9, abs=1e-9)
    assert one.mean(one.x)[0] == pytest.approx(mean, rel=1e-8, abs=1e-8)
    assert one.mean(one.x**2)[0] == pytest.approx(square, rel=1e-8)
    assert one.weight.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("potential", "kT", "force"),
    [
        (Quartic(), 0.1, 0.0),
        (Quartic(J2=0.5, J4=2.0), 1.0, 3.0),
        (DoubleWell(J2=-2.0), 0.5, 0.2),
        (DoubleWell(J2=-4.0), 0.05, 0.0),
        (Quadratic(), 1.0, -1.0),
    ],
)
def test_samples_are_exact(potential, kT, force):
    """Kolmogorov-Smirnov against the integrated density; seeded, false-alarm rate 1e-6 a case."""
    one = unit_boltzmann(unit_energy(potential), kT, force)
    u = np.random.default_rng(5).random((40_000, 1))
    samples = one.quantile(u)[:, 0]
    j2, j4 = potential.J2, getattr(potential, "J4", 0.0)
    grid = np.linspace(samples.min() - 1, samples.max() + 1, 200_001)
    density = np.exp(-(j2 * grid**2 + j4 * grid**4 - force * grid) / kT + 0.0)
    density /= density.max()
    cumulative = integrate.cumulative_trapezoid(density, grid, initial=0.0)
    cumulative /= cumulative[-1]
    assert stats.kstest(samples, lambda x: np.interp(x, grid, cumulative)).pvalue > 1e-6


@given(st.lists(st.floats(1e-9, 1 - 1e-9), min_size=2, max_size=8))
def test_quantiles_rise_with_u(u):
    one = unit_boltzmann(unit_energy(DoubleWell(J2=-3.0)), 0.2, [0.0, 1.0])
    x = one.quantile(np.sort(u)[:, None])
    assert np.all(np.diff(x, axis=0) >= 0)
    assert np.isfinite(x).all()


def test_one_row_per_force_and_per_unit():
    rows = unit_boltzmann(unit_energy(Quadratic(J2=[1.0, 2.0, 4.0])), 0.5, [0.0, 1.0, 2.0])
    # a quadratic unit is normal with mean f / 2 J2 and variance kT / 2 J2
    assert rows.mean(rows.x) == pytest.approx([0.0, 0.25, 0.25], abs=1e-12)
    variance = rows.mean(rows.x**2) - rows.mean(rows.x) ** 2
    assert variance == pytest.approx([0.25, 0.125, 0.0625], rel=1e-10)


def test_an_energy_that_does_not_confine_is_refused():
    @attrs.frozen
    class Slope(Potential):
        name = "slope"
        k: float = parameter(1.0, unit="energy", doc="stiffness")

        def energy(self, x):
            return self.k * x**2

    assert unit_boltzmann(unit_energy(Slope()), 1.0).weight.shape == (1, 801)
    said = r"Slope does not confine a unit: .*the energy does not rise .* \(.*\.py, line \d+\): choose other parameters"
    with pytest.raises(ParameterError, match=said):
        unit_boltzmann(unit_energy(Slope(k=-1.0)), 1.0)
    with pytest.raises(ParameterError, match=r"Slope does not confine a unit under the imposed force f = 1: "):
        unit_boltzmann(unit_energy(Slope(k=0.0)), 1.0, 1.0)


def test_a_force_steeper_than_the_energy_is_named():
    """U = |x| confines a unit by itself, but not against a force of 2."""

    @attrs.frozen
    class Cone(Potential):
        name = "cone"

        def energy(self, x):
            return sympy.Abs(x)

    assert unit_boltzmann(unit_energy(Cone()), 1.0, [0.0, 0.5]).x.shape[0] == 2
    with pytest.raises(ParameterError, match=r"under the imposed force f = 2: U\(x\) - f x does not rise"):
        unit_boltzmann(unit_energy(Cone()), 1.0, [0.0, 0.5, 2.0])


def test_an_energy_with_a_hole_is_refused():
    @attrs.frozen
    class Hole(Potential):
        name = "hole"

        def energy(self, x):
            return x**2 + sympy.log(sympy.Abs(x - sympy.Rational(1, 2)))

    with pytest.raises(FormulaError, match=r"infinite at x = 0\.5, .* \(.*test_boltzmann\.py, line \d+\)"):
        unit_boltzmann(unit_energy(Hole()), 1.0)


@attrs.frozen
class Washboard(Potential):
    """Wells of nearly equal depth, behind barriers of 400 kT."""

    name = "washboard"
    A: float = parameter(20.0, unit="energy", above=0, doc="half the barriers")
    J2: float = parameter(0.001, unit="energy", above=0, doc="stiffness")

    def energy(self, x):
        return self.A * sympy.cos(x) + self.J2 * x**2


def test_wells_behind_barriers_are_not_forgotten():
    one = unit_boltzmann(unit_energy(Washboard()), 0.1)
    x = np.linspace(-120, 120, 1_000_001)
    energy = 20.0 * np.cos(x) + 0.001 * x**2
    weight = np.exp(-(energy - energy.min()) / 0.1)
    square = (weight * x**2).sum() / weight.sum()  # 50; the two inner wells alone have 10
    assert one.mean(one.x**2)[0] == pytest.approx(square, rel=1e-6)


@pytest.mark.parametrize("kT", [1e-4, 1e-6])
def test_narrow_wells_are_resolved(kT):
    """Within the right well of a cold double well, samples have the variance kT / U'' = kT / 4 (to order kT)."""
    one = unit_boltzmann(unit_energy(DoubleWell()), kT, 0.0)
    u = (np.arange(40_000) + 0.5) / 40_000
    x = one.quantile(u[:, None])[:, 0]
    right = x[x > 0]
    assert len(right) == 20_000
    assert right.var() == pytest.approx(kT / 4, rel=3e-3)
    assert one.log_partition[0] == pytest.approx(0.25 / kT + np.log(2 * np.sqrt(np.pi * kT / 2)), abs=1e-3 + kT)


def test_a_well_too_narrow_for_a_grid_is_refused():
    with pytest.raises(ParameterError, match="raise the temperature"):
        unit_boltzmann(unit_energy(DoubleWell()), 1e-9, 0.0)


def test_units_alike_are_worked_out_once(monkeypatch):
    """Each unit has the distribution of its own force, however often and in what order forces come."""
    asked = []
    whole = boltzmann._interval
    monkeypatch.setattr(
        boltzmann, "_interval", lambda one, kT, force, points: asked.append(force.size) or whole(one, kT, force, points)
    )
    forces = np.array([0.7, -1.2, 0.7, 0.7, 0.0, -1.2])
    many = unit_boltzmann(unit_energy(Quartic()), 0.3, forces)
    assert asked == [3]
    for i, force in enumerate(forces):
        log_z, mean, _ = adaptive(lambda x, f=force: x**2 + x**4 - f * x, 0.3)
        assert many.log_partition[i] == pytest.approx(log_z, rel=1e-9)
        assert many.mean(many.x)[i] == pytest.approx(mean, rel=1e-8, abs=1e-8)
    # values of their own make units differ under one force
    stiff = unit_boltzmann(
        attrs.evolve(unit_energy(Quartic()), values={"J2": np.array([1.0, 4.0]), "J4": 1.0}), 0.3, [0.5, 0.5]
    )
    assert stiff.mean(stiff.x)[1] < 0.6 * stiff.mean(stiff.x)[0]
