"""Abstract interfaces of the plugin kinds. They hold no fields and no numerics."""

from __future__ import annotations

from thermozoo.interfaces.account import Account, Cost, Picture, TextTable
from thermozoo.interfaces.kind import Declaration
from thermozoo.interfaces.phase import Phase, Progress, Share
from thermozoo.interfaces.plugin import INTERFACES, Plugin

# kinds are listed everywhere in the order of these lines
# isort: off
from thermozoo.interfaces.potential import Potential
from thermozoo.interfaces.interaction import Interaction
from thermozoo.interfaces.projection import Projection, ProjectionSymbols
from thermozoo.interfaces.integrator import Integrator, StepSymbols, Variable
from thermozoo.interfaces.objective import ContrastSymbols, LossSymbols, Objective
from thermozoo.interfaces.connectivity import Connectivity, UnitLayout
from thermozoo.interfaces.protocol import Protocol
from thermozoo.interfaces.encoding import Encoding, Images, Labels, Random, Signals
from thermozoo.interfaces.dataset import Dataset
from thermozoo.interfaces.imperfection import Imperfection
from thermozoo.interfaces.task import Task
from thermozoo.interfaces.engine import Engine
# isort: on

__all__ = [
    "INTERFACES",
    "Account",
    "Connectivity",
    "ContrastSymbols",
    "Cost",
    "Dataset",
    "Declaration",
    "Encoding",
    "Engine",
    "Images",
    "Imperfection",
    "Integrator",
    "Interaction",
    "Labels",
    "LossSymbols",
    "Objective",
    "Phase",
    "Picture",
    "Plugin",
    "Potential",
    "Progress",
    "Projection",
    "ProjectionSymbols",
    "Protocol",
    "Random",
    "Share",
    "Signals",
    "StepSymbols",
    "Task",
    "TextTable",
    "UnitLayout",
    "Variable",
]
