"""What comes out of one method."""

from __future__ import annotations

from pathlib import Path

import attrs

from thermozoo.computer.files import save_computer
from thermozoo.computer.program import Program, programs_digest
from thermozoo.computer.programs_file import save_programs
from thermozoo.dynamics.engines import Engine
from thermozoo.runs.generated import Generated
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
    trained : tuple of Training
        The trained computer; of programs for classes, each.
    realised : tuple of Program
        What the device makes of each trained program.
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
    trained: tuple[Training, ...] = attrs.field(init=False)
    realised: tuple[Program, ...] = attrs.field(init=False)
    initial: float = attrs.field(init=False)
    held_out: HeldOut = attrs.field(init=False)
    generated: Generated = attrs.field(init=False)
    figures: Figures = attrs.field(init=False)

    @property
    def training(self) -> Training:
        """The trained computer; of programs for classes, that of the first."""
        return self.trained[0]

    @property
    def programs(self) -> dict[int, Program]:
        """The program of each class; empty where one is for all."""
        return {label: one.program for label, one in zip(self.machine.classes, self.trained, strict=False)}

    @property
    def digest(self) -> str:
        """The digest of everything that enters the energies of what was trained."""
        return programs_digest(self.programs) if self.programs else self.training.program.digest()

    def save(self, path: Path) -> None:
        """Save what was trained in one file."""
        if self.programs:
            save_programs(self.programs, path)
        else:
            save_computer(self.training.program, path)
