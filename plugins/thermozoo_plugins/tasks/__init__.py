"""First-party tasks."""

from __future__ import annotations

from thermozoo import Task, hookimpl
from thermozoo_plugins.tasks.classify import Classify
from thermozoo_plugins.tasks.erasure import Erasure
from thermozoo_plugins.tasks.generate import Generate
from thermozoo_plugins.tasks.inverse import Inverse
from thermozoo_plugins.tasks.linear_system import LinearSystem
from thermozoo_plugins.tasks.logic_gate import LogicGate
from thermozoo_plugins.tasks.sample import Sample

__all__ = ["Classify", "Erasure", "Generate", "Inverse", "LinearSystem", "LogicGate", "Sample"]


@hookimpl
def thermozoo_tasks() -> list[type[Task]]:
    """Return the first-party tasks."""
    return [Generate, Sample, LinearSystem, Inverse, Erasure, LogicGate, Classify]
