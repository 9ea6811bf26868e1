"""The evaluation of what a config trained, on held-out noising trajectories."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from thermozoo.config.schema import Config
from thermozoo.dynamics.engines import Engine
from thermozoo.runs.machine import Machine
from thermozoo.shards.cutting import BLOCK
from thermozoo.training.evaluate import HeldOut, evaluate
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.result import Training

__all__ = ["evaluate_parts", "evaluation_shared", "held_out_each", "mean_over_programs"]


def held_out_each(config: Config) -> int:
    """Return how many held-out trajectories judge each program: those of the config are shared out, two at least."""
    programs, held_out = config.programs, config.training.held_out
    return held_out if programs == 1 else max(2, math.ceil(held_out / programs))


def evaluation_shared(config: Config) -> bool:
    """Return whether workers judge: one block of trajectories is no work to be cut."""
    return config.run is not None and config.programs * held_out_each(config) > BLOCK


def evaluate_parts(machine: Machine, engine: Engine, trained: Sequence[Training]) -> tuple[float, HeldOut]:
    """Evaluate each program on noising trajectories of its own images, and return the means over programs.

    Parameters
    ----------
    machine : Machine
        What was trained.
    engine : Engine
        What advances noising trajectories.
    trained : sequence of Training
        What `thermozoo.runs.training.train_parts` returned.

    Returns
    -------
    float, HeldOut
        Loss per step of the untrained computer, and the figures of the trained ones; see `evaluate`.
    """
    count = held_out_each(machine.config)
    found = [
        evaluate(
            one.program,
            NoisingProcess(part.noising, engine),
            part.loss,
            seed=machine.config.seed,
            trajectories=count,
            first=number * count,  # noise of their own: the errors of classes are independent
        )
        for number, (part, one) in enumerate(zip(machine.parts, trained, strict=True))
    ]
    return mean_over_programs(found)


def mean_over_programs(found: Sequence[tuple[float, HeldOut]]) -> tuple[float, HeldOut]:
    """Return the means of what was found of each program; errors are independent."""
    if len(found) == 1:
        return found[0]
    gains = [held_out.gain for _, held_out in found if held_out.gain is not None]
    errors = [held_out.gain_se for _, held_out in found if held_out.gain_se is not None]
    mean = HeldOut(
        loss=float(np.mean([held_out.loss for _, held_out in found])),
        gain=float(np.mean(gains)) if gains else None,
        gain_se=float(np.linalg.norm(errors) / len(errors)) if errors else None,
    )
    return float(np.mean([initial for initial, _ in found])), mean
