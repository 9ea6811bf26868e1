"""Judging a computer on held-out noising trajectories: loss per step, and likelihood gain over the untrained one."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count
from thermozoo.computer.computer import Computer
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.sharing import shared_out
from thermozoo.thermodynamics.paths import StepDensity
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising import NoisingProcess, window_edges

__all__ = ["STRETCH", "HeldOut", "evaluate"]

Array = npt.NDArray[np.floating[Any]]


#: Steps of all trajectories that are held, and judged, at once.
STRETCH = 25


@attrs.frozen
class HeldOut:
    """Figures of a computer on held-out noising trajectories.

    Parameters
    ----------
    loss : float
        Reverse loss per step.
    gain, gain_se : float or None
        Mean and standard error of ln P_theta[w~] - ln P_untrained[w~] per trajectory [nat]; None where the integrator
        has no closed transition density.
    """

    loss: float
    gain: float | None
    gain_se: float | None


def evaluate(
    computers: Sequence[Computer],
    process: NoisingProcess,
    loss: StepLoss,
    *,
    seed: int,
    trajectories: int = 30,
) -> tuple[float, HeldOut]:
    """Evaluate a computer, or one for each time window of generation, on held-out noising trajectories.

    Parameters
    ----------
    computers : sequence of Computer
        In the order of generation: the last acts on the first steps of noising.
    process : NoisingProcess
        The noising of its units.
    loss : StepLoss
        What was trained on.
    seed : int
        Seed; the stream is one that no training uses.
    trajectories : int
        How many, spread over the images.

    Returns
    -------
    float, HeldOut
        Loss per step of the untrained (uncoupled) computer, and the figures of the trained one.
    """
    loss.check(process.dynamics)
    numbers = np.arange(count("trajectories", trajectories, at_least=1))
    which = numbers % len(process.signals)
    untrained = process.dynamics.computer
    density = StepDensity.of(process.dynamics.integrator, process.dynamics.dt)
    losses = np.zeros((2, trajectories))
    gain = np.zeros(trajectories)
    edges = window_edges(process.steps, len(computers))

    def judge(first: int, states: Array, part: slice) -> None:
        """Add a stretch of some trajectories to their sums."""
        stop = first + len(states) - 1
        for window, computer in enumerate(reversed(computers)):
            a, b = max(first, edges[window]), min(stop, edges[window + 1])
            if a >= b:
                continue
            inside = states[a - first : b - first + 1, part]
            x, x_next = inside[:-1], inside[1:]
            for row, (one, sign) in enumerate(((untrained, -1.0), (computer, 1.0))):
                # the reverse of an observed step starts at x', so loss and density share the gradient there
                gradient = one.gradient(x_next.reshape(-1, one.n)).reshape(x_next.shape)
                losses[row, part] += loss.value(one, x, x_next, gradient).sum(axis=0)
                if density is not None:
                    gain[part] += sign * density.log_density(one, x_next, x, gradient=gradient).sum(axis=0)

    with shared_out(trajectories) as share:
        for first, states in process.stretches(NoiseKey(seed).named("held-out"), numbers, which, length=STRETCH):
            share(functools.partial(judge, first, states))
    initial, final = losses.mean(axis=1) / process.steps
    se = float(gain.std(ddof=1) / np.sqrt(trajectories)) if trajectories > 1 else float("nan")
    known = density is not None
    return float(initial), HeldOut(float(final), float(gain.mean()) if known else None, se if known else None)
