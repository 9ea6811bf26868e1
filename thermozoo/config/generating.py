"""How generation is followed: by the law of motion of [dynamics], or in other steps of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from thermozoo.config.faults import Faults, describe
from thermozoo.config.plugins import build_plugin
from thermozoo.dynamics.units import why_not_updated
from thermozoo.interfaces import Integrator
from thermozoo.registry.catalogue import Catalogue

if TYPE_CHECKING:
    from thermozoo.config.schema import Config

__all__ = ["INTEGRATOR", "check_generating", "integrator_of"]

#: The key of [generation] that names an integrator.
INTEGRATOR = "integrator"

_HOME = f"generation.{INTEGRATOR}"


def integrator_of(raw: Any, catalogue: Catalogue, faults: Faults) -> Integrator | None:
    """Return the integrator that [generation] names, or builds by a table with ``plugin`` and settings; else None."""
    if raw is None:
        return None
    table = {"plugin": raw} if isinstance(raw, str) else raw
    if not isinstance(table, Mapping) or "plugin" not in table:
        faults.add(_HOME, f"expected the name of an integrator, or a table that names one, got {describe(raw)}")
        return None
    options = {key: value for key, value in table.items() if key != "plugin"}
    named = _HOME if isinstance(raw, str) else f"{_HOME}.plugin"
    built = build_plugin(Integrator, table["plugin"], options, named, _HOME, catalogue, faults, beside=("plugin",))
    return built if isinstance(built, Integrator) else None


def check_generating(config: Config, faults: Faults) -> None:
    """Add a fault for steps of generation that the units cannot take, or of which there are too few."""
    steps, windows = config.generation_steps, config.training.windows
    if config.generation.dt is not None and not faults.found_in(
        "generation.dt", "dynamics.dt", "dynamics.duration", "training.windows"
    ):
        also = ["dynamics.duration"]
        if steps < 1:
            faults.add(
                "generation.dt",
                f"expected at least one time step in the duration of {config.duration:g}, got {config.generation.dt:g}",
                also=also,
            )
        elif windows > steps:
            faults.add(
                "generation.dt",
                f"expected at least one time step for each of {windows} time windows, got {steps} in all "
                "(dynamics.duration / generation.dt)",
                also=[*also, "training.windows"],
            )
    generator = config.generator
    if generator is None:
        return
    if type(generator).variables:
        faults.add(
            _HOME,
            f"generation begins with units in equilibrium, of whose states alone is known what they are; units of "
            f"{generator.name!r} have the variables {', '.join(type(generator).variables)} beside them: take an "
            "integrator without any, and simulate the trained computer with this one",
        )
        return
    for group, potential in config.potentials.items():
        reason = None if group in config.clamped else why_not_updated(group, potential, generator)
        if reason is not None:
            faults.add(_HOME, reason, also=["computer.potential"])
            return
