"""Underdamped units and colored noise against closed forms, quadrature and overdamped units."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import Baoab, ColouredNoise, EulerMaruyama
from thermozoo_plugins.potentials import DoubleWell, Quadratic, Quartic

from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate
from thermozoo.testing.phase_space import phase_averages
from thermozoo.testing.transfer import step_function
from thermozoo.thermodynamics.paths import log_path_ratio

UNITS, TRAJECTORIES = 960, 100
COMPILED = engine_named("compiled")


def ensemble(potential, integrator, dt, steps, kT, mobility=1.0, seed=7, start=0.0):
    """States and variables of many independent units after some steps."""
    computer = assemble({"a": UNITS}, potential, Dense(), temperature=kT, mobility=mobility)
    dynamics = Dynamics(computer.bare(), integrator, dt)
    done = simulate(dynamics, np.full((TRAJECTORIES, UNITS), start), steps, key=NoiseKey(seed), engine=COMPILED)
    return done.final.ravel(), *(one.ravel() for one in done.variables.values())


def close(samples, expected, errors=4):
    """Whether the mean of independent samples lies within some standard errors of its expectation."""
    return abs(samples.mean() - expected) < errors * samples.std(ddof=1) / np.sqrt(samples.size)


@pytest.mark.parametrize(("dt", "variance_of_v"), [(0.1, 0.4975), (0.5, 0.4375), (1.0, 0.25)])
def test_the_states_of_a_harmonic_unit_are_exact_at_every_step(dt, variance_of_v):
    """Var x = kT / k, Cov(x, v) = 0, Var v = kT / m (1 - k dt^2 / 4 m) at the end of a step, by the Lyapunov equation.

    k = 2, m = mu = 1, kT = 0.5; users of other codes see 239 K for 298 K there (openmm/openmm#2532, #2396). 96,000
    units, 4 standard errors each: false-alarm rate 6e-5 each, 6e-4 for all. 40 units of time forget the start to 1e-8.
    """
    x, v = ensemble(Quadratic(J2=1.0), Baoab(mass=1.0), dt, round(40 / dt), 0.5)
    assert close(x**2, 0.25)
    assert close(x * v, 0.0)
    assert close(v**2, variance_of_v)
    assert not close(v**2, 0.5) or dt == 0.1  # fine enough to tell that from kT / m


def test_averages_of_a_quartic_unit_err_in_second_order():
    """The long-run mean of x^2 by quadrature of steps, against that of exp(-U / kT): 4 times less at half the step."""
    kT, stiffness = 0.5, lambda y: y**2 / 2 + y**4 / 4
    weight = lambda y: np.exp(-stiffness(y) / kT)  # noqa: E731
    exact = integrate.quad(lambda y: y**2 * weight(y), -6, 6)[0] / integrate.quad(weight, -6, 6)[0]
    step, errors = step_function(Baoab()), []
    for n in (15, 30, 60):
        average = phase_averages(step, lambda y: y**2, n, lambda y: -(y + y**3), 1.0, kT, 12 / n, (4.2, 5.2))
        errors.append(float(average(np.array(0.3), np.array(0.0))) - exact)
    orders = np.log2(np.abs(errors[:-1]) / np.abs(errors[1:]))
    assert orders[-1] == pytest.approx(2, abs=0.25), errors


@pytest.mark.long
def test_small_masses_move_like_overdamped_units():
    """Relaxation from one well of x^4 - x^2 / 2, at a time when it is under way: <x> and <x^2> as m -> 0.

    Both ensembles have 96,000 units: 5 standard errors of the difference, false-alarm rate 6e-7 each, and what a mass
    of 0.002 and Euler-Maruyama's dt leave, of relative order mu^2 m U'' = 0.02 and mu dt U'' = 0.01.
    """
    kT, time, potential = 0.2, 0.5, DoubleWell(J2=-0.5, J4=1.0)
    slow = ensemble(potential, EulerMaruyama(), 1e-3, 500, kT, start=1.5)[0]
    gaps = []
    for mass in (0.02, 0.002):
        dt = mass / 4
        fast = ensemble(potential, Baoab(mass=mass), dt, round(time / dt), kT, seed=8, start=1.5)[0]
        gaps.append([fast.mean() - slow.mean(), (fast**2).mean() - (slow**2).mean()])
        spread = [np.hypot(f(fast).std(), f(slow).std()) / np.sqrt(slow.size) for f in (lambda y: y, lambda y: y**2)]
    gap, heavier = np.abs(gaps[1]), np.abs(gaps[0])
    assert np.all(gap < 5 * np.array(spread) + [0.015, 0.03]), (gap, spread)
    assert np.all(gap < heavier)  # and they come closer


@pytest.mark.long
@pytest.mark.parametrize("stiffness", [0.5, 2.0])
def test_colored_noise_adds_its_closed_form_to_the_variance(stiffness):
    """Var x = kT / k + sigma^2 / (k (k + 1 / (mu tau))), Cov(x, y) = sigma^2 / (k + 1 / (mu tau)).

    96,000 units, 4 standard errors, false-alarm rate 6e-5 each. The step of 0.01 adds mu k dt / 2 of kT / k, one
    part in 77 at most, and less of the rest: one part in a hundred is allowed for it, or in fifty where k is 2.
    """
    kT, mu, tau, sigma = 0.1, 1.3, 0.8, 0.6
    x, y = ensemble(
        Quadratic(J2=stiffness / 2), ColouredNoise(correlation_time=tau, strength=sigma), 0.01, 1500, kT, mobility=mu
    )
    memory = stiffness + 1 / (mu * tau)
    for samples, expected in (
        (x**2, kT / stiffness + sigma**2 / (stiffness * memory)),
        (x * y, sigma**2 / memory),
        (y**2, sigma**2),
    ):
        error = samples.std(ddof=1) / np.sqrt(samples.size)
        assert abs(samples.mean() - expected) < 4 * error + 0.01 * max(1, stiffness) * expected
    assert abs((x**2).mean() - kT / stiffness) > 0.1 * kT / stiffness  # no equilibrium at kT


def test_colored_noise_on_a_linear_step_is_its_own_closed_form():
    """The recursion of the covariance of x' = (1 - mu k dt) x + mu dt y + ..., y' = c y + ..., solved by hand."""
    kT, mu, tau, sigma, k, dt = 0.1, 1.3, 0.8, 0.6, 2.0, 0.1
    x, y = ensemble(Quadratic(J2=k / 2), ColouredNoise(correlation_time=tau, strength=sigma), dt, 200, kT, mobility=mu)
    a, c = 1 - mu * k * dt, np.exp(-dt / tau)
    xy = mu * dt * c * sigma**2 / (1 - a * c)
    xx = (2 * a * mu * dt * xy + (mu * dt * sigma) ** 2 + 2 * mu * kT * dt) / (1 - a**2)
    assert close(x**2, xx)  # 6e-5
    assert close(x * y, xy)


def test_the_ratio_of_path_probabilities_is_the_heat_of_friction_and_noise():
    """ln P[w] / P[w~] = Q / kT, to rounding, with Q booked from the two velocities around each friction step."""
    rng, kT, mu, m, dt = np.random.default_rng(3), 0.3, 1.4, 0.7, 0.1
    computer = assemble({"a": 6}, Quartic(), Dense(), temperature=kT, mobility=mu)
    computer = computer.with_parameters(0.3 * rng.standard_normal(computer.parameters.size))
    c, spread = np.exp(-dt / (mu * m)), np.sqrt((1 - np.exp(-2 * dt / (mu * m))) * kT / m)
    x, v = rng.standard_normal((4, 6)), rng.standard_normal((4, 6))
    states, speeds, heat = [x], [v], np.zeros(4)
    for _ in range(12):
        v = v - dt / (2 * m) * computer.gradient(x)
        x = x + dt / 2 * v
        before, v = v, c * v + spread * rng.standard_normal((4, 6))
        heat += 0.5 * m * (before**2 - v**2).sum(axis=1)
        x = x + dt / 2 * v
        v = v - dt / (2 * m) * computer.gradient(x)
        states.append(x)
        speeds.append(v)
    ratio = log_path_ratio(Baoab(mass=m), dt, np.stack(states), computer, computer, variables={"v": np.stack(speeds)})
    assert np.abs(heat).max() > 0.3
    assert ratio == pytest.approx(heat / kT, abs=1e-9)
