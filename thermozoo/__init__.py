"""thermozoo: a plugin-based zoo of physics models for thermodynamic computing.

Write the formula once: a plugin is one formula; force, training gradient, compiled kernel, documentation and tests are
derived from it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what typing calls so; to import typing would take longer than the rest
if TYPE_CHECKING:
    from typing import Any

    from thermozoo.computer.computer import Computer, assemble
    from thermozoo.computer.files import load_computer, save_computer
    from thermozoo.dynamics.engines.base import Drive, Dynamics
    from thermozoo.dynamics.noise import NoiseKey
    from thermozoo.dynamics.simulate import Simulation, simulate
    from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
    from thermozoo.errors import ThermozooError
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
    "Drive": "thermozoo.dynamics.engines.base",
    "Dynamics": "thermozoo.dynamics.engines.base",
    "EnergyTerms": "thermozoo.dynamics.trajectories",
    "Integrator": "thermozoo.interfaces",
    "KeptStates": "thermozoo.dynamics.trajectories",
    "NoiseKey": "thermozoo.dynamics.noise",
    "Objective": "thermozoo.interfaces",
    "Potential": "thermozoo.interfaces",
    "Protocol": "thermozoo.interfaces",
    "Simulation": "thermozoo.dynamics.simulate",
    "ThermozooError": "thermozoo.errors",
    "assemble": "thermozoo.computer.computer",
    "catalogue": "thermozoo.registry.catalogue",
    "hookimpl": "thermozoo.registry.hookspecs",
    "load_computer": "thermozoo.computer.files",
    "option": "thermozoo.parameters",
    "parameter": "thermozoo.parameters",
    "save_computer": "thermozoo.computer.files",
    "simulate": "thermozoo.dynamics.simulate",
}

__all__ = [
    "Catalogue",
    "Computer",
    "Connectivity",
    "Dataset",
    "Drive",
    "Dynamics",
    "EnergyTerms",
    "Integrator",
    "KeptStates",
    "NoiseKey",
    "Objective",
    "Potential",
    "Protocol",
    "Simulation",
    "ThermozooError",
    "assemble",
    "catalogue",
    "hookimpl",
    "load_computer",
    "option",
    "parameter",
    "save_computer",
    "simulate",
]


def __dir__() -> list[str]:
    """Return the public names, for the completion of a shell or a notebook."""
    return sorted([*__all__, "__version__", "__doc__", "__file__", "__name__", "__path__"])


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    near = ""
    if not name.startswith("_"):  # what a tool looks for is none of a user's mistakes
        from thermozoo.errors import nearest

        near = nearest(name, __all__)
    raise AttributeError(f"module 'thermozoo' has no attribute {name!r}{near}")
