"""Stochastic gradient descent with one update a step (Wang and Deng, arXiv:2609.15439).

    theta_(k+1) = theta_k - alpha dl_k(theta_k)/dtheta

An update of all couplings moves every number of J twice for a handful of operations each, so it is limited by memory.
Updates are therefore held back for a stretch of steps: J_k x = J_0 x - alpha sum_(m<k) [r_m (x_m . x) + x_m (r_m .
x)], block by block, which needs only scalar products within the stretch, and is the same sequence of updates up to
rounding. Terms that are no such blocks sum up their updates, strength by strength.
"""

from __future__ import annotations

from thermozoo.computer.computer import Computer
from thermozoo.errors import FormulaError
from thermozoo.training.loss import StepLoss
from thermozoo.training.noising_process import NoisingProcess
from thermozoo.training.result import Training
from thermozoo.training.sampled.descent import Progress, Schedule, descend
from thermozoo.training.sampled.learner import Stored

__all__ = ["train_online"]


def train_online(
    computer: Computer,
    process: NoisingProcess,
    loss: StepLoss,
    schedule: Schedule,
    *,
    seed: int,
    stored: Stored | None = None,
    progress: Progress | None = None,
) -> Training:
    """Descend with one update a step; see `thermozoo.training.sampled.descent.train_by_descent` for the parameters.

    Raises
    ------
    FormulaError
        When the objective uses the gradient at the state before the step, which this method does not track.
    TrainingError
        When the loss does not stay finite.
    """
    if loss.derived.formula.loss.has(loss.derived.formula.gradient):
        raise FormulaError(
            f"method 'online' needs an objective that uses gradient_next only; {type(loss.objective).__name__} "
            f"uses gradient too: take method = 'descent'"
        )
    return descend("online", computer, process, loss, schedule, seed=seed, stored=stored, progress=progress)
