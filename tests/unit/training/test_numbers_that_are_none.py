"""What is not a number ends every loop of exact training with an error that says which function, of what, where."""

from __future__ import annotations

import re

import attrs
import numpy as np
import pytest
import sympy
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import Quadratic, Quartic
from thermozoo_plugins.protocols import LinearFade

from thermozoo import Potential, Protocol, parameter
from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.intensity import intensity_of
from thermozoo.errors import TrainingError
from thermozoo.training.exact.exact_equations import exact_equations
from thermozoo.training.exact.refinement import solve_moments
from thermozoo.training.exact.train import train_exact
from thermozoo.training.exact.unit_grid import Unit, make_grid
from thermozoo.training.exact.unit_moments import Problem, number
from thermozoo.training.least_squares.normal_equations import Unknowns
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Noising

NAMED = "Drawn (drawn.py, line 7)"


def unit(**functions):
    sound = {"energy": lambda x: x**2, "gradient": lambda x: 2 * x, "temperature": 0.5, "potential": NAMED}
    return Unit(**{**sound, **functions})


def none_beyond(values):
    """Not a number beyond |x| = 0.1, where no state of the first grids is missed."""
    return lambda x: np.where(np.abs(x) > 0.1, np.nan, values(x))


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ({"energy": none_beyond(np.square)}, "energy"),
        ({"gradient": none_beyond(lambda x: 2 * x)}, "gradient"),
        ({"observables": {"curvature": none_beyond(np.ones_like)}}, "curvature"),
        ({"observables": {"curvature": lambda x: np.where(x == 0, np.nan, 1.0)}}, "curvature"),
        ({"observables": {"curvature": lambda x: np.where(x == 0, np.inf, 1.0)}}, "curvature"),
    ],
    ids=["energy", "gradient", "observable", "observable at one state", "infinite observable"],
)
def test_a_function_that_is_no_number_is_named_with_its_potential(broken, what):
    with pytest.raises(
        TrainingError, match=rf"the {what} of Drawn \(drawn\.py, line 7\) is not (a number|finite) at x = "
    ):
        solve_moments(unit(**broken), np.ones_like, 1.0, (0.0, 1.0))


def test_a_force_that_is_infinite_needs_more_points_than_there_are():
    steep = unit(gradient=lambda x: np.where(x > 0.05, 1e300, 2 * x))
    with pytest.raises(
        TrainingError, match=rf"the on-site energy of {re.escape(NAMED)} would need .* too small a scale"
    ):
        make_grid(steep, np.array([0.0]), (0.0, 1.0))


def test_moments_that_are_no_numbers_end_the_refinement(monkeypatch):
    """Neither "small enough" nor "too large" holds of an error that is none: the loop would go on for ever."""
    sound = Problem.averages
    monkeypatch.setattr(Problem, "averages", lambda *arguments: [v * np.nan for v in sound(*arguments)])
    with pytest.raises(TrainingError, match="moments of the noised unit are not numbers"):
        solve_moments(unit(), np.ones_like, 1.0, (0.0, 1.0))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_error_estimate_that_is_none(value):
    with pytest.raises(TrainingError, match="error estimate"):
        number(value)
    assert number(np.float64(0.25)) == 0.25


def noised(computer, signals):
    return Noising.of(Dynamics(computer, EulerMaruyama(), 1e-3, steps=200), signals, LinearFade())


@pytest.fixture(scope="module")
def equations():
    computer = assemble({"visible": 4}, Quartic(), Dense(), temperature=0.2)
    signals = np.random.default_rng(5).choice([-1.0, 1.0], size=(3, 4))
    return next(exact_equations(computer, noised(computer, signals), StepLoss(ReverseLikelihood(), 1e-3)).windows)


@pytest.mark.parametrize("part", ["couplings", "local"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_equations_with_a_number_that_is_none_are_not_solved(equations, part, value):
    """Conjugate gradients stop when the residual is small: a residual that is none must not look so."""
    couplings, local = equations.gradient.couplings.copy(), equations.gradient.local.copy()
    (couplings if part == "couplings" else local).flat[1] = value
    with pytest.raises(TrainingError, match=r"the gradient by .* is not finite"):
        attrs.evolve(equations, gradient=Unknowns(couplings, local)).solve()


def test_a_power_of_two_of_the_modulus_trains_like_the_quadratic_unit():
    """U = k |x|^p with p = 2 is the harmonic unit: the same couplings, though sympy writes its force as 0 / 0 at 0."""

    @attrs.frozen
    class PowerLaw(Potential):
        name = "power-law"
        k: float = parameter(1.0, unit="energy", above=0, doc="strength")
        p: float = parameter(2.0, unit="1", at_least=2, at_most=6, doc="power")

        def energy(self, x):
            return self.k * sympy.Abs(x) ** self.p

    signals = np.random.default_rng(5).choice([-1.0, 1.0], size=(3, 4))
    computers = [assemble({"visible": 4}, one, Dense(), temperature=0.2) for one in (PowerLaw(), Quadratic())]
    loss = StepLoss(ReverseLikelihood(), 1e-3)
    trained = [train_exact(one, noised(one, signals), loss).computer.couplings.vector for one in computers]
    np.testing.assert_allclose(*trained, rtol=1e-9)


def test_a_protocol_that_is_0_by_0_at_its_start_has_its_limit():
    @attrs.frozen
    class Ringing(Protocol):
        name = "ringing"

        def intensity(self, t, duration):
            return sympy.sin(5 * t) / t

    times = np.array([0.0, 1e-9, 0.2, 1.0])
    expected = 5 * np.sinc(5 * times / np.pi)
    np.testing.assert_allclose(intensity_of(Ringing(), 1.0)(times), expected, rtol=1e-14)
