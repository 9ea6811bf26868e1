"""Judging a computer on held-out noising trajectories: loss per step, and likelihood gain over the untrained one."""

from __future__ import annotations

import functools
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count, instance
from thermozoo.checkpoints.pieces import piece, taking_up
from thermozoo.computer.computer import Computer
from thermozoo.computer.program import Program
from thermozoo.dynamics.ensemble import EnsembleState
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.sharing import shared_out
from thermozoo.thermodynamics.paths import StepDensity
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.saved import asked_of

__all__ = ["HeldOut", "Judged", "evaluate", "evaluation_bytes", "judge_trajectories"]

Array = npt.NDArray[np.floating[Any]]


#: What can be judged.
_REMEDY = "a computer or a program, such as the program of a Training"

#: Steps of all trajectories that are held, and judged, at once.
STRETCH = 25

#: Numbers, in the precision of states, for each unit of a trajectory at each of these steps.
_JUDGED = 6.5


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


@attrs.frozen(eq=False)
class Judged:
    """What was found of each of some held-out noising trajectories.

    Parameters
    ----------
    losses : ndarray, shape (2, trajectories)
        Reverse loss, summed over steps, of the untrained and of the trained computer.
    gain : ndarray, shape (trajectories,), or None
        ln P_theta[w~] - ln P_untrained[w~] [nat]; None where the integrator has no closed transition density.
    """

    losses: npt.NDArray[np.float64]
    gain: npt.NDArray[np.float64] | None

    def figures(self, steps: int) -> tuple[float, HeldOut]:
        """Return what `evaluate` does, of trajectories of so many steps."""
        initial, final = self.losses.mean(axis=1) / steps
        if self.gain is None:
            return float(initial), HeldOut(float(final), None, None)
        trajectories = len(self.gain)
        se = float(self.gain.std(ddof=1) / np.sqrt(trajectories)) if trajectories > 1 else float("nan")
        return float(initial), HeldOut(float(final), float(self.gain.mean()), se)


def evaluate(
    trained: Computer | Program,
    process: NoisingProcess,
    loss: StepLoss,
    *,
    seed: int,
    trajectories: int = 30,
    first: int = 0,
) -> tuple[float, HeldOut]:
    """Evaluate a computer or a program on held-out noising trajectories.

    Parameters
    ----------
    trained : Computer or Program
        What was trained; the last window of a program acts on the first steps of noising.
    process : NoisingProcess
        The noising of its units.
    loss : StepLoss
        What was trained on.
    seed : int
        Seed; the stream is one that no training uses.
    trajectories : int
        How many, spread over the images.
    first : int
        Number of the first; another one has other noise.

    Returns
    -------
    float, HeldOut
        Loss per step of the untrained (uncoupled) computer, and the figures of the trained one.
    """
    numbers = np.arange(count("trajectories", trajectories, at_least=1))
    return judge_trajectories(trained, process, loss, numbers, seed=seed, first=first).figures(process.steps)


def judge_trajectories(
    trained: Computer | Program,
    process: NoisingProcess,
    loss: StepLoss,
    numbers: npt.NDArray[np.int64],
    *,
    seed: int,
    first: int = 0,
) -> Judged:
    """Return what is found of each of some held-out noising trajectories; see `evaluate` for the other parameters.

    Parameters
    ----------
    numbers : ndarray of int, shape (B,)
        Numbers of trajectories, from zero; they show the images in turn.
    first : int
        What is added to them where noise is drawn.
    """
    loss.check(process.dynamics)
    trajectories, which = len(numbers), numbers % len(process.signals)
    numbers = numbers + count("first", first)
    untrained = process.dynamics.one_computer
    program, steps = Program.of(instance("trained", trained, Computer | Program, _REMEDY)), process.steps
    density = StepDensity.of(process.dynamics.integrator, process.dynamics.dt)
    losses = np.zeros((2, trajectories))
    gain = np.zeros(trajectories)

    def judge(step: int, states: Array, part: slice) -> None:
        """Add a stretch of some trajectories to their sums."""
        stop = step + len(states) - 1
        for a, b, computer in reversed(program.pieces(steps - stop, steps - step, steps)):
            inside = states[steps - b - step : steps - a - step + 1, part]
            x, x_next = inside[:-1], inside[1:]
            for row, (one, sign) in enumerate(((untrained, -1.0), (computer, 1.0))):
                # the reverse of an observed step starts at x', so loss and density share the gradient there
                gradient = one.gradient(x_next.reshape(-1, one.n)).reshape(x_next.shape)
                losses[row, part] += loss.value(one, x, x_next, gradient).sum(axis=0)
                if density is not None:
                    gain[part] += sign * density.log_density(one, x_next, x, gradient=gradient).sum(axis=0)

    asked = asked_of(program, process, seed, trajectories, int(numbers[0]))
    size = (2 * process.signals.shape[1] + 3) * 8 * trajectories
    key = NoiseKey(seed).named("held-out")
    with piece("held-out", asked, size=size) as work, shared_out(trajectories) as share:
        begin = None
        if work.left is not None:
            with taking_up("held-out"):
                losses[:], gain[:], arrays = work.left
                begin = EnsembleState.from_arrays(arrays)
                begin.check(key, numbers, untrained.n, 0, process.steps)
        ensemble = process.ensemble(key, numbers, which, STRETCH, begin)

        def state() -> Any:
            return losses.copy(), gain.copy(), ensemble.state().to_arrays()

        for step, states in process.stretches_of(ensemble, STRETCH):
            share(functools.partial(judge, step, states))
            work.poll(state)
        work.finish(state)
    return Judged(losses, gain if density is not None else None)


def evaluation_bytes(trajectories: int, n: int, steps: int, itemsize: int) -> int:
    """Return the bytes of evaluating trajectories of `n` units: states, gradients and densities of a stretch."""
    return int(trajectories * n * (min(STRETCH, steps) + 1) * itemsize * _JUDGED)
