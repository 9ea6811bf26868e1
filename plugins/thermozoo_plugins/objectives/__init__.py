"""First-party objectives."""

from __future__ import annotations

from thermozoo import Objective, hookimpl
from thermozoo_plugins.objectives.contrastive_divergence import ContrastiveDivergence
from thermozoo_plugins.objectives.forward_likelihood import ForwardLikelihood
from thermozoo_plugins.objectives.reverse_likelihood import ReverseLikelihood

__all__ = ["ContrastiveDivergence", "ForwardLikelihood", "ReverseLikelihood"]


@hookimpl
def thermozoo_objectives() -> list[type[Objective]]:
    """Return the first-party objectives."""
    return [ReverseLikelihood, ForwardLikelihood, ContrastiveDivergence]
