"""Ideal trajectories: how free units should go from zero to their targets, and a computer that follows them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo_plugins.objectives.forward_likelihood import ForwardLikelihood

__all__ = ["follow_ideal", "ideal_states", "together"]

Array = npt.NDArray[np.float64]

#: States of free units that are drawn at once.
_STATES = 2**20


def ideal_states(targets: Array, steps: int, kick: float, random: np.random.Generator) -> Array:
    r"""Return ideal trajectories, shape (steps + 1, examples, units).

    .. math:: x_i(t) = a_i\, t / t_f + \sigma \sqrt{2 \mu k_B T}\, W_i(t)

    Parameters
    ----------
    targets : ndarray, shape (examples, units)
        Where units should be in the end, a.
    steps : int
        Time steps.
    kick : float
        Standard deviation of the noise of a step; 0: straight lines.
    random : Generator
        Draws the noise.
    """
    line = np.arange(steps + 1) / steps
    states: Array = line[:, None, None] * targets
    if kick:
        states[1:] += kick * np.cumsum(random.standard_normal((steps, *targets.shape)), axis=0)
    return states


def together(steps: int, units: int) -> int:
    """Return how many trajectories are drawn at once."""
    return max(1, _STATES // ((steps + 1) * units))


def follow_ideal(
    machine: Any,
    held: Array,
    targets: Array,
    *,
    noise: float,
    copies: int,
    ridge: float,
    scatter: float,
    seed: int,
    progress: Callable[[int], None],
) -> Any:
    """Return the computer that takes the steps of ideal trajectories most likely (`thermozoo.training.observed`).

    Parameters
    ----------
    machine : Setup
        The computer, its time step and steps.
    held : ndarray, shape (examples, clamped units)
        What clamped units hold.
    targets : ndarray, shape (examples, free units)
        Where free units should be in the end.
    noise : float
        Noise of the ideal trajectories, relative to the computer's own.
    copies : int
        Ideal trajectories of each example, which differ in their noise.
    ridge, scatter : float
        See `thermozoo.ObservedSteps.follow`.
    seed : int
        Of the noise.
    progress : callable
        Called with the number of trajectories done since its last call.
    """
    from thermozoo import ObservedSteps

    dynamics = machine.dynamics
    computer = dynamics.computer
    kick = noise * math.sqrt(2 * computer.mobility * computer.temperature * dynamics.dt)
    random = np.random.default_rng((seed, 1))
    shown = ObservedSteps(computer, ForwardLikelihood(), dynamics.dt)
    batch = together(dynamics.steps, targets.shape[1])
    for _ in range(copies):
        for first in range(0, len(targets), batch):
            part = slice(first, first + batch)
            shown.add(ideal_states(targets[part], dynamics.steps, kick, random), held[part])
            progress(len(targets[part]))
    return shown.follow(ridge=ridge, scatter=scatter)
