"""What the tests of literature systems share: running an ensemble, and oracles by quadrature on a grid."""

from __future__ import annotations

import numpy as np

from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import simulate


class Averages:
    """An observer that keeps the time average of each trajectory's ``measure(x)`` from a step on.

    Trajectories are independent, so the spread of these averages gives a standard error that counts the autocorrelation
    time of a trajectory without an estimate of it.
    """

    def __init__(self, measure, begin):
        self.measure, self.begin = measure, begin
        self.start()

    def start(self):
        self.total, self.count = 0.0, 0

    def observe(self, step, x):
        if step >= self.begin:
            self.total, self.count = self.total + np.asarray(self.measure(x.astype(np.float64))), self.count + 1

    def bytes_needed(self, observations, trajectories, n, itemsize):
        return 16 * trajectories

    def mean_and_error(self):
        """Mean over trajectories and its standard error, for each of the measured quantities."""
        each = self.total / self.count
        return each.mean(axis=-1), each.std(axis=-1, ddof=1) / np.sqrt(each.shape[-1])


def final_states(computer, integrator, dt, steps, start, seed):
    """States after some steps of the compiled engine, in double precision."""
    return simulate(Dynamics(computer, integrator, dt), start, steps, key=NoiseKey(seed), engine="compiled").final


def averaged(computer, integrator, dt, *, trajectories, burn, steps, every, measure, seed, engine="compiled"):
    """Time averages of ``measure`` after ``burn`` steps from the origin, with their standard errors."""
    kept = Averages(measure, burn)
    start = np.zeros((trajectories, computer.n))
    dynamics = Dynamics(computer, integrator, dt)
    simulate(dynamics, start, burn + steps, key=NoiseKey(seed), every=every, observers=[kept], engine=engine)
    return kept.mean_and_error()


def boltzmann_on_grid(energy, kT, low, high, points):
    """Grid and normalized weights of exp(-U/kT) by the trapezoidal rule."""
    x = np.linspace(low, high, points)
    u = energy(x)
    weight = np.exp(-(u - u.min()) / kT)
    return x, weight / weight.sum()


def draw(x, weight, count, random):
    """States of a Boltzmann distribution: a cell of the grid by its weight, and a place in the cell."""
    cell = np.searchsorted(np.cumsum(weight), random.random(count) * weight.sum())
    return x[cell] + (x[1] - x[0]) * (random.random(count) - 0.5)
