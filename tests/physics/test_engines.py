"""Engines against each other and against statistics: long runs of the compiled engine have the right ensembles."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg, stats
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama, StochasticHeun
from thermozoo_plugins.potentials import DoubleWell, Quadratic, Quartic

from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate


@pytest.mark.parametrize("precision", ["single", pytest.param("double", marks=pytest.mark.long)])
def test_engines_stay_together_until_rounding_has_grown(make_computer, euler, precision):
    """Confined units forget rounding errors: after 300 steps of the same noise, trajectories still agree.

    A stable linear computer contracts differences by exp(-mu lambda t), so an error of 10 units in the last place a
    step leaves at most 10 / (mu lambda dt) of them: 10^3 with the figures below.
    """
    computer = make_computer({"a": 40, "b": 30}, Quadratic(J2=1.0), Dense(), scale=0.02, temperature=0.5)
    dynamics = Dynamics(computer, euler, 0.005, precision)
    lowest = np.linalg.eigvalsh(computer.couplings.matrix() + 2.0 * np.eye(70)).min()
    start = np.random.default_rng(1).standard_normal((20, 70))
    finals = [
        simulate(dynamics, start, 300, key=NoiseKey(4), engine=engine).final for engine in ("reference", "compiled")
    ]
    bound = 10 / (lowest * dynamics.dt) * np.finfo(dynamics.dtype).eps * np.abs(start).max()
    assert np.abs(finals[0] - finals[1]).max() < bound


@pytest.mark.parametrize(
    "integrator",
    [EulerMaruyama(), pytest.param(StochasticHeun(), marks=pytest.mark.long)],
    ids=lambda i: i.name,
)
def test_a_linear_computer_has_its_covariance(make_computer, integrator):
    """Covariance of 4,000 trajectories against the closed form of the scheme; every entry within 6 standard errors.

    False-alarm rate: 36 entries at 6 standard errors, below 1e-7. For x' = A x + B xi the stationary covariance solves
    C = A C A^T + B B^T: Euler-Maruyama has A = 1 - mu H dt, B = s; Heun A = 1 - mu H dt + (mu H dt)^2 / 2,
    B = s (1 - mu H dt / 2), with s^2 = 2 mu kT dt.
    """
    kT, mobility, dt, samples = 0.4, 1.2, 0.05, 4000
    computer = make_computer({"a": 8}, Quadratic(J2=1.0), Dense(), temperature=kT, mobility=mobility, scale=0.2)
    hessian = computer.couplings.matrix() + 2.0 * np.eye(8)
    drift = mobility * hessian * dt
    kick = np.sqrt(2 * mobility * kT * dt)
    step, spread = np.eye(8) - drift, kick * np.eye(8)
    if integrator.name == "stochastic-heun":
        step, spread = np.eye(8) - drift + drift @ drift / 2, kick * (np.eye(8) - drift / 2)
    expected = linalg.solve_discrete_lyapunov(step, spread @ spread.T)
    mean = -np.linalg.solve(hessian, computer.biases)
    final = simulate(
        Dynamics(computer, integrator, dt, "single"),
        np.tile(mean, (samples, 1)),
        200,
        key=NoiseKey(11),
        engine="compiled",
    ).final
    centered = final.astype(float) - mean
    measured = centered.T @ centered / samples
    variances = np.diag(expected)
    errors = np.sqrt((np.outer(variances, variances) + expected**2) / samples)
    assert (np.abs(measured - expected) < 6 * errors).all()


@pytest.mark.parametrize("potential", [Quartic(), DoubleWell(J2=-0.8, J4=1.0)], ids=lambda p: p.name)
def test_engines_have_the_same_law(make_computer, euler, potential):
    """Different seeds, so independent samples: Kolmogorov-Smirnov between engines, false-alarm rate 1e-6 each."""
    computer = make_computer({"a": 64}, potential, Dense(), scale=0.05, temperature=0.4)
    dynamics = Dynamics(computer, euler, 0.02, "single")
    finals = [
        simulate(dynamics, np.zeros((40, 64)), 400, key=NoiseKey(seed), engine=engine).final
        for seed, engine in ((1, "reference"), (2, "compiled"))
    ]
    # units are coupled weakly; one trajectory's units are nearly independent of another's
    assert stats.ks_2samp(*(f.ravel() for f in finals)).pvalue > 1e-6


@pytest.mark.long
def test_a_cold_run_of_the_paper_set_up_has_the_heat_of_the_reference(make_computer, euler):
    """Mean energy of 784 + 512 coupled units after 400 steps, both engines, other seeds: within 5 standard errors."""
    from thermozoo_plugins.connectivities import Bipartite

    computer = make_computer(
        {"visible": 784, "hidden": 512}, Quartic(), Bipartite(within=["hidden"]), scale=0.01, temperature=0.1
    )
    dynamics = Dynamics(computer, euler, 1e-3, "single")
    energies = [
        computer.energy(
            simulate(dynamics, np.zeros((100, 1296)), 400, key=NoiseKey(seed), engine=engine_named(engine)).final
        )
        for seed, engine in ((1, "reference"), (2, "compiled"))
    ]
    error = np.sqrt(sum(e.var(ddof=1) / len(e) for e in energies))
    assert abs(energies[0].mean() - energies[1].mean()) < 5 * error
