"""What a piece of training is asked to do, as a digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from thermozoo.computer.computer import Computer
from thermozoo.computer.program import Program
from thermozoo.training.noising_process import NoisingProcess

__all__ = ["asked_of"]


def asked_of(computer: Computer | Program, process: NoisingProcess, seed: int, *more: Any) -> Callable[[], str]:
    """Return what gives a digest of a computer, its noising, a seed and whatever else counts."""

    def asked() -> str:
        dynamics = process.dynamics
        law = (dynamics.integrator, dynamics.dt, dynamics.precision, process.steps, process.engine.name, seed, more)
        sha = hashlib.sha256(f"{computer.digest()} {law!r}".encode())
        sha.update(np.ascontiguousarray(process.signals).data)
        return sha.hexdigest()

    return asked
