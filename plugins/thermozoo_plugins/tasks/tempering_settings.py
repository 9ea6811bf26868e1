"""Settings of parallel tempering, which all tasks that have it call alike, and what is refused of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import attrs

from thermozoo.errors import ParameterError

__all__ = ["TEMPERING", "check_ladder", "method_of", "temperatures"]

#: The method, beside the one that a task is named after.
TEMPERING = "tempering"

#: The most rungs of a ladder.
_RUNGS = 1000


def method_of(own: str) -> Callable[[Any], str]:
    """Return a converter of a task's method: its own, or tempering."""

    def convert(value: Any) -> str:
        if value not in (own, TEMPERING):
            raise ParameterError(f"method must be {own!r} or {TEMPERING!r}, got {value!r}")
        return str(value)

    return convert


def temperatures(value: Any) -> tuple[float, ...]:
    """Return those of the rungs of a ladder, or none."""
    if value == () or value == []:
        return ()
    found = value if isinstance(value, list | tuple) else [value]
    numbers = all(isinstance(kT, int | float) and not isinstance(kT, bool) and 0 < kT < math.inf for kT in found)
    if not numbers or len(found) == 1 or len(found) > _RUNGS or any(b <= a for a, b in itertools.pairwise(found)):
        raise ParameterError(
            f"temperatures must be 2 to {_RUNGS:,} of rungs, above 0, the coldest first, each above the last, got "
            f"{value!r}"
        )
    return tuple(map(float, found))


def check_ladder(task: Any, config: Any, faults: Any, steps: str) -> None:
    """Add a fault for each setting of rungs that is missing, does not fit the steps, or that nothing uses.

    Parameters
    ----------
    task : Task
        Has ``method``, ``temperatures`` and ``exchange_every``.
    config, faults
        As of `thermozoo.Task.check`.
    steps : str
        What steps are called, and of what they are: "sweeps of a read".
    """
    if task.method != TEMPERING:
        fields = attrs.fields_dict(type(task))
        for name in ("temperatures", "exchange_every"):
            if getattr(task, name) != fields[name].default:
                faults.add(
                    f"task.{name}", f'nothing uses {name} but method = "{TEMPERING}"; leave it out', also=["task"]
                )
        return
    if not task.temperatures:
        faults.add("task.temperatures", "tempering needs those of its rungs, such as [0.3, 0.5, 0.8, 1.2, 2.0]")
    if not faults.found_in("dynamics") and task.exchange_every > config.dynamics.steps:
        faults.add(
            "task.exchange_every",
            f"expected at most the {config.dynamics.steps:,} {steps} (duration / dt), got {task.exchange_every:,}",
            also=["dynamics.dt", "dynamics.duration"],
        )
