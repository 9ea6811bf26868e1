"""Exact training against sampling, against other methods and against a closed form."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.objectives import ReverseLikelihood
from thermozoo_plugins.potentials import DoubleWell, Quadratic, Quartic
from thermozoo_plugins.protocols import Constant, LinearFade

from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.engines.reference import ReferenceEngine
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.training.exact.exact_equations import exact_equations
from thermozoo.training.exact.train import train_exact
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import Noising
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled.descent import Schedule, train_by_descent
from thermozoo.training.sampled.moments import sampled_equations, train_by_moments

DT, STEPS = 1e-3, 300
FADE = LinearFade(amplitude=2.0, fade=0.75)
LOSS = StepLoss(ReverseLikelihood(), DT)


def machine(potential=None):
    potential = potential or Quartic(J2=0.5)
    return assemble(
        {"visible": 4, "hidden": 3},
        potential,
        Bipartite(within=["hidden"]),
        temperature=0.1,
        trainable_biases=["hidden"],
    )


def signals(computer, images=3):
    return np.random.default_rng(5).normal(size=(images, computer.n))


def noised(computer, s, protocol=FADE):
    return Noising.of(Dynamics(computer, EulerMaruyama(), DT, steps=STEPS), s, protocol)


@functools.cache
def trained(potential=None):
    """The exact minimum of the machine, which several tests look at."""
    computer = machine(potential)
    return train_exact(computer, noised(computer, signals(computer)), LOSS)


def noising(computer, s):
    return NoisingProcess(noised(computer, s), ReferenceEngine())


def gradients(computer, process, trajectories, seed):
    """Gradient of the mean loss of a step of each trajectory, shape (trajectories, P)."""
    numbers = np.arange(trajectories)
    states = process.trajectory(NoiseKey(seed).named("held-out"), numbers, numbers % len(process.signals))
    found = [LOSS.gradient(computer, states[:-1, k], states[1:, k])[1] for k in numbers]
    return np.array(found) / process.steps


@pytest.mark.long  # at one number of samples: the gradient of the sampled loss, and the trainable stiffness, below
@pytest.mark.parametrize("potential", [Quartic(J2=0.5), DoubleWell(J2=-0.5)])
def test_sampled_equations_converge_to_the_exact_ones_as_one_over_root_n(potential):
    computer = machine(potential)
    s = signals(computer)
    process = noising(computer, s)
    (exact,) = exact_equations(computer, noised(computer, s), LOSS, tolerance=1e-4).windows
    counts, errors, first = np.array([30, 120, 480]), [], 0
    for count in counts:
        squares = []
        for _ in range(4):
            numbers = first + np.arange(count)
            first += count
            (sampled,) = sampled_equations(computer, process, LOSS, numbers, seed=1)
            squares.append((sampled.gradient.couplings - exact.gradient.couplings) ** 2)
        errors.append(np.sqrt(np.mean(squares)))
    slope = np.polyfit(np.log(counts), np.log(errors), 1)[0]
    # Each error is a root mean square over 4 x 15 weakly correlated numbers: +-12 %, so the slope is -0.5 +- 0.06;
    # four standard deviations, one false alarm in 16,000 seeds.
    assert slope == pytest.approx(-0.5, abs=0.24)
    assert errors[-1] < 0.1 * np.sqrt(np.mean(exact.gradient.couplings**2))


@pytest.mark.parametrize("potential", [Quartic(J2=0.5), DoubleWell(J2=-0.5)])
def test_gradient_of_the_sampled_loss_vanishes_at_the_exact_solution(potential):
    computer = machine(potential)
    s = signals(computer)
    process = noising(computer, s)
    best = trained(potential).computer

    def scores(at):
        found = gradients(at, process, 600, seed=3)
        return found.mean(axis=0) / (found.std(axis=0, ddof=1) / np.sqrt(len(found)))

    # 18 parameters at 4.2 standard errors: one false alarm in 2,000 seeds. The O(dt) shift of the minimum is a third of
    # a standard error here.
    assert np.abs(scores(best)).max() < 4.2
    # A computer that is off by a fifth is told apart, so the error bars are not too wide.
    off = computer.with_parameters(0.8 * best.parameters)
    assert np.abs(scores(off)).max() > 8


@pytest.mark.parametrize("method", ["moments", pytest.param("descent", marks=pytest.mark.long)])
def test_no_other_method_beats_the_exact_minimum_on_held_out_trajectories(method):
    computer = machine()
    s = signals(computer)
    process = noising(computer, s)
    exact = trained().computer
    if method == "moments":
        other = train_by_moments(computer, process, LOSS, cycles=20, seed=2).computer
    else:
        other = train_by_descent(computer, process, LOSS, Schedule(40, 2e-2), seed=2).computer
    numbers = np.arange(400)
    states = process.trajectory(NoiseKey(9).named("held-out"), numbers, numbers % len(s))

    def losses(at):
        return LOSS.value(at, states[:-1], states[1:]).sum(axis=0)

    best = losses(exact)
    worse = losses(other) - best
    # One-sided at 3.5 standard errors: one false alarm in 4,300 seeds.
    assert worse.mean() > -3.5 * worse.std(ddof=1) / np.sqrt(len(numbers))
    assert (losses(computer) - best).mean() > 5


def test_stated_decrease_of_the_loss_is_that_of_held_out_trajectories():
    computer = machine()
    s = signals(computer)
    process = noising(computer, s)
    exact = trained()
    numbers = np.arange(600)
    states = process.trajectory(NoiseKey(9).named("held-out"), numbers, numbers % len(s))
    gain = LOSS.value(computer, states[:-1], states[1:]) - LOSS.value(exact.computer, states[:-1], states[1:])
    gain = gain.sum(axis=0)
    expected = exact.details["loss_decrease"][0] * STEPS
    # Four standard errors, one false alarm in 16,000 seeds; and 2 % for the O(dt) of the moments.
    error = 4 * gain.std(ddof=1) / np.sqrt(len(numbers)) + 0.02 * expected
    assert gain.mean() == pytest.approx(expected, abs=error)


def test_quadratic_units_recover_the_distribution_of_gaussian_data():
    r"""Held equilibrium data of quadratic units are Gaussian, and the minimum is the computer with that equilibrium.

    Under a constant force a s, x has mean a s / (2 J2) and variance kT / (2 J2), so over data s it has the covariance
    S = (a / 2 J2)^2 cov(s) + kT / (2 J2). With J, biases and J2 free the trained energy is that of N(mu, S):
    V = kT (x - mu) S^-1 (x - mu) / 2.
    """
    J2, a, kT, n = 0.7, 1.3, 0.2, 5
    computer = assemble({"u": n}, Quadratic(J2=J2), Dense(), temperature=kT, trainable_biases=["u"])
    rng = np.random.default_rng(8)
    s = rng.normal(size=(500, n)) @ rng.normal(size=(n, n)) * 0.4 + rng.normal(size=n)
    covariance = (a / (2 * J2)) ** 2 * np.cov(s.T, bias=True) + kT / (2 * J2) * np.eye(n)
    mean = a * s.mean(axis=0) / (2 * J2)
    result = train_exact(
        computer,
        noised(computer, s, Constant(amplitude=a)),
        LOSS,
        potential_parameters=["J2"],
        tolerance=1e-12,
        moment_tolerance=1e-7,
    ).computer
    precision = kT * np.linalg.inv(covariance)
    couplings, stiffness = result.couplings.matrix(), result.onsite.sites["u"].values["J2"]
    np.testing.assert_allclose(couplings + np.diag(2 * stiffness), precision, atol=1e-5)
    np.testing.assert_allclose(result.biases, -precision @ mean, atol=1e-5)


def test_couplings_in_time_lower_the_loss():
    computer = machine()
    s = signals(computer)
    gains = [
        np.mean(train_exact(computer, noised(computer, s), LOSS, windows=k).details["loss_decrease"]) for k in (1, 2, 4)
    ]
    assert gains[0] < gains[1] < gains[2]


@pytest.mark.long
def test_trainable_stiffness_is_that_of_samples():
    computer = machine()
    s = signals(computer)
    (exact,) = exact_equations(computer, noised(computer, s), LOSS, potential_parameters=["J2", "J4"]).windows
    process = noising(computer, s)
    solution = exact.solve().unknowns
    slopes = []
    for block in range(12):
        numbers = 60 * block + np.arange(60)
        (sampled,) = sampled_equations(computer, process, LOSS, numbers, seed=6, potential_parameters=["J2", "J4"])
        at = sampled.apply(solution).local + sampled.gradient.local
        slopes.append(at[1:])
    score = np.mean(slopes, axis=0) / (np.std(slopes, axis=0, ddof=1) / np.sqrt(len(slopes)))
    # 14 numbers of Student's t with 11 degrees of freedom at 6.5: one false alarm in 1,700 seeds.
    assert np.abs(score).max() < 6.5
