"""thermozoo: a plugin-based zoo of physics models for thermodynamic computing.

Write the formula once: a plugin is one formula; force, training gradient, compiled kernel, documentation and tests are
derived from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thermozoo.interfaces import (
    Connectivity,
    Dataset,
    Integrator,
    Objective,
    Potential,
    Protocol,
)
from thermozoo.parameters import option, parameter
from thermozoo.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from thermozoo.computer.computer import Computer
    from thermozoo.dynamics.simulate import simulate
    from thermozoo.registry.catalogue import Catalogue, catalogue

__version__ = "0.1.0"

#: Names that are imported when first used, because what they need (sympy, numba, xarray) is slow to import.
_LAZY = {
    "Catalogue": "thermozoo.registry.catalogue",
    "Computer": "thermozoo.computer.computer",
    "catalogue": "thermozoo.registry.catalogue",
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
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'thermozoo' has no attribute {name!r}")
