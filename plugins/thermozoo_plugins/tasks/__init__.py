"""First-party tasks."""

from __future__ import annotations

from thermozoo import Task, hookimpl
from thermozoo_plugins.tasks.anneal import Anneal
from thermozoo_plugins.tasks.boltzmann import Boltzmann
from thermozoo_plugins.tasks.classify import Classify
from thermozoo_plugins.tasks.denoiser import Denoiser
from thermozoo_plugins.tasks.erasure import Erasure
from thermozoo_plugins.tasks.generate import Generate
from thermozoo_plugins.tasks.inverse import Inverse
from thermozoo_plugins.tasks.linear_system import LinearSystem
from thermozoo_plugins.tasks.log_determinant import LogDeterminant
from thermozoo_plugins.tasks.logic_gate import LogicGate
from thermozoo_plugins.tasks.lyapunov import Lyapunov
from thermozoo_plugins.tasks.oscillators import Oscillators
from thermozoo_plugins.tasks.regress import Regress
from thermozoo_plugins.tasks.sample import Sample
from thermozoo_plugins.tasks.stochastic_attention import StochasticAttention

__all__ = [
    "Anneal",
    "Boltzmann",
    "Classify",
    "Denoiser",
    "Erasure",
    "Generate",
    "Inverse",
    "LinearSystem",
    "LogDeterminant",
    "LogicGate",
    "Lyapunov",
    "Oscillators",
    "Regress",
    "Sample",
    "StochasticAttention",
]


@hookimpl
def thermozoo_tasks() -> list[type[Task]]:
    """Return the first-party tasks."""
    return [
        Generate,
        Sample,
        LinearSystem,
        Inverse,
        LogDeterminant,
        Lyapunov,
        Anneal,
        Erasure,
        LogicGate,
        StochasticAttention,
        Classify,
        Regress,
        Boltzmann,
        Denoiser,
        Oscillators,
    ]
