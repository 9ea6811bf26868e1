"""The hooks of thermozoo: one for each kind of plugin, each returns classes."""

from __future__ import annotations

import pluggy

from thermozoo.interfaces import (
    Connectivity,
    Dataset,
    Integrator,
    Objective,
    Potential,
    Protocol,
)

__all__ = ["HOOKS", "PROJECT", "hookimpl"]

#: Name of the pluggy project and of the entry-point group.
PROJECT = "thermozoo"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """Hook specifications."""

    @hookspec
    def thermozoo_potentials(self) -> list[type[Potential]]:  # type: ignore[empty-body]
        """Return potential classes."""

    @hookspec
    def thermozoo_integrators(self) -> list[type[Integrator]]:  # type: ignore[empty-body]
        """Return integrator classes."""

    @hookspec
    def thermozoo_objectives(self) -> list[type[Objective]]:  # type: ignore[empty-body]
        """Return objective classes."""

    @hookspec
    def thermozoo_connectivities(self) -> list[type[Connectivity]]:  # type: ignore[empty-body]
        """Return connectivity classes."""

    @hookspec
    def thermozoo_protocols(self) -> list[type[Protocol]]:  # type: ignore[empty-body]
        """Return protocol classes."""

    @hookspec
    def thermozoo_datasets(self) -> list[type[Dataset]]:  # type: ignore[empty-body]
        """Return data set classes."""


#: The kind that each hook registers.
HOOKS: dict[str, str] = {
    "thermozoo_potentials": "potential",
    "thermozoo_integrators": "integrator",
    "thermozoo_objectives": "objective",
    "thermozoo_connectivities": "connectivity",
    "thermozoo_protocols": "protocol",
    "thermozoo_datasets": "dataset",
}
