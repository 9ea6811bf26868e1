"""What the task `anneal` refuses before it runs."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from thermozoo_plugins.tasks.anneal_units import KINDS
from thermozoo_plugins.tasks.tempering_settings import TEMPERING, check_ladder

__all__ = ["check_settings", "check_units"]


def check_settings(task: Any, config: Any, faults: Any) -> None:
    """Add a fault for each setting of the task that nothing uses, or that does not fit the steps."""
    made = [f for f in attrs.fields(type(task)) if f.name in ("side", "problem_seed")]
    for field in made if task.graph else ():
        if getattr(task, field.name) != field.default:
            faults.add(
                f"task.{field.name}",
                "nothing uses it: task.graph brings the problem; leave it out",
                also=["task.graph"],
            )
    if task.problem and not task.graph:
        faults.add("task.problem", "nothing uses it: the spin glass that is made is an Ising problem; leave it out")
    steps = config.dynamics.steps
    if steps and not faults.found_in("dynamics") and task.observe_every > steps:
        faults.add(
            "task.observe_every",
            f"expected at most the {steps:,} sweeps of a read (duration / dt), got {task.observe_every:,}",
            also=["dynamics.dt", "dynamics.duration"],
        )
    _check_method(task, config, faults)


def _check_method(task: Any, config: Any, faults: Any) -> None:
    """Check what belongs to one method alone."""
    check_ladder(task, config, faults, "sweeps of a read")
    if task.method == TEMPERING:
        if config.schedule:
            faults.add(
                "schedule",
                "tempering holds each rung at its temperature: leave [schedule] out, or anneal",
                also=["task"],
            )
        if task.observe_every:
            faults.add("task.observe_every", "nothing uses it: tempering looks before each exchange; leave it out")
        if not faults.found_in("computer") and any(one.name != "spin" for one in config.potentials.values()):
            faults.add("task.method", "tempering is for p-bits, potential 'spin': anneal other units", also=["task"])


def check_units(config: Any, faults: Any) -> None:
    """Add a fault where units are no spins, or the config states what the problem states."""
    if faults.found_in("computer"):
        return
    if len(config.sizes) != 1 or config.clamped:
        faults.add("computer.units", 'expected one group of units that move: write "auto" for it')
        return
    [potential] = config.potentials.values()
    if potential.name not in KINDS:
        faults.add(
            "computer.potential",
            f"expected units that are spins, {', '.join(map(repr, KINDS))}, got {potential.name!r}",
        )
        return
    units, interaction = KINDS[potential.name], config.interaction
    if potential.name == "spin" and np.any(potential.h):
        faults.add("computer.potential.h", "expected 0: the problem states the fields; leave it out")
    if (interaction.name if interaction is not None else "bilinear") != units.interaction:
        given = "none" if interaction is None else repr(interaction.name)
        faults.add("computer.interaction", f"{units.title} are coupled by {units.interaction!r} as spins, got {given}")
    if config.connectivity.name != "dense":
        faults.add("computer.connectivity", "nothing uses it: the problem states the pairs; leave it out")
    if config.terms:
        faults.add("computer.terms", "nothing uses it: the problem is the whole energy; leave them out")
    if any(np.ndim(value) for value in attrs.asdict(potential, recurse=False).values()):
        faults.add("computer.potential", "expected numbers: all units of a problem have one potential")
