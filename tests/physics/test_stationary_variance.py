"""One harmonic or free unit at a finite step: the variance that linear algebra gives for each scheme.

A thermostat whose temperature depends on dt, friction that enters squared, noise of the wrong width or shape: each has
been shipped by a simulator (openmm/openmm#2532, lammps/lammps#2970, #2948, PR#1673, PR#3665).
"""

from __future__ import annotations

import numpy as np
import pytest
from ensembles import final_states
from scipy import stats
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.integrators import EulerMaruyama, LeimkuhlerMatthews, QuarterNoise, StochasticHeun
from thermozoo_plugins.potentials import Quadratic

from thermozoo.computer.computer import assemble

STIFFNESS, KT = 2.0, 0.7
UNITS, TRAJECTORIES = 960, 100

#: Of one step x' = A x + B sigma xi with h = mu k dt: A and B.
STEPS = {
    EulerMaruyama: lambda h: (1 - h, 1.0),
    LeimkuhlerMatthews: lambda h: (1 - h, 1 - h / 2),
    StochasticHeun: lambda h: (1 - h + h**2 / 2, 1 - h / 2),
    QuarterNoise: lambda h: (1 - h, 1 - h / 4),
}

#: Printed values of the four variances, by h.
PRINTED = {
    1.5: (1.40000, 0.08750, 0.10769, 0.546875),
    1.0: (0.70000, 0.17500, 0.23333, 0.39375),
    0.5: (0.46667, 0.26250, 0.32308, 0.35729),
}

#: At the shortest step the error of a quarter of the noise is too small to be told from none with so many units.
MEASURED = [(scheme, h) for scheme in STEPS for h in sorted(PRINTED) if (scheme, h) != (QuarterNoise, 0.5)]


def variance_of(states):
    """Mean square (the mean is zero by symmetry) and its standard error; units and trajectories are independent."""
    squares = states.ravel() ** 2
    return squares.mean(), squares.std(ddof=1) / np.sqrt(squares.size)


@pytest.mark.parametrize("mobility", [1.0, 0.25])
@pytest.mark.parametrize(("scheme", "h"), MEASURED, ids=lambda v: getattr(v, "name", v))
def test_stationary_variance_of_a_harmonic_unit(scheme, h, mobility):
    """96,000 units, 4 standard errors (1.8 %), false-alarm rate 6e-5 each; 60 steps forget the start to 1e-12."""
    dt = h / (mobility * STIFFNESS)
    computer = assemble({"a": UNITS}, Quadratic(J2=STIFFNESS / 2), Bipartite(), temperature=KT, mobility=mobility)
    states = final_states(computer, scheme(), dt, 60, np.zeros((TRAJECTORIES, UNITS)), seed=7)
    contraction, width = STEPS[scheme](h)
    sigma = np.sqrt(2 * mobility * KT * dt)
    expected = (width * sigma) ** 2 / (1 - contraction**2)
    assert expected == pytest.approx(PRINTED[h][list(STEPS).index(scheme)], abs=5e-6)
    found, error = variance_of(states)
    assert abs(found - expected) < 4 * error
    # the tolerance is fine enough to tell the schemes apart, and each from kT / k
    others = [KT / STIFFNESS, *(v for v in PRINTED[h] if abs(v - expected) > 1e-4)]
    assert min(abs(v - expected) for v in others) > 8 * error


@pytest.mark.parametrize("h", sorted(PRINTED))
def test_the_states_of_leimkuhler_and_matthews_have_no_error_at_all(h):
    """The scheme's x = y + sigma xi / 2 has the variance kT / k at every step: 4 standard errors, 6e-5 each."""
    dt = h / STIFFNESS
    computer = assemble({"a": UNITS}, Quadratic(J2=STIFFNESS / 2), Bipartite(), temperature=KT)
    kept = final_states(computer, LeimkuhlerMatthews(), dt, 60, np.zeros((TRAJECTORIES, UNITS)), seed=8)
    next_noise = np.random.default_rng(8).standard_normal(kept.shape)
    found, error = variance_of(kept + np.sqrt(2 * KT * dt) * next_noise / 2)
    assert abs(found - KT / STIFFNESS) < 4 * error


@pytest.mark.parametrize("steps", [1, 25])
@pytest.mark.parametrize("mobility", [0.5, 1.0, 2.0, 10.0])
def test_diffusion_of_free_units(mobility, steps):
    """<x^2> = 2 mu kT t and a normal distribution, for units that are all but free.

    192,000 units: 4 standard errors are 1.3 % of <x^2> and 0.045 of the kurtosis, false-alarm rate 6e-5 each;
    Kolmogorov-Smirnov 1e-6.
    """
    dt = 0.01
    computer = assemble({"a": UNITS}, Quadratic(J2=1e-12), Bipartite(), temperature=KT, mobility=mobility)
    x = final_states(computer, EulerMaruyama(), dt, steps, np.zeros((2 * TRAJECTORIES, UNITS)), seed=9).ravel()
    expected, count = 2 * mobility * KT * steps * dt, x.size
    assert abs(np.mean(x**2) / expected - 1) < 4 * np.sqrt(2 / count)
    assert abs(stats.kurtosis(x, fisher=False) - 3) < 4 * np.sqrt(24 / count)
    assert stats.kstest(x / np.sqrt(expected), "norm").pvalue > 1e-6
    # every unit has noise of its own
    assert len(np.unique(x)) > 0.999 * count
