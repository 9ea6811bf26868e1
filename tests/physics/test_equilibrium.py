"""Ensembles in equilibrium: Boltzmann marginals, measured temperature, reversibility, the perfect loss."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from scipy import linalg, stats
from thermozoo_plugins.connectivities import Bipartite, Dense
from thermozoo_plugins.potentials import DoubleWell, Quadratic, Quartic

from thermozoo.computer.boltzmann import unit_boltzmann
from thermozoo.computer.computer import assemble
from thermozoo.computer.onsite import unit_energy
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import KeptStates
from thermozoo.training.loss import StepLoss


def stationary(potential, kT, mobility, dt):
    """Stationary density of Euler-Maruyama at finite dt, from its transition kernel on a grid (trapezoidal rule)."""
    x = np.linspace(-2.6, 2.6, 401)
    gradient = 2 * potential.J2 * x + 4 * getattr(potential, "J4", 0.0) * x**3
    spread = np.sqrt(2 * mobility * kT * dt)
    kernel = stats.norm.pdf(x[:, None], (x - mobility * gradient * dt)[None, :], spread)
    kernel /= kernel.sum(axis=0)
    p = np.exp(-(potential.J2 * x**2 + getattr(potential, "J4", 0.0) * x**4) / kT)
    for _ in range(14):  # squaring the kernel reaches 2^14 steps
        kernel = kernel @ kernel
    p = kernel @ p
    return x, p / p.sum()


MARGINALS = [(Quartic(), 0.4), (DoubleWell(J2=-0.8, J4=1.0), 0.5), (Quadratic(J2=1.5), 0.3)]


@pytest.mark.parametrize(("potential", "kT"), MARGINALS, ids=lambda v: getattr(v, "name", v))
def test_marginals_of_one_unit(euler, potential, kT):
    """19,200 independent units at dt = 0.1 follow the law of the scheme at that dt: Kolmogorov-Smirnov, false-alarm
    rate 1e-6. That law in turn tends to the Boltzmann distribution of the quadrature with order dt.
    """
    mobility, dt, n, batch = 0.9, 0.1, 64, 300
    computer = assemble({"visible": n}, potential, Bipartite(), temperature=kT, mobility=mobility)
    boltzmann = unit_boltzmann(unit_energy(potential), kT)
    u = np.random.default_rng(1).random((batch, n))
    start = np.stack([boltzmann.quantile(row[:, None])[:, 0] for row in u])
    final = simulate(Dynamics(computer, euler, dt, "single"), start, 150, key=NoiseKey(2)).final
    x, p = stationary(potential, kT, mobility, dt)
    cumulative = np.cumsum(p) - p / 2
    assert stats.kstest(final.ravel().astype(float), lambda v: np.interp(v, x, cumulative)).pvalue > 1e-6
    expected = boltzmann.mean(boltzmann.x**2)[0]
    time_steps = np.array([0.1, 0.05, 0.025])
    errors = []
    for step in time_steps:
        x, p = stationary(potential, kT, mobility, step)
        errors.append(abs((p * x**2).sum() - expected))
    slope = np.polyfit(np.log(time_steps), np.log(errors), 1)[0]
    assert abs(slope - 1.0) < 0.15, f"observed order {slope:.3f}"
    # at dt = 0.1 the scheme's own error is seen by this ensemble, and so a wrong law would be
    seen = np.mean(final.astype(float) ** 2)
    assert abs(seen - expected) < errors[0] + 5 * np.std(final.astype(float) ** 2) / np.sqrt(final.size)


@pytest.mark.parametrize("precision", ["single", "double"])
def test_measured_temperature_of_a_linear_computer(euler, precision):
    """x . C^-1 x / n has the mean one, C the stationary covariance of Euler-Maruyama at this dt (discrete Lyapunov).

    51,200 squares: the standard error of the measured temperature is sqrt(2 / 51200) = 0.63 per cent; five of them,
    false-alarm rate 6e-7.
    """
    n, batch, kT, mobility, dt = 64, 800, 0.35, 1.3, 0.1
    random = np.random.default_rng(5)
    computer = assemble({"a": n}, Quadratic(J2=1.0 + random.random(n)), Dense(), temperature=kT, mobility=mobility)
    computer = computer.with_parameters(0.06 * random.standard_normal(computer.couplings.size))
    stiffness = np.diag(2 * computer.onsite.potentials["a"].J2) + computer.couplings.matrix()
    step = np.eye(n) - mobility * dt * stiffness
    covariance = linalg.solve_discrete_lyapunov(step, 2 * mobility * kT * dt * np.eye(n))
    final = simulate(Dynamics(computer, euler, dt, precision), np.zeros((batch, n)), 60, key=NoiseKey(6)).final
    x = final.astype(np.float64)
    left = np.linalg.norm(np.linalg.matrix_power(step, 60), 2)
    assert left < 1e-3  # the zero start is forgotten
    measured = kT * np.einsum("bi,ij,bj->", x, np.linalg.inv(covariance), x) / (n * batch)
    assert abs(measured / kT - 1) < 5 * np.sqrt(2 / (n * batch))
    # and the shape: every entry of the covariance, six standard errors (4,096 entries, false-alarm rate 1e-5)
    sample = x.T @ x / batch
    d = np.diag(covariance)
    error = np.sqrt((covariance**2 + np.outer(d, d)) / batch)
    assert np.abs((sample - covariance) / error).max() < 6
    # the scheme's covariance is the continuous one to order dt, and the test can tell them apart
    continuous = kT * np.linalg.inv(stiffness)
    assert np.trace(covariance) / np.trace(continuous) - 1 > 8 * np.sqrt(2 / (n * batch))


def equilibrium_steps(computer, euler, dt, batch, burn, steps, seed):
    kept = KeptStates()
    dynamics = Dynamics(computer, euler, dt)
    x = simulate(dynamics, np.zeros((batch, computer.n)), burn, key=NoiseKey(seed)).final
    simulate(dynamics, x, steps, key=NoiseKey(seed), first_step=burn, every=1, observers=[kept])
    return kept.states


def test_the_expected_reverse_loss_is_half_the_units(euler, objective, make_computer):
    """A linear computer under Euler-Maruyama is exactly reversible in its own stationary law, so at the true parameters
    the loss is half a chi-squared of N a step, and steps are independent. With k = N/2 its mean and variance are k, its
    fourth central moment 3 k^2 + 6 k, so the sample variance of n losses has the variance (2 k^2 + 6 k) / n. Five
    standard errors, false-alarm rate 6e-7 each.
    """
    computer = make_computer({"a": 20}, Quadratic(), Dense(), scale=0.1, temperature=0.5, mobility=1.2, seed=8)
    dt = 0.1
    states = equilibrium_steps(computer, euler, dt, 100, 80, 100, 9)
    losses = StepLoss(objective, dt).value(computer, states[:-1], states[1:])
    assert abs(losses.mean() - 10.0) < 5 * np.sqrt(10.0 / losses.size)
    assert abs(losses.var() - 10.0) < 5 * np.sqrt((2 * 10.0**2 + 6 * 10.0) / losses.size)
    # any other parameters do worse
    wrong = computer.with_parameters(computer.parameters + 0.1)
    assert StepLoss(objective, dt).value(wrong, states[:-1], states[1:]).mean() > losses.mean()


def test_the_expected_reverse_loss_of_a_nonlinear_computer(euler, objective, make_computer):
    """N/2 as dt falls: at dt = 0.002 within five standard errors (false-alarm rate 6e-7) and 0.5 per cent for dt."""
    computer = make_computer(
        {"visible": 8, "hidden": 6}, {"visible": Quartic(), "hidden": DoubleWell(J2=-0.5)}, Dense(),
        scale=0.2, temperature=0.4, seed=3,
    )  # fmt: skip
    dt = 0.002
    states = equilibrium_steps(computer, euler, dt, 60, 1000, 200, 10)
    losses = StepLoss(objective, dt).value(computer, states[:-1], states[1:])
    assert abs(losses.mean() - 7.0) < 5 * np.sqrt(7.0 / losses.size) + 0.005 * 7.0


def test_detailed_balance_of_a_coupled_computer(euler, make_computer):
    """In equilibrium no current flows: <x_i(0) x_j(t)> is symmetric: five standard errors for each of 28 pairs.

    False-alarm rate 1.7e-5.
    """
    computer = make_computer({"a": 8}, Quadratic(), Dense(), scale=0.3, temperature=0.5, seed=12)
    states = equilibrium_steps(computer, euler, 0.05, 4000, 120, 10, 13)
    x, later = states[0], states[-1]
    swirl = x[:, :, None] * later[:, None, :] - later[:, :, None] * x[:, None, :]
    error = swirl.std(axis=0, ddof=1) / np.sqrt(len(x))
    i, j = np.triu_indices(8, 1)
    assert np.abs(swirl.mean(axis=0)[i, j] / error[i, j]).max() < 5


def test_units_are_separate_without_couplings(euler):
    """N units of U have the energy and the independent marginals of N single units (correlations: 1e-6 a pair)."""
    computer = assemble({"visible": 6}, DoubleWell(), Bipartite(), temperature=0.5)
    start = np.tile([[1.0], [-1.0]], (1000, 6))
    final = simulate(Dynamics(computer, euler, 0.02), start, 200, key=NoiseKey(14)).final
    alone = attrs.evolve(computer).onsite
    assert alone.energy(final) == pytest.approx(sum(alone.energy(np.eye(6)[i] * final) for i in range(6)))
    half = final[::2] - final[::2].mean(axis=0)
    correlation = np.corrcoef(half.T)[np.triu_indices(6, 1)]
    assert np.abs(correlation).max() < stats.norm.isf(0.5e-6) / np.sqrt(len(half))
