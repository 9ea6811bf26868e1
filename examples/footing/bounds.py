r"""What bounds likelihood and heat: entropies of units in equilibrium, and noising against generation backwards.

Noising prepares x_0 in equilibrium under a learned image and makes a path w; generation begins in equilibrium without
couplings and makes w~, the path backwards. With all densities of the discrete steps,

.. math::

    d = \ln \frac{p_F(x_0)\, P_F[w \mid x_0]}{p_R(x_e)\, P_\theta[\tilde w \mid x_e]}, \qquad
    \langle d \rangle_F \ge \langle \ln p_F(x_0) / p_\theta(x_0) \rangle \ge 0,

the first because states at the end are a part of paths. Heat of generation is at least the entropy that units lose.
"""

from __future__ import annotations

import attrs
import numpy as np
from scipy.special import logsumexp

from thermozoo.computer.boltzmann import unit_boltzmann
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.thermodynamics.paths import StepDensity
from thermozoo.training.evaluate import STRETCH
from thermozoo.training.noising_process import NoisingProcess

#: Forces at which entropy and partition function of a unit are known; between them they are interpolated.
FORCES = 1025


@attrs.frozen(eq=False)
class Paths:
    """What was found of each of some noising trajectories [nat].

    Parameters
    ----------
    divergence : ndarray, shape (trajectories,)
        d.
    gain : ndarray, shape (trajectories,)
        ln P_theta[w~] less that of the untrained computer: the likelihood gain.
    """

    divergence: np.ndarray
    gain: np.ndarray


class Equilibria:
    """Units of a part of a machine in equilibrium, without signal and under those that are imposed in the beginning."""

    def __init__(self, part):
        noising = part.noising
        self.computer = noising.dynamics.one_computer
        self.forces = noising.intensities[noising.protocol_of, 0] * noising.signals
        units = self.computer.n
        self._free, self._shown = (np.zeros(units) for _ in range(2))
        self._log_free, self._log_shown = np.zeros(units), np.zeros(self.forces.shape)
        for where, one in self.computer.onsite.parts():
            imposed = self.forces[:, where]
            forces = np.linspace(min(0.0, imposed.min()), max(0.0, imposed.max()), FORCES)
            found = unit_boltzmann(one, self.computer.temperature, forces)
            each, logs = _entropy(found), found.log_partition
            self._free[where] = _entropy(unit_boltzmann(one, self.computer.temperature, np.zeros(1)))[0]
            self._log_free[where] = np.interp(0.0, forces, logs)
            self._shown[where] = np.interp(imposed, forces, each).mean(axis=0)
            self._log_shown[:, where] = np.interp(imposed, forces, logs)

    @property
    def free(self):
        """Entropy of units without signal, with which generation begins [nat]."""
        return float(self._free.sum())

    @property
    def shown(self):
        """Entropy of units that show a learned image, mean over images [nat].

        That of all learned images together is more, by at most the logarithm of their number.
        """
        return float(self._shown.sum())

    def log_free(self, x):
        """Return ln p of states without signal, shape (B,)."""
        return -self._onsite(x) - self._log_free.sum()

    def log_shown(self, x):
        """Return ln p of states where each learned image is shown as often as any other, shape (B,)."""
        by_image = x @ self.forces.T / self.computer.temperature - self._log_shown.sum(axis=1)
        return logsumexp(by_image, axis=1) - np.log(len(self.forces)) - self._onsite(x)

    def _onsite(self, x):
        return self.computer.energy(x) / self.computer.temperature


def _entropy(found):
    """Return the entropy of each of some distributions on grids [nat]."""
    spacing = np.diff(found.x, axis=1)[:, 0]
    weight = found.weight
    return -(weight * np.log(np.where(weight > 0, weight, 1.0))).sum(axis=1) + np.log(spacing)


def paths(part, program, engine, equilibria, trajectories, seed):
    """Return what is found of so many held-out noising trajectories of a part of a machine and its trained program.

    Their noise is that of `thermozoo.training.evaluate.evaluate`, which gives the same gains.
    """
    process = NoisingProcess(part.noising, engine)
    density = StepDensity(process.dynamics.integrator, process.dynamics.dt)
    bare, steps = process.dynamics.one_computer, process.steps
    numbers = np.arange(trajectories)
    which = numbers % len(process.signals)
    signals, intensities = process.signals[which], part.noising.intensities[part.noising.protocol_of]
    forward, backward, untrained = np.zeros((3, trajectories))
    for first, states in process.stretches(NoiseKey(seed).named("held-out"), numbers, which, STRETCH):
        if first == 0:
            begun = equilibria.log_shown(states[0].astype(np.float64))
        stop = first + len(states) - 1
        imposed = intensities[:, first + 1 : stop + 1].T[:, np.newaxis] * signals
        forward += density.log_density(bare, states[:-1], states[1:], imposed).sum(axis=0)
        untrained += density.log_density(bare, states[1:], states[:-1]).sum(axis=0)
        # generation takes the steps of noising from the last to the first
        for a, b, computer in program.pieces(steps - stop, steps - first, steps):
            inside = states[steps - b - first : steps - a - first + 1]
            backward += density.log_density(computer, inside[1:], inside[:-1]).sum(axis=0)
    ended = equilibria.log_free(states[-1].astype(np.float64))
    return Paths(begun + forward - ended - backward, backward - untrained)


def entropy_at_most(states):
    """Return an upper bound on the entropy of what states of shape (samples, units) are drawn from [nat].

    It is the cross entropy with a density that was fitted to the other half of them, which no entropy exceeds: of
    independent units, normal on each side of zero, as often there and with the mean and variance that they have there.
    """
    halves = states[::2].astype(np.float64), states[1::2].astype(np.float64)
    return float(np.mean([_cross_entropy(*order) for order in (halves, halves[::-1])]))


def _cross_entropy(fitted, drawn):
    sides = [_side(fitted, sign) for sign in (-1, 1)]
    within = sum(spread for *_, spread in sides) / len(fitted)
    total = 0.0
    for sign, (count, mean, spread) in zip((-1, 1), sides, strict=True):
        # a side where there are few has, in part, the variance of both
        variance = (spread + within) / (count + 1)
        share = (count + 1) / (len(fitted) + 2)
        each = 0.5 * np.log(2 * np.pi * variance) + (drawn - mean) ** 2 / (2 * variance) - np.log(share)
        total += np.where(sign * drawn > 0, each, 0.0).sum(axis=1).mean()
    return float(total)


def _side(states, sign):
    """Return how many states of each unit are on a side of zero, their mean and their squares about it."""
    there = sign * states > 0
    count = there.sum(axis=0)
    mean = np.where(there, states, 0.0).sum(axis=0) / np.maximum(count, 1)
    return count, mean, np.where(there, (states - mean) ** 2, 0.0).sum(axis=0)
