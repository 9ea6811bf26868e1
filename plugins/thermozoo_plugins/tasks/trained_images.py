"""What tasks share that train a computer on images and let it generate before they do more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

import thermozoo as tz  # names that load libraries are taken from it when they are needed
from thermozoo import Phase

__all__ = ["IMPERFECT", "TABLES", "check_one_program", "generating_phases", "two_digits"]

#: The tables that they read.
TABLES = ("computer", "dynamics", "data", "encoding", "noising", "training", "generation")

#: How imperfections act on training and generation of any of them.
IMPERFECT = ("realise", "stored", "driven", "read")

#: The phases of a run that generates which they have as well.
_SHARED = ("assembly", "preparation", "training", "generation")


def check_one_program(config: Any, faults: Any) -> None:
    """Add what generation is checked for, and a fault for more than one method or program."""
    tz.check_generation(config, faults)
    if config.training.compare:
        faults.add("training.compare", "methods are compared by the task 'generate'; leave it out", also=["task"])
    if config.training.by_class:
        faults.add("training.by_class", "expected one program for all images; leave it out", also=["task"])


def generating_phases(config: Any) -> Sequence[Phase]:
    """Return the phases up to generation; each is done once, by the method of the config."""
    return [attrs.evolve(one, repeated=False) for one in tz.generation_phases(config) if one.name in _SHARED]


def two_digits() -> Mapping[str, Any]:
    """Return a config that takes seconds: two digits and few units."""
    return {
        "computer": {
            "temperature": 0.1,
            "units": {"visible": 784, "hidden": 4},
            "connectivity": {"plugin": "bipartite"},
        },
        "dynamics": {"dt": 0.01, "duration": 0.2, "engine": "reference"},
        "data": {"plugin": "digits", "classes": [0, 1]},
        "generation": {"samples": 4},
    }
