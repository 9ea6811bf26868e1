"""Keys that are given and that nothing in the run uses: whoever gave one expects something of it.

A key with its default is no fault, unless ``--set`` gave it: a resolved config writes every key out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermozoo.config.faults import Faults
from thermozoo.config.schema import TABLES, Config
from thermozoo.config.settings import settings_of
from thermozoo.errors import shown

__all__ = ["check_unused"]


def check_unused(config: Config, faults: Faults) -> None:
    """Add a fault for every key that was given and is not used."""
    tables, sizes = config.given, config.sizes

    def unused(table: str, key: str, reason: str, *because: str) -> None:
        path = f"{table}.{key}"
        given = tables.get(table)
        if not isinstance(given, Mapping) or key not in given or faults.found_in(path):
            return
        if (
            config.origin.given(path)
            or getattr(config.tables[table], key) != settings_of(TABLES[table].settings)[key].default
        ):
            faults.add(path, f"nothing uses {path}: {reason}; leave it out", also=because)

    training = config.training
    if not faults.found_in("training.method", "training.compare"):
        methods = dict.fromkeys((training.method, *training.compare))
        for key, declared in settings_of(TABLES["training"].settings).items():
            if declared.methods and not set(declared.methods) & set(methods):
                users = f"method{'s' * (len(declared.methods) > 1)} {', '.join(declared.methods)}"
                reason = f"it is for {users}, got {', '.join(methods)}"
                unused("training", key, reason, "training.method", "training.compare")
    if not faults.found_in("noising.hidden") and config.noising.hidden != "projection":
        unused("noising", "projection_seed", f'hidden = "{config.noising.hidden}" projects nothing')
    elif sizes and len([g for g in sizes if g not in config.clamped]) < 2:
        unused("noising", "projection_seed", "every unit that moves shows the image", "computer.units")
    hardware = config.hardware
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
