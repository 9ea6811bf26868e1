"""Trajectories of a computer itself, bent so that they end where they should on the average."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo_plugins.objectives.forward_likelihood import ForwardLikelihood
from thermozoo_plugins.tasks.ideal_trajectories import together

__all__ = ["bend", "examples_together", "follow_bent"]

Array = npt.NDArray[np.float64]


def bend(states: Array, ends: Array, last: int) -> tuple[Array, Array]:
    r"""Bend what the last units do, and return where they ended on the average.

    .. math:: x_i(t) \leftarrow x_i(t) + \frac{t}{t_f} \left(a_i - \langle x_i(t_f) \rangle\right)

    Parameters
    ----------
    states : ndarray, shape (steps + 1, examples, copies, units)
        Trajectories, which are changed.
    ends : ndarray, shape (examples, last)
        Where the last units should end, a.
    last : int
        How many units these are; the others stay as they are.

    Returns
    -------
    states : ndarray
        The trajectories.
    ended : ndarray, shape (examples, last)
        The mean over copies of where the last units ended.
    """
    ended: Array = states[-1, :, :, -last:].mean(axis=1)
    part = np.arange(len(states)) / (len(states) - 1)
    states[..., -last:] += part[:, None, None, None] * (ends - ended)[:, None, :]
    return states, ended


def examples_together(steps: int, units: int, copies: int) -> int:
    """Return of how many examples trajectories are made at once."""
    return max(1, together(steps, units) // copies)


def follow_bent(
    run: Any, machine: Any, held: Array, ends: Array, *, copies: int, stream: int, progress: Callable[[int], None]
) -> tuple[Any, Array]:
    """Return the computer that takes most likely the steps of its own trajectories, bent, and where those ended.

    Hidden units move as the computer moves them, so that what is learned is what the output needs beside that. Where
    trajectories end as they should, nothing is bent, and the computer stays what it is.

    Parameters
    ----------
    run : Run
        Simulates.
    machine : Setup
        The computer, its time step and steps; clamped units are its first.
    held : ndarray, shape (examples, clamped units)
        What clamped units hold.
    ends : ndarray, shape (examples, outputs)
        Where the last units should end.
    copies : int
        Trajectories of each example, which differ in their noise.
    stream : int
        Number of the noise.
    progress : callable
        Called with the number of trajectories done since its last call.
    """
    from thermozoo import KeptStates, ObservedSteps

    dynamics = machine.dynamics
    computer, steps, clamped = dynamics.computer, dynamics.steps, held.shape[1]
    shown = ObservedSteps(computer, ForwardLikelihood(), dynamics.dt)
    batch = examples_together(steps, computer.n, copies)
    ended = np.empty_like(ends)
    for first in range(0, len(held), batch):
        part = slice(first, first + batch)
        clamps = np.repeat(held[part], copies, axis=0)
        start = np.zeros((len(clamps), computer.n))
        start[:, :clamped] = clamps
        kept = KeptStates()
        run.simulate(
            start,
            steps,
            stream=stream,
            dynamics=dynamics,
            first_trajectory=first * copies,
            every=1,
            observers=[kept],
        )
        states = kept.states[..., clamped:].astype(np.float64)
        bent, ended[part] = bend(states.reshape(steps + 1, -1, copies, states.shape[2]), ends[part], ends.shape[1])
        shown.add(bent.reshape(states.shape), clamps)
        progress(len(clamps))
    return shown.follow(), ended
