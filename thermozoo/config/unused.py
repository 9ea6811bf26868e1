"""Keys that are given and that nothing in the run uses: whoever gave one expects something of it.

A key with its default is no fault, unless ``--set`` gave it: a resolved config writes every key out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermozoo.config.faults import Faults
from thermozoo.config.schema import TABLES, settings_of
from thermozoo.errors import shown

__all__ = ["check_unused"]


def check_unused(
    tables: Mapping[str, Any],
    values: Mapping[str, Any],
    sizes: Mapping[str, int],
    clamped: tuple[str, ...],
    faults: Faults,
) -> None:
    """Add a fault for every key that was given and is not used.

    Parameters
    ----------
    tables : mapping
        The config as it was given.
    values : mapping
        Values of the tables, by name.
    sizes : mapping
        Units of each group.
    clamped : tuple of str
        Clamped groups.
    faults : Faults
        Receives them.
    """

    def unused(table: str, key: str, reason: str, *because: str) -> None:
        path = f"{table}.{key}"
        given = tables.get(table)
        if not isinstance(given, Mapping) or key not in given or faults.found_in(path):
            return
        if faults.given(path) or getattr(values[table], key) != settings_of(TABLES[table].settings)[key].default:
            faults.add(path, f"nothing uses {path}: {reason}; leave it out", also=because)

    training = values["training"]
    if not faults.found_in("training.method", "training.compare"):
        methods = dict.fromkeys((training.method, *training.compare))
        for key, declared in settings_of(TABLES["training"].settings).items():
            if declared.methods and not set(declared.methods) & set(methods):
                users = f"method{'s' * (len(declared.methods) > 1)} {', '.join(declared.methods)}"
                reason = f"it is for {users}, got {', '.join(methods)}"
                unused("training", key, reason, "training.method", "training.compare")
    if not faults.found_in("noising.hidden") and values["noising"].hidden != "projection":
        unused("noising", "projection_seed", f'hidden = "{values["noising"].hidden}" projects nothing')
    elif sizes and len([g for g in sizes if g not in clamped]) < 2:
        unused("noising", "projection_seed", "every unit that moves shows the image", "computer.units")
    hardware = values["hardware"]
    if hardware is not None and None not in (hardware.time_unit, hardware.temperature):
        unused("hardware", "preset", "time_unit and temperature stand in place of both its values", "hardware")
    _check_common_potential(tables, sizes, faults)


def _check_common_potential(tables: Mapping[str, Any], sizes: Mapping[str, int], faults: Faults) -> None:
    """Add a fault for each key of the common potential where every group has one of its own."""
    computer = tables.get("computer")
    raw = computer.get("potential") if isinstance(computer, Mapping) else None
    if not isinstance(raw, Mapping) or not sizes or faults.found_in("computer.potential", "computer.units"):
        return
    if all(isinstance(raw.get(group), Mapping) and "plugin" in raw[group] for group in sizes):
        for key in raw:
            if key not in sizes:
                path = f"computer.potential.{key}"
                faults.add(
                    path,
                    f"nothing uses {shown(path)}: every group has a potential of its own; leave it out",
                    also=["computer.potential"],
                )
