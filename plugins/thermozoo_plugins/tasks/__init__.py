"""First-party tasks."""

from __future__ import annotations

from thermozoo import Task, hookimpl
from thermozoo_plugins.tasks.erasure import Erasure
from thermozoo_plugins.tasks.generate import Generate
from thermozoo_plugins.tasks.sample import Sample

__all__ = ["Erasure", "Generate", "Sample"]


@hookimpl
def thermozoo_tasks() -> list[type[Task]]:
    """Return the first-party tasks."""
    return [Generate, Sample, Erasure]
