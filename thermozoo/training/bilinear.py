"""What training by the normal equations asks of a computer: one coupling term, and a bilinear one."""

from __future__ import annotations

from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import bilinear
from thermozoo.errors import TrainingError

__all__ = ["require_bilinear"]


def require_bilinear(computer: Computer) -> None:
    """Raise TrainingError unless products of two states are all that couples units."""
    bilinear(computer.couplings)
    if computer.terms:
        raise TrainingError(
            f"the energy has the further terms {', '.join(map(repr, computer.terms))}, and methods exact and moments "
            "train couplings of pairs alone: train by descent or online"
        )
