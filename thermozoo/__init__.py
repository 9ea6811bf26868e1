"""thermozoo: a plugin-based zoo of physics models for thermodynamic computing.

Write the formula once: a plugin is one formula; force, training gradient, compiled kernel, documentation and tests are
derived from it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what typing calls so; to import typing would take longer than the rest
if TYPE_CHECKING:
    from typing import Any

    from thermozoo.computer.computer import Computer
    from thermozoo.dynamics.simulate import simulate
    from thermozoo.interfaces import (
        Connectivity,
        Dataset,
        Integrator,
        Objective,
        Potential,
        Protocol,
    )
    from thermozoo.parameters import option, parameter
    from thermozoo.registry.catalogue import Catalogue, catalogue
    from thermozoo.registry.hookspecs import hookimpl

__version__ = "0.1.0"

#: Where each public name lives. It is imported when first used: ``import thermozoo`` itself imports nothing, so that
#: the pytest plugin, which every pytest run in the environment loads, costs nothing.
_HOMES = {
    "Catalogue": "thermozoo.registry.catalogue",
    "Computer": "thermozoo.computer.computer",
    "Connectivity": "thermozoo.interfaces",
    "Dataset": "thermozoo.interfaces",
    "Integrator": "thermozoo.interfaces",
    "Objective": "thermozoo.interfaces",
    "Potential": "thermozoo.interfaces",
    "Protocol": "thermozoo.interfaces",
    "catalogue": "thermozoo.registry.catalogue",
    "hookimpl": "thermozoo.registry.hookspecs",
    "option": "thermozoo.parameters",
    "parameter": "thermozoo.parameters",
    "simulate": "thermozoo.dynamics.simulate",
}

__all__ = [
    "Catalogue",
    "Computer",
    "Connectivity",
    "Dataset",
    "Integrator",
    "Objective",
    "Potential",
    "Protocol",
    "catalogue",
    "hookimpl",
    "option",
    "parameter",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'thermozoo' has no attribute {name!r}")
