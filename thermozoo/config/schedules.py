"""[schedule]: what is driven in generation, and the protocol of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thermozoo.computer.computer import Computer
from thermozoo.computer.stability import check_time_step
from thermozoo.config.faults import Faults, describe, inside
from thermozoo.config.plugins import build_plugin
from thermozoo.dynamics.schedule import Schedule, driven_by
from thermozoo.errors import ParameterError, StabilityError, ThermozooError
from thermozoo.interfaces import Protocol
from thermozoo.registry.catalogue import Catalogue

__all__ = ["check_schedule", "protocols_of"]

_HOME = "schedule"


def protocols_of(raw: Any, catalogue: Catalogue, faults: Faults) -> dict[str, Protocol]:
    """Return the protocol of everything that [schedule] drives, by the name of what it drives."""
    if not isinstance(raw, Mapping):
        faults.add(_HOME, f"expected a table, got {describe(raw)}")
        return {}
    key = Protocol.declared.key
    found = {}
    for name, table in raw.items():
        path = inside(_HOME, name)
        if not isinstance(table, Mapping) or key not in table:
            dotted = f'; write the name of what is driven in quotation marks: "{name}...."' if _is_deeper(table) else ""
            faults.add(path, f"expected a table that names a protocol, got {describe(table)}{dotted}")
            continue
        options = {k: v for k, v in table.items() if k != key}
        plugin = build_plugin(
            Protocol, table[key], options, f"{path}.{key}", path, catalogue, faults, beside=(key,), units=1
        )
        if isinstance(plugin, Protocol):
            found[name] = plugin
    return found


def _is_deeper(table: Any) -> bool:
    """Tell whether a table holds tables alone: the parts of a name that TOML took for tables."""
    return isinstance(table, Mapping) and bool(table) and all(isinstance(v, Mapping) for v in table.values())


def check_schedule(protocols: Mapping[str, Protocol], units: Computer, steps: int, dt: float, faults: Faults) -> None:
    """Add a fault for what cannot be driven, and for values that it cannot have at some time.

    Parameters
    ----------
    protocols : mapping of str to Protocol
        The protocol of everything that is driven.
    units : Computer
        Units of every group with their potentials.
    steps, dt : int, float
        The steps of generation.
    faults : Faults
        Receives the faults.
    """
    before = faults.added
    for name, protocol in protocols.items():
        try:
            driven_by(Schedule({name: protocol}), (units,), steps, dt)
        except ThermozooError as error:
            path = inside(_HOME, name)
            faults.add(path, str(error), also=[path, "computer.potential", "dynamics"])
    if faults.added > before or not protocols:
        return
    try:
        driven = driven_by(Schedule(protocols), (units,), steps, dt)
        for index in driven.extremes():
            check_time_step(driven.at(units, index), dt)
    except (StabilityError, ParameterError) as error:
        faults.add(_HOME, str(error), also=[_HOME, "dynamics.dt", "computer"])
