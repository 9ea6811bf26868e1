"""What the phases of the task `regress` take: seconds, measured in small before the run, and bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from thermozoo import Share
from thermozoo_plugins.tasks.bent_trajectories import examples_together
from thermozoo_plugins.tasks.ideal_costs import ideal_bytes, ideal_seconds
from thermozoo_plugins.tasks.regress_curve import Curve

__all__ = ["answering_bytes", "training_bytes", "training_seconds"]


def training_seconds(of: Any, curve: Curve, *, copies: int, rounds: int, share: float) -> float:
    """Return how long all computers are trained [second]: the run's own, times `share` for the smaller ones."""
    machine, count = of.machine, copies * len(curve.inputs)
    following = ideal_seconds(machine, curve.held(curve.inputs), copies=copies)
    moving = of.simulation(count, machine.config.steps, every=1, look=lambda x: np.array(x, dtype=np.float64))
    return float(share * ((1 + rounds) * following + rounds * moving))


def training_bytes(size: Any, curve: Curve, *, copies: int) -> tuple[Share, ...]:
    """Return a batch of bent trajectories, and what ideal ones take."""
    inputs, steps = len(curve.inputs), size.config.steps
    at_once = copies * min(inputs, examples_together(steps, size.n, copies))
    return (
        *ideal_bytes(size, inputs, "task.points", "inputs", at_once=at_once),
        Share(2 * at_once * (steps + 1) * size.n * size.itemsize, "task.copies", f"{at_once:,} trajectories at once"),
    )


def answering_bytes(size: Any, curve: Curve, *, shots: int) -> tuple[Share, ...]:
    """Return the shots at the inputs to be judged by."""
    count = shots * len(curve.test_inputs)
    held = count * (size.n * (8 + 4 * size.itemsize) + 8 * 10)
    return (Share(held, "task.shots", f"{count:,} shots", ("task.points", "computer.units")),)
