"""Units whose states live on a circle: weights and states of one turn, and what a drive around it leaves."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest
import sympy
from scipy import special
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.potentials import Periodic, Washboard

from thermozoo import Potential, parameter
from thermozoo.computer.boltzmann import unit_boltzmann
from thermozoo.computer.computer import assemble
from thermozoo.computer.minima import stable_states
from thermozoo.computer.onsite import unit_energy
from thermozoo.computer.stability import largest_stable_dt
from thermozoo.errors import ParameterError

KT = 0.4


@pytest.mark.parametrize("K", [1.0, -0.3, 0.0, 200.0])
def test_the_boltzmann_weight_of_one_turn(K):
    """Z = 2 pi I0(K / kT) and <cos 2x> = -I1 / I0; <cos x> = <sin x> = 0."""
    found = unit_boltzmann(unit_energy(Periodic(K=K)), KT)
    u = K / KT
    assert found.log_partition[0] == pytest.approx(np.log(2 * np.pi * special.ive(0, u)) + abs(u), rel=1e-12)
    average = -special.ive(1, u) / special.ive(0, u)
    assert found.mean(np.cos(2 * found.x))[0] == pytest.approx(average, abs=1e-12)
    for function in (np.cos, np.sin):
        assert abs(found.mean(function(found.x))[0]) < 1e-12
    assert np.trapezoid(found.density[0], found.x[0]) == pytest.approx(1.0, abs=1e-12)
    assert found.x[0, [0, -1]] == pytest.approx([-np.pi, np.pi])


def test_exact_samples_of_one_turn():
    """Quantiles of evenly spread u: the mean of any function, the weight near the seam at pi included."""
    one = unit_boltzmann(unit_energy(Washboard(K=1.0, f=0.0)), KT)  # the stable state is the seam
    u = (np.arange(100_000) + 0.5) / 100_000
    x = one.quantile(u[:, None])[:, 0]
    assert x.min() > -np.pi
    assert x.max() < np.pi
    assert np.cos(x).mean() == pytest.approx(-special.i1(1 / KT) / special.i0(1 / KT), abs=1e-5)
    near = np.abs(np.abs(x) - np.pi) < 0.01
    density = np.exp(1 / KT) / (2 * np.pi * special.i0(1 / KT))
    assert near.mean() == pytest.approx(0.02 * density, rel=2e-3)


def test_units_of_their_own_each_have_their_weight():
    """Also where units alike are worked out once."""
    several = unit_boltzmann(unit_energy(Periodic(K=np.array([1.0, -0.5, 2.0]))), KT, np.zeros(3))
    u = np.array([1.0, -0.5, 2.0]) / KT
    assert several.mean(np.cos(2 * several.x)) == pytest.approx(-special.i1(u) / special.i0(u), abs=1e-12)
    alike = unit_boltzmann(unit_energy(Periodic()), KT, np.zeros(5))
    assert alike.closed
    assert alike.density.shape == (5, alike.x.shape[1])
    assert np.trapezoid(alike.density, alike.x) == pytest.approx(np.ones(5), abs=1e-12)


def test_a_drive_around_the_circle_leaves_no_boltzmann_weight():
    with pytest.raises(ParameterError, match=r"Washboard drives .* -2\*pi\*f a turn.*no Boltzmann.*or simulate it"):
        unit_boltzmann(unit_energy(Washboard(f=0.1)), KT)
    with pytest.raises(ParameterError, match="drives a unit around its circle"):
        unit_boltzmann(unit_energy(Washboard(f=np.array([0.0, 0.1]))), KT)
    assert unit_boltzmann(unit_energy(Washboard(f=np.array([0.0, 0.0]))), KT).x.shape[0] == 2
    with pytest.raises(ParameterError, match=r"imposed force f = -0\.3 drives a unit.*impose no force"):
        unit_boltzmann(unit_energy(Periodic()), KT, [0.0, -0.3])


@pytest.mark.parametrize(
    ("potential", "places"),
    [
        (Periodic(K=1.0), [-np.pi / 2, np.pi / 2]),
        (Periodic(K=-1.0), [0.0, np.pi]),
        (Periodic(K=0.0), []),
        (Washboard(K=1.0, f=0.0), [np.pi]),
        (Washboard(K=-2.0, f=1.0), [np.pi / 6]),
        (Washboard(K=1.0, f=-0.5), [np.pi - np.pi / 6]),
        (Washboard(K=1.0, f=1.5), []),
    ],
)
def test_the_stable_states_of_one_turn(potential, places):
    """Where sin x = -f / K and -K cos x > 0."""
    found = [one.x for one in stable_states(unit_energy(potential), KT)]
    # the state at the seam may be called pi or -pi
    assert np.cos(found) == pytest.approx(np.cos(places), abs=1e-9)
    assert np.sin(found) == pytest.approx(np.sin(places), abs=1e-9)
    assert all(-np.pi - 1e-9 < x < np.pi + 1e-9 for x in found)
    assert found == sorted(found)


def test_a_flat_bottom_at_the_seam():
    @attrs.frozen
    class Trough(Potential):
        name = "trough"
        period = 2 * math.pi
        k: float = parameter(1.0, unit="energy", above=0, doc="height")

        def energy(self, x):
            return self.k * sympy.Max(sympy.cos(x) + sympy.Rational(1, 2), 0)

    [state] = stable_states(unit_energy(Trough()), KT)
    low, high = state.flat
    assert high - low == pytest.approx(2 * np.pi / 3, abs=1e-6)
    assert (low + high) / 2 == pytest.approx(np.pi, abs=1e-6) or (low + high) / 2 == pytest.approx(-np.pi, abs=1e-6)


@pytest.mark.parametrize(("potential", "largest"), [(Periodic(K=1.5), 6.0), (Washboard(K=3.0, f=5.0), 3.0)])
@pytest.mark.parametrize("forces", [(0.0, 0.0), (-2.0, 2.0)])
def test_the_largest_stable_time_step_needs_no_equilibrium(potential, largest, forces):
    computer = assemble({"a": 3}, potential, Dense(), temperature=KT, mobility=2.0)
    assert largest_stable_dt(computer, forces) == pytest.approx(2 / (2.0 * largest), rel=1e-3)
