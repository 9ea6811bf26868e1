"""Trained on-site parameters stay within the constraints of their potential; the edges are worked out by hand."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import Quartic
from thermozoo_plugins.protocols import LinearFade

from thermozoo import Potential, option, parameter
from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics
from thermozoo.errors import TrainingError
from thermozoo.training.exact.train import train_exact
from thermozoo.training.least_squares.bounds import changes_allowed
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Noising

DT, STEPS = 1e-3, 300
FADE = LinearFade(amplitude=4.0, fade=0.75)
LOSS = StepLoss(ReverseLikelihood(), DT)


@attrs.frozen
class Skewed(Potential):
    name = "test-skewed"
    J2: float = parameter(1.0, unit="energy", above=0, doc="stiffness")
    J3: float = parameter(0.5, unit="energy", doc="skewness")
    J4: float = parameter(1.0, unit="energy", above=0, doc="quartic stiffness")

    def energy(self, x):
        return self.J2 * x**2 + self.J3 * x**3 + self.J4 * x**4

    def constraints(self):
        return [9 * self.J3**2 < 32 * self.J2 * self.J4]


@attrs.frozen
class Holding(Potential):
    name = "test-holding"
    base: Skewed = option(Skewed(), doc="what is held")

    def energy(self, x):
        return self.base.energy(x)


def noised(computer, signals):
    return Noising.of(Dynamics(computer, EulerMaruyama(), DT, steps=STEPS), signals, FADE)


def computer_of(potential, trainable=("a",)):
    return assemble({"a": 3}, potential, Dense(), temperature=0.2, trainable_biases=list(trainable))


def test_a_constraint_bounds_the_one_parameter_that_is_trained():
    J2, J3 = np.array([1.0, 0.5, 2.0]), np.array([0.5, -0.25, 0.0])
    computer = computer_of(Skewed(J2=J2, J3=J3))
    low, high = changes_allowed(computer, ["J3"])
    edge = np.sqrt(32 * J2 / 9)
    np.testing.assert_allclose(J3 + low[1], -edge, rtol=3e-6)
    np.testing.assert_allclose(J3 + high[1], edge, rtol=3e-6)
    assert np.all(np.abs(J3 + high[1]) < edge)
    assert np.all(np.isinf(low[0]))
    low, high = changes_allowed(computer, ["J4"])  # the third unit, of J3 = 0, has the declared bound only
    np.testing.assert_allclose(1 + low[1], np.maximum(9 * J3**2 / (32 * J2), 0), atol=1.1e-6)
    assert np.all(np.isinf(high[1]))


def test_a_parameter_of_a_held_plugin():
    low, _ = changes_allowed(computer_of(Holding(base=Skewed(J3=0.5))), ["base.J2"])
    np.testing.assert_allclose(1 + low[1], 9 * 0.5**2 / 32, rtol=2e-5)


def test_what_takes_part_in_no_constraint_is_as_free_as_ever():
    low, high = changes_allowed(computer_of(Quartic()), ["J2"])
    np.testing.assert_allclose(low[1], 1e-6 - 1.0)
    assert np.all(np.isinf(high[1]))


def test_training_stops_at_the_edge():
    signals = np.array([[1.0, -1.0, 0.2], [1.0, 1.0, -0.3], [1.0, -1.0, 0.1]])
    start = Skewed(J2=0.5, J3=0.0, J4=0.05)
    computer = computer_of(start, ())
    result = train_exact(computer, noised(computer, signals), LOSS, potential_parameters=["J3"])
    trained = np.abs(result.computer.onsite.sites["a"].values["J3"])
    edge = np.sqrt(32 * 0.5 * 0.05 / 9)
    assert np.all(trained < edge)
    assert result.details["parameters_at_bounds"] == [int((trained > edge - 2e-6).sum())]
    assert result.details["parameters_at_bounds"][0] > 0


def test_several_parameters_of_one_constraint_are_refused():
    said = r"got J2 and J3 in 9\*J3\*\*2 < 32\*J2\*J4 of 'test-skewed': train one of them"
    computer = computer_of(Skewed())
    with pytest.raises(TrainingError, match=said):
        train_exact(computer, noised(computer, np.ones((1, 3))), LOSS, potential_parameters=["J2", "J3"])
