"""The stability bound of the time step, found again by stepping."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.potentials import Quadratic, Quartic

from thermozoo import Potential
from thermozoo.computer.computer import assemble
from thermozoo.computer.stability import check_time_step, largest_stable_dt, stability_in_words
from thermozoo.errors import StabilityError


@settings(max_examples=15)
@given(
    J2=st.floats(0.3, 3), J=st.floats(0.1, 0.5), n=st.integers(2, 5), mobility=st.floats(0.2, 3), kT=st.floats(0.05, 2)
)
def test_a_linear_computer_is_stable_below_and_unstable_above(J2, J, n, mobility, kT):
    """Equal positive couplings: J has the largest eigenvalue (n - 1) J, so the bound is sharp."""
    computer = assemble({"a": n}, Quadratic(J2=J2), Dense(), mobility=mobility, temperature=kT)
    computer = computer.with_parameters(np.full(computer.couplings.size, J))
    bound = largest_stable_dt(computer)
    assert bound == pytest.approx(2 / (mobility * (2 * J2 + (n - 1) * J)), rel=1e-6)
    for factor, stable in ((0.95, True), (1.05, False)):
        x = np.ones((1, n))
        for _ in range(400):
            x = x - mobility * computer.gradient(x) * (factor * bound)
        assert bool(np.abs(x).max() < 1.5) is stable
    check_time_step(computer, 0.99 * bound)
    with pytest.raises(StabilityError, match=r"dt = .* is above the stability bound .* choose dt <="):
        check_time_step(computer, 1.01 * bound)


def test_a_strong_signal_tightens_the_bound():
    computer = assemble({"a": 3}, Quartic(), Dense(), temperature=0.1)
    free, pushed = largest_stable_dt(computer), largest_stable_dt(computer, (-30.0, 0.0))
    assert pushed < free
    # under the force f the unit sits where 2 x + 4 x^3 = f; the curvature there is 2 + 12 x^2
    x = np.roots([4, 0, 2, -30.0])
    x = float(x[np.isreal(x)][0].real)
    assert pushed < 2 / (2 + 12 * x**2)


def test_every_group_and_unit_counts():
    one = assemble({"a": 2, "b": 2}, {"a": Quadratic(), "b": Quadratic(J2=[1.0, 50.0])}, Bipartite())
    assert largest_stable_dt(one, (-1.0, 1.0)) == pytest.approx(2 / 100.0)
    assert largest_stable_dt(one) == pytest.approx(2 / 100.0)


def test_couplings_tighten_the_bound(make_computer):
    weak = make_computer({"a": 4}, Quartic(), Dense(), scale=0.1)
    strong = make_computer({"a": 4}, Quartic(), Dense(), scale=10.0)
    assert largest_stable_dt(strong) < largest_stable_dt(weak)


def test_a_clamped_group_does_not_count():
    """It takes no steps: neither its curvature nor its couplings bound them."""
    stiff = {"in": Quadratic(J2=1e6), "a": Quadratic(J2=1.0)}
    computer = assemble({"in": 2, "a": 3}, stiff, Dense(), clamped=["in"], temperature=0.1)
    strong = np.where(computer.couplings.edges.min(axis=1) < 2, 1e5, 0.0)
    bound = largest_stable_dt(computer.with_parameters(strong))
    assert bound == pytest.approx(largest_stable_dt(assemble({"a": 3}, stiff["a"], Dense(), temperature=0.1)))


@pytest.mark.parametrize("place", [0, sympy.sqrt(2) / 3])
def test_a_curvature_that_is_infinite_is_named_and_sets_no_infinite_bound(place):
    """U = |x - a|^(3/2) has a finite force and an infinite curvature at x = a, on a grid of states or between."""

    @attrs.frozen
    class Cusp(Potential):
        name = "cusp"

        def energy(self, x):
            return sympy.Abs(x - place) ** sympy.Rational(3, 2)

    computer = assemble({"a": 3}, Cusp(), Dense())
    said = rf"Cusp: the curvature of the energy is infinite at x = {float(place):g} \(.*test_stability\.py, line \d+\)"
    for force in (0.0, 0.37):  # under a force the grid of states does not meet x = 0
        with pytest.raises(StabilityError, match=said):
            largest_stable_dt(computer, (force, force))
    with pytest.raises(StabilityError, match=said):
        check_time_step(computer, 1e-6)
    assert stability_in_words(computer).startswith("no time step is known to be stable: Cusp")


def test_couplings_that_are_no_numbers_set_no_bound():
    computer = assemble({"a": 4}, Quadratic(), Dense())
    for value in (np.nan, np.inf):
        with pytest.raises(StabilityError, match="a coupling is not a finite number"):
            largest_stable_dt(attrs.evolve(computer, couplings=computer.couplings.with_vector(np.full(6, value))))


def test_what_is_said_of_the_bound():
    @attrs.frozen
    class Cone(Potential):
        name = "cone"

        def energy(self, x):
            return sympy.Abs(x)

    assert stability_in_words(assemble({"a": 3}, Cone(), Dense())) == "its curvature sets no bound on dt"
    assert stability_in_words(assemble({"a": 3}, Quadratic(), Dense())) == "largest stable dt about 1"
