"""What the heat of a run says of its program."""

from __future__ import annotations

from thermozoo.runs.generation import Generated
from thermozoo.runs.machine import Machine
from thermozoo.thermodynamics.heat_warnings import heat_warnings

__all__ = ["run_warnings"]


def run_warnings(machine: Machine, generated: Generated) -> tuple[str, ...]:
    """Return what the heat of a run says of its program; see `heat_warnings`."""
    kT = machine.computer.temperature
    by_window = generated.window_heat / kT if len(generated.window_heat) > 1 else None
    return heat_warnings(generated.ledger.total / kT, by_window)
