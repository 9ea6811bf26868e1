"""What comes out of one method."""

from __future__ import annotations

import attrs

from thermozoo.dynamics.engines import Engine
from thermozoo.runs.generation import Generated
from thermozoo.runs.machine import Machine
from thermozoo.runs.results import Figures
from thermozoo.training.evaluate import HeldOut
from thermozoo.training.result import Training

__all__ = ["Outcome"]


@attrs.define(eq=False)
class Outcome:
    """What comes out of one method; every phase adds its part.

    Parameters
    ----------
    machine : Machine
        What is trained.
    engine : Engine
        What advances states.
    method : str
        The training method.

    Attributes
    ----------
    training : Training
        The trained computer.
    initial : float
        Held-out loss per step of the untrained computer.
    held_out : HeldOut
        Figures of the trained one.
    generated : Generated
        What it generated.
    figures : Figures
        All of it as ``report.json`` holds it.
    """

    machine: Machine
    engine: Engine
    method: str
    training: Training = attrs.field(init=False)
    initial: float = attrs.field(init=False)
    held_out: HeldOut = attrs.field(init=False)
    generated: Generated = attrs.field(init=False)
    figures: Figures = attrs.field(init=False)
