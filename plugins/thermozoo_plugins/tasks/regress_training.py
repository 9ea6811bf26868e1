"""Training of the task `regress`: ideal trajectories of the teacher, then bent ones of the computer itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

import thermozoo as tz  # names that load libraries are taken from it when they are needed
from thermozoo_plugins.tasks.bent_trajectories import follow_bent
from thermozoo_plugins.tasks.ideal_trajectories import follow_ideal
from thermozoo_plugins.tasks.regress_curve import Curve
from thermozoo_plugins.tasks.regress_teacher import Teacher

__all__ = ["Trained", "resized", "trained"]

Array = npt.NDArray[np.float64]


@attrs.frozen(eq=False)
class Trained:
    """What training leaves.

    Parameters
    ----------
    machine : Setup
        With the trained computer.
    teacher : Teacher
        Its teacher.
    losses : tuple of float
        Mean loss of a unit and step, of ideal trajectories and of each round of bent ones.
    missed : tuple of float
        Root mean square of what the outputs of each of these rounds missed, with the computer before it.
    """

    machine: Any
    teacher: Teacher
    losses: tuple[float, ...]
    missed: tuple[float, ...]


def resized(config: Any, computer: Any, units: int) -> Any:
    """Return the computer of a config with another number of hidden units, the second group."""
    sizes = dict(computer.layout.sizes)
    hidden = list(sizes)[1]
    if sizes[hidden] == units:
        return computer
    return tz.assemble(
        sizes | {hidden: units},
        config.potentials,
        config.connectivity,
        temperature=computer.temperature,
        mobility=computer.mobility,
        trainable_biases=config.computer.trainable_biases,
        clamped=config.clamped,
    )


def trained(
    run: Any,
    machine: Any,
    curve: Curve,
    teacher: Teacher,
    *,
    scale: float,
    copies: int,
    rounds: int,
    stream: int,
    progress: Callable[[int], None],
) -> Trained:
    """Train a computer, and say how far it was off on the way.

    Parameters
    ----------
    run : Run
        Simulates.
    machine : Setup
        The computer, its time step and steps.
    curve : Curve
        What is learned.
    teacher : Teacher
        Says where hidden units and the output should end at first.
    scale : float
        Where the output should end for the largest value.
    copies, rounds : int
        Trajectories of each input, and rounds of bent ones.
    stream : int
        Number of the noise of the first round; the others follow.
    progress : callable
        Called with the number of trajectories done since its last call.
    """
    held = curve.held(curve.inputs)
    ends = scale * curve.normal(curve.values)[:, None]
    found = follow_ideal(
        machine,
        held,
        teacher.targets(held),
        noise=1.0,
        copies=copies,
        ridge=0.0,
        scatter=0.0,
        seed=run.config.seed,
        progress=progress,
    )
    losses, missed = [found.loss], []
    machine = attrs.evolve(machine, computer=found.computer)
    for number in range(rounds):
        found, ended = follow_bent(run, machine, held, ends, copies=copies, stream=stream + number, progress=progress)
        machine = attrs.evolve(machine, computer=found.computer)
        losses.append(found.loss)
        missed.append(curve.half * math.sqrt(float(((ended - ends) ** 2).mean())) / scale)
    return Trained(machine, teacher, tuple(losses), tuple(missed))
