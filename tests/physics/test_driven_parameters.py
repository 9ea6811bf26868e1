"""Driven parameters against closed forms and quadrature: a barrier that rises, a temperature that falls.

Every comparison is of a mean with its expectation within 5 standard errors: a false alarm in 2 million seeds each.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import StochasticHeun
from thermozoo_plugins.potentials import DoubleWell, Quadratic
from thermozoo_plugins.protocols import Ramp

from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.schedule import Schedule
from thermozoo.dynamics.simulate import simulate
from thermozoo.dynamics.trajectories import KeptStates

KT, ROWS, STEPS, DT = 0.5, 10000, 100, 0.02

ENGINES = ["compiled", pytest.param("reference", marks=pytest.mark.long)]


def within(samples, expected):
    error = samples.std(ddof=1) / np.sqrt(len(samples))
    assert abs(samples.mean() - expected) <= 5 * error, (samples.mean(), expected, error)


def weight(J2):
    return quad(lambda x: np.exp(-(J2 * x**2 + x**4) / KT), -5, 5, epsabs=0, epsrel=1e-12)[0]


def equilibrium(J2, rng):
    x = np.linspace(-4, 4, 40001)
    cumulative = np.cumsum(np.exp(-(J2 * x**2 + x**4) / KT))
    return np.interp(rng.uniform(size=(ROWS, 1)) * cumulative[-1], cumulative, x)


def work_of(begin, end, engine, seed):
    unit = assemble({"unit": 1}, DoubleWell(J2=-1.0), Dense(), temperature=KT)
    schedule = Schedule({"potential.unit.J2": Ramp(initial=begin, final=end)})
    dynamics = Dynamics(unit, StochasticHeun(), dt=DT, steps=STEPS, schedule=schedule)
    start = equilibrium(begin, np.random.default_rng(seed))
    return simulate(dynamics, start, STEPS, key=NoiseKey(seed), engine=engine).work


@pytest.mark.parametrize("engine", ENGINES)
def test_a_driven_barrier_against_the_free_energy_of_quadrature(engine):
    """A double well whose barrier J2^2 / 4 rises from kT / 8 to 2 kT, and falls again: Jarzynski both ways, and Crooks.

    Crooks: the averages of 1 / (1 + exp((W - dF) / kT)) forwards and of 1 / (1 + exp((W + dF) / kT)) backwards agree.
    """
    begin, end = -0.5, -2.0
    dF = -KT * np.log(weight(end) / weight(begin))
    up, down = work_of(begin, end, engine, 1), work_of(end, begin, engine, 2)
    assert up.mean() > dF > -down.mean()
    within(np.exp(-(up - dF) / KT), 1.0)
    within(np.exp(-(down + dF) / KT), 1.0)
    within(1 / (1 + np.exp((up - dF) / KT)) - 1 / (1 + np.exp((down + dF) / KT)), 0.0)
    # a free energy that were off by a tenth of kT would show
    with pytest.raises(AssertionError):
        within(np.exp(-(up - dF - 0.1 * KT) / KT), 1.0)


@pytest.mark.long
@pytest.mark.parametrize("engine", ENGINES)
def test_annealing_a_harmonic_unit_against_its_closed_form(engine):
    """U = k x^2 / 2 with kT(t) = T0 + (T1 - T0) t / tf from equilibrium, r = 2 mu k:

    Var x(t) = (1 / k) [T(t) - (T1 - T0) / (r tf) (1 - exp(-r t))].
    """
    k, mobility, first, last = 2.0, 1.3, 1.0, 0.1
    duration, rate = STEPS * DT, 2 * mobility * k
    unit = assemble({"unit": 1}, Quadratic(J2=k / 2), Dense(), temperature=first, mobility=mobility)
    schedule = Schedule({"temperature": Ramp(initial=first, final=last)})
    dynamics = Dynamics(unit, StochasticHeun(), dt=DT, steps=STEPS, schedule=schedule)
    start = np.sqrt(first / k) * np.random.default_rng(3).standard_normal((ROWS, 1))
    kept = KeptStates()
    done = simulate(dynamics, start, STEPS, key=NoiseKey(4), every=25, observers=kept, engine=engine)
    for step, x in zip(kept.steps, kept.states, strict=True):
        t = step * DT
        slope = (last - first) / duration
        variance = (first + slope * t - slope / rate * (1 - np.exp(-rate * t))) / k
        within(x[:, 0] ** 2, variance)
    # it lags behind the temperature that it would have in equilibrium, by a third
    assert variance > 1.3 * last / k
    assert not done.work.any()
