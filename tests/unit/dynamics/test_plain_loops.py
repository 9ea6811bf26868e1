"""Loops that engines are measured beside: they do the same work, by Boltzmann's law from quadrature.

Tests are seeded; each states its false-alarm rate.
"""

from __future__ import annotations

import itertools

import numba
import numpy as np
import pytest
from scipy import integrate
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import Quartic

from thermozoo.computer.computer import assemble
from thermozoo.dynamics import start_up
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.plain_loops import numba_loop, numpy_loop

#: Compiled code has a generator of its own.
seed_numba = numba.njit(lambda seed: np.random.seed(seed))

KT, MOBILITY, J = 0.2, 2.0, -0.5


def law(units, dt, couplings=0.0, precision="single"):
    computer = assemble({"units": units}, Quartic(J2=0.7, J4=1.2), Dense(), temperature=KT, mobility=MOBILITY)
    computer = computer.with_parameters(np.full(computer.parameters.size, couplings))
    return Dynamics(computer, EulerMaruyama(), dt, precision)


def test_the_numba_loop_is_in_equilibrium():
    """20,000 runs of five relaxation times; 5 standard errors, false-alarm rate 1e-6 each, and 1 % for the step.

    The variance of Euler-Maruyama is too large by about dt mobility U'' / 2, here 0.6 %.
    """
    loop = numba_loop(law(1, 2e-3))
    seed_numba(1)
    found = np.array([loop(750) for _ in range(20_000)])
    weights = [
        integrate.quad(lambda x, k=k: x**k * np.exp(-(0.7 * x**2 + 1.2 * x**4) / KT), -4, 4)[0] for k in (0, 2, 4)
    ]
    square, fourth = weights[1] / weights[0], weights[2] / weights[0]
    assert abs(found.mean()) < 5 * np.sqrt(square / found.size)
    error = np.sqrt((fourth - square**2) / found.size)
    assert abs((found**2).mean() - square) < 5 * error + 0.01 * square


def test_the_numpy_loop_is_in_equilibrium():
    """Two moments of three coupled units; 5 standard errors of 3,000 trajectories, false-alarm rate 1e-6 each."""
    x = numpy_loop(law(3, 1e-3, J), 3000)(2000).astype(np.float64)
    assert x.shape == (3000, 3)
    grid = np.linspace(-2.2, 2.2, 61)
    a, b, c = np.meshgrid(grid, grid, grid, indexing="ij")
    energy = sum(0.7 * y**2 + 1.2 * y**4 for y in (a, b, c)) + J * (a * b + b * c + a * c)
    weight = np.exp(-energy / KT)
    weight /= weight.sum()
    pairs = list(itertools.combinations(range(3), 2))
    for each, exact in (
        ((x**2).mean(axis=1), (weight * a**2).sum()),
        (np.mean([x[:, i] * x[:, j] for i, j in pairs], axis=0), (weight * a * b).sum()),
    ):
        assert each.mean() == pytest.approx(exact, abs=5 * each.std(ddof=1) / np.sqrt(len(each)) + 0.005 * exact)


def test_the_numpy_loop_goes_on_in_its_precision():
    loop = numpy_loop(law(2, 1e-3, J), 4)
    first = loop(1).copy()
    assert first.dtype == np.float32
    # from zero, a step is its noise alone
    noise = np.random.default_rng(1).standard_normal((4, 2), dtype=np.float32)
    assert np.allclose(first, np.sqrt(2 * MOBILITY * KT * 1e-3) * noise, rtol=1e-6)
    assert not np.array_equal(loop(1), first)


def test_start_up_is_that_of_fresh_processes(monkeypatch):
    asked, clock = [], itertools.accumulate([0.0, 1.0, 0.0, 4.0, 0.0, 2.0, 0.0, 5.0, 0.0, 9.0, 0.0, 6.0])
    monkeypatch.setattr(start_up.subprocess, "run", lambda command, **options: asked.append(command[1:]))
    monkeypatch.setattr(start_up.time, "perf_counter", lambda: next(clock))
    assert start_up.start_up_seconds() == {"--help": 2.0, "plugins": 5.0}
    assert asked == 3 * [["-m", "thermozoo", "--help"], ["-m", "thermozoo", "plugins"]]
