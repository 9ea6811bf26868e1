"""Abstract interfaces of the plugin kinds. They hold no fields and no numerics."""

from __future__ import annotations

from thermozoo.interfaces.connectivity import Connectivity, UnitLayout
from thermozoo.interfaces.dataset import Dataset
from thermozoo.interfaces.integrator import Integrator, StepSymbols
from thermozoo.interfaces.objective import LossSymbols, Objective
from thermozoo.interfaces.plugin import Plugin
from thermozoo.interfaces.potential import Potential
from thermozoo.interfaces.protocol import Protocol

#: The interface of each kind, in the order in which kinds are listed everywhere.
INTERFACES: dict[str, type[Plugin]] = {
    cls.kind: cls for cls in (Potential, Integrator, Objective, Connectivity, Protocol, Dataset)
}

__all__ = [
    "INTERFACES",
    "Connectivity",
    "Dataset",
    "Integrator",
    "LossSymbols",
    "Objective",
    "Plugin",
    "Potential",
    "Protocol",
    "StepSymbols",
    "UnitLayout",
]
