"""Descent finds the couplings and biases that made the trajectories it is shown."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.potentials import Quadratic, Quartic

from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import KeptStates
from thermozoo.training.loss import StepLoss
from thermozoo.training.sampled.descent import Schedule, train_by_descent
from thermozoo.training.sampled.online import train_online

DT = 0.05


class Shown:
    """Trajectories of a computer in equilibrium, in place of a noising process."""

    def __init__(self, computer, euler, steps):
        self.dynamics = Dynamics(computer, euler, DT)
        self.engine = engine_named("reference")
        self.signals = np.zeros((1, computer.n))
        self.steps = steps
        self.pool = simulate(self.dynamics, np.zeros((400, computer.n)), 120, key=NoiseKey(1, 500)).final

    def stretches(self, key, trajectories, which, length):
        yield 0, self.trajectory(key, trajectories)

    def trajectory(self, key, trajectories):
        kept = KeptStates()
        numbers = np.asarray(trajectories)
        start = self.pool[numbers % len(self.pool)]
        simulate(self.dynamics, start, self.steps, key=key, first_trajectory=int(numbers[0]), every=1, observers=[kept])
        return kept.states


@pytest.mark.parametrize(
    ("structure", "trainable"),
    [(Dense(), ("visible", "hidden")), pytest.param(Bipartite(), ("hidden",), marks=pytest.mark.long)],
    ids=["dense", "bipartite"],
)
def test_full_descent_finds_the_truth_within_its_information(make_computer, euler, objective, structure, trainable):
    """Gradient descent on the loss of fixed trajectories of a linear computer, which are exactly reversible.

    The loss is minus the log-likelihood, so at its minimum (theta - theta*) . H (theta - theta*) is chi-squared with as
    many degrees of freedom as parameters: false-alarm rate 1e-6.
    """
    truth = make_computer(
        {"visible": 3, "hidden": 2}, Quadratic(), structure, temperature=0.5, mobility=1.1, trainable=trainable, seed=6
    )
    states = Shown(truth, euler, 60).trajectory(NoiseKey(2, 501), np.arange(300))
    x, x_next = states[:-1], states[1:]
    loss = StepLoss(objective, DT)
    count = len(truth.parameters)
    guess = truth.with_parameters(np.zeros(count))
    zero = loss.gradient(guess, x, x_next)[1]
    curvature = np.stack([loss.gradient(guess.with_parameters(row), x, x_next)[1] - zero for row in np.eye(count)])
    assert np.allclose(curvature, curvature.T)
    rate = 1.0 / np.linalg.eigvalsh(curvature)[-1]
    for _ in range(400):
        gradient = loss.gradient(guess, x, x_next)[1]
        guess = guess.with_parameters(guess.parameters - rate * gradient)
    assert np.abs(gradient).max() < 1e-6 * np.abs(zero).max()
    error = guess.parameters - truth.parameters
    assert error @ curvature @ error < stats.chi2.isf(1e-6, count)
    assert np.abs(error).max() < 0.15 * np.abs(truth.parameters).max()


@pytest.mark.parametrize("train", [train_by_descent, pytest.param(train_online, marks=pytest.mark.long)])
def test_stochastic_descent_finds_the_truth(make_computer, euler, objective, train):
    """Near the truth the gradients of single trajectories scatter with covariance H, the information of one trajectory,
    so descent at the rate alpha hovers about it with the covariance alpha / 2: six of these standard deviations for
    each of 10 parameters (false-alarm rate 2e-8), once the memory of the start, exp(-alpha h n), has faded.
    """
    truth = make_computer(
        {"visible": 2, "hidden": 2}, Quadratic(), Dense(), temperature=0.5, trainable=["visible", "hidden"], seed=7
    )
    process = Shown(truth, euler, 25)
    rate, cycles = 3e-3, 700
    start = truth.with_parameters(np.zeros(len(truth.parameters)))
    done = train(start, process, StepLoss(objective, DT), Schedule(cycles, rate, validations=2), seed=3)
    error = done.computer.parameters - truth.parameters
    assert np.abs(error).max() < 6 * np.sqrt(rate / 2) * 1.1
    assert np.abs(error).max() < 0.4 * np.abs(truth.parameters).max()
    losses = done.history["training"]
    assert losses[-200:].mean() == pytest.approx(2.0, abs=5 * np.sqrt(2.0 / (25 * 200)) + 0.02)


@pytest.mark.long
def test_a_nonlinear_computer_is_recovered(make_computer, euler, objective):
    """The minimum of the loss for quartic units in equilibrium, within its information as above: false-alarm rate 1e-6.

    The allowance for the time step is zero. Up to O(dt^2), Euler-Maruyama has the law of a diffusion whose drift and
    noise are modified at order dt (K. C. Zygalakis, SIAM J. Sci. Comput. 33, 102 (2011)). That one is reversible too,
    so means and variances of forward and reverse steps differ by O(dt^3), and the minimum is O(dt^2) away. Of 28
    expected, the sum was 30 +- 4 over 6 seeds with dt = 0.01, 29 +- 4 over 4 with 0.02 and 33 +- 7 over 3 with 0.05.

    The trajectories are the compiled engine's. It shares no line with the gradient of the loss, so a fault in either
    moves the minimum.
    """
    truth = make_computer(
        {"visible": 4, "hidden": 3}, Quartic(), Dense(), temperature=0.5, trainable=["visible", "hidden"], seed=7
    )
    dt = 0.02
    dynamics = Dynamics(truth, euler, dt)
    x = simulate(dynamics, np.zeros((600, 7)), 150, key=NoiseKey(1), engine="compiled").final
    kept = KeptStates()
    simulate(dynamics, x, 1000, key=NoiseKey(1), first_step=150, every=1, observers=[kept], engine="compiled")
    states = kept.states
    loss = StepLoss(objective, dt)
    count = len(truth.parameters)
    guess = truth.with_parameters(np.zeros(count))
    zero = loss.gradient(guess, states[:-1], states[1:])[1]
    curvature = np.stack(
        [loss.gradient(guess.with_parameters(r), states[:-1], states[1:])[1] - zero for r in np.eye(count)]
    )
    found = np.linalg.solve(curvature, -zero)
    error = found - truth.parameters
    limit = stats.chi2.isf(1e-6, count)
    assert error @ curvature @ error < limit
    # parameters that are all off by a tenth are told apart from the truth
    off = 0.1 * truth.parameters
    assert off @ curvature @ off > 2 * limit
