"""Work handed to Bennett's acceptance ratio, written here, gives the exact free energy of a ramp.

C. H. Bennett, J. Comput. Phys. 22, 245 (1976). That signs and units of work survive the way into an estimator has gone
wrong elsewhere: choderalab/pymbar#40, choderalab/yank#446, MobleyLab/alchemical-analysis#118.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import StochasticHeun
from thermozoo_plugins.potentials import DoubleWell, Quadratic

from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Drive, Dynamics
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate

KT, COUPLING = 0.4, 0.9


def acceptance_ratio(forward, backward, kT):
    """dF and its standard error from the work of as many ramps in either direction."""

    def accepted(change):
        return special.expit(-(forward - change) / kT), special.expit(-(backward + change) / kT)

    def imbalance(change):
        there, back = accepted(change)
        return there.mean() - back.mean()

    change = optimize.brentq(imbalance, -backward.max() - 9 * kT, forward.max() + 9 * kT, xtol=1e-12)
    return change, kT * np.sqrt(sum(a.var(ddof=1) / a.mean() ** 2 / len(a) for a in accepted(change)))


def work_of_ramps(computer, starts, force, steps, dt, seed):
    """Work of a force on unit 0 that is ramped from 0 to `force`, and back, from states in equilibrium."""
    found = []
    for k, (start, ends) in enumerate(zip(starts, [(0.0, force), (force, 0.0)], strict=True)):
        drive = Drive(np.array([[1.0, 0.0]]), np.zeros(len(start), dtype=np.int64), np.linspace(*ends, steps + 1))
        dynamics = Dynamics(computer, StochasticHeun(), dt)
        found.append(simulate(dynamics, start, steps, key=NoiseKey(seed + k), drive=drive, engine="compiled").work)
    return found


def pair_of(potential):
    computer = assemble({"a": 2}, potential, Dense(), temperature=KT)
    return computer.with_parameters([COUPLING])


def check_linear(count, steps, seed):
    """dF = -f^2 (A^-1)_00 / 2, and work of normal distribution: var W = 2 kT (<W> - dF), both directions."""
    force, stiffness = 3.0, np.array([[2.0, COUPLING], [COUPLING, 2.0]])
    covariance = np.linalg.inv(stiffness)
    expected = -(force**2) / 2 * covariance[0, 0]
    assert expected == pytest.approx(-2.82132, abs=5e-6)
    random = np.random.default_rng(seed)
    starts = [random.multivariate_normal(mean, KT * covariance, count) for mean in ([0, 0], force * covariance[0])]
    works = work_of_ramps(pair_of(Quadratic(J2=1.0)), starts, force, steps, 2e-3, seed)
    found, error = acceptance_ratio(*works, KT)
    assert abs(found - expected) < 4 * error
    assert error < 1.3 * np.sqrt(20_000 / count) * {100: 0.0113, 1000: 0.0063}[steps]  # what pymbar says of 20,000
    for work, change in zip(works, (expected, -expected), strict=True):
        dissipated, spread = work.mean() - change, work.var(ddof=1) / (2 * KT)
        # of a normal distribution, mean and variance are independent; var s^2 = 2 sigma^4 / (n - 1)
        tolerance = 4 * np.sqrt(work.var() / count + 2 * spread**2 / (count - 1))
        assert abs(spread - dissipated) < tolerance
        assert spread == pytest.approx({100: 2.5542, 1000: 1.3215}[steps], abs=4 * np.sqrt(4 / count) * spread)
    return works, expected, error


@pytest.mark.parametrize(("count", "steps"), [(2000, 100), (500, 1000)])
def test_free_energy_of_a_ramped_linear_computer(count, steps):
    """Tolerances of 4 standard errors, false-alarm rate 6e-5 for each of three; and a wrong sign is seen."""
    works, expected, error = check_linear(count, steps, seed=41)
    wrong, _ = acceptance_ratio(works[1], works[0], KT)
    assert abs(wrong - expected) > 100 * error


@pytest.mark.long
@pytest.mark.parametrize(("count", "steps"), [(20_000, 100), (5000, 1000)])
def test_free_energy_of_a_ramped_linear_computer_in_full(count, steps):
    """The fast ramp with as many as published; 4 standard errors, false-alarm rate 6e-5 for each of three."""
    check_linear(count, steps, seed=43)


def double_well_grid(force):
    """States on a grid, and energies of two double wells, J2 = -1.5, J4 = 1, J = 0.9, with a force on the first."""
    axis = np.linspace(-2.8, 2.8, 561)
    x, y = np.meshgrid(axis, axis, indexing="ij")
    energy = -1.5 * (x**2 + y**2) + x**4 + y**4 + COUPLING * x * y - force * x
    return np.stack([x.ravel(), y.ravel()], axis=1), energy.ravel(), axis[1] - axis[0]


@pytest.mark.long
@pytest.mark.parametrize("count", [1000, 6000])
def test_free_energy_of_ramped_double_wells(count):
    """dF by quadrature over both states; force 0 to 2 in 600 steps of 5e-3; 4 standard errors, false alarm 6e-5."""
    random, starts, free = np.random.default_rng(44), [], []
    for force in (0.0, 2.0):
        states, energy, h = double_well_grid(force)
        weight = np.exp(-(energy - energy.min()) / KT)
        free.append(energy.min() - KT * np.log(weight.sum() * h**2))
        cell = np.searchsorted(np.cumsum(weight) / weight.sum(), random.random(count))
        starts.append(states[cell] + h * (random.random((count, 2)) - 0.5))
    expected = free[1] - free[0]
    assert expected == pytest.approx(-1.74735, abs=1e-5)
    works = work_of_ramps(pair_of(DoubleWell(J2=-1.5, J4=1.0)), starts, 2.0, 600, 5e-3, seed=44)
    found, error = acceptance_ratio(*works, KT)
    assert abs(found - expected) < 4 * error
    assert error < 1.3 * 0.0029 * np.sqrt(20_000 / count)
