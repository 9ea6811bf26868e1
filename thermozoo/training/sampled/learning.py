"""Which code follows noising trajectories: compiled kernels, or NumPy.

Kernels are for trajectories that the compiled engine makes, of computers whose couplings are dense blocks by the
product of two states, without further terms; NumPy does everything else. Neither way do bits depend on the number of
threads, the compiled engine's or those of the linear algebra library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from thermozoo.computer.computer import Computer
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.sampled.learner import Learner, PlainDescent, PlainOnline, Stored, StoredLearner

if TYPE_CHECKING:
    from thermozoo.training.sampled.loss_law import LossLaw

__all__ = ["compile_ahead", "compiled_law", "learner_for"]


def compiled_law(computer: Computer, process: NoisingProcess, loss: StepLoss) -> LossLaw | None:
    """Return loss and computer as kernels read them, None where NumPy follows the trajectories."""
    if process.engine.name != "compiled":
        return None
    from thermozoo.training.sampled.loss_law import loss_law

    return loss_law(computer, loss, process.dynamics.dtype)


def learner_for(
    method: str,
    computer: Computer,
    process: NoisingProcess,
    loss: StepLoss,
    rate: float,
    stored: Stored | None = None,
) -> Learner:
    """Return what learns from the trajectories of a process by ``"descent"`` or ``"online"``.

    Where parameters are not kept as they are, each update is carried out by itself: none can be held back.
    """
    if stored is not None:
        return StoredLearner(computer, loss, rate, stored, every=1 if method == "online" else None)
    dtype: Any = process.dynamics.dtype
    law = compiled_law(computer, process, loss)
    if law is None:
        return PlainDescent(computer, loss, rate) if method == "descent" else PlainOnline(computer, loss, rate, dtype)
    from thermozoo.training.sampled.compiled_learner import CompiledDescent, CompiledOnline

    return CompiledDescent(law, rate) if method == "descent" else CompiledOnline(law, rate)


def compile_ahead(method: str, computer: Computer, process: NoisingProcess, loss: StepLoss) -> None:
    """Compile the kernels by which a method follows trajectories, or load them, before they are needed."""
    refused = method == "online" and loss.derived.formula.loss.has(loss.derived.formula.gradient)
    law = None if method == "exact" or refused else compiled_law(computer, process, loss)
    if law is None:
        return
    from thermozoo.training.sampled.compiled_learner import CompiledDescent, CompiledOnline

    still = np.zeros((2, computer.n), dtype=process.dynamics.dtype)
    learner = CompiledOnline(law, 0.0) if method == "online" else CompiledDescent(law, 0.0)
    learner.learn(still)
    learner.value(still)
