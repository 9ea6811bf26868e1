"""How long kernels take to be ready, compiled or taken from the cache folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

from thermozoo.clock import since
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.engines.batch import BatchState
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.variables import resting

__all__ = ["compile_seconds", "compile_seconds_cold_and_warm"]


def compile_seconds(dynamics: Dynamics) -> float:
    """Return the seconds until both kernels of a law of motion (many trajectories, one trajectory) are ready.

    Compilation, or loading from the cache folder, in this process; numba's import is part of it when it is the first.
    """
    start = time.perf_counter()
    from thermozoo.dynamics.engines.compiled import CompiledEngine

    line = 64 // np.dtype(dynamics.dtype).itemsize
    for width in (line, 1):
        x = np.zeros((1, dynamics.computer.n), dtype=dynamics.dtype)
        rest = BatchState(x, NoiseKey(1), np.zeros(1, dtype=np.int64), variables=resting(dynamics, 1))
        CompiledEngine(1, width).prepare(dynamics).begin(rest).advance(1)
    return since(start)


_CHILD = """
import json, sys
from thermozoo.computer.computer import assemble
from thermozoo.dynamics.compile_time import compile_seconds
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.engines.batch import BatchState
from thermozoo.interfaces import Connectivity, Integrator, Potential
from thermozoo.registry.catalogue import catalogue
names = json.loads(sys.argv[1])
plugins = catalogue()
computer = assemble(
    {"visible": 70, "hidden": 10}, plugins.get(Potential, names["potential"])(),
    plugins.get(Connectivity, names["connectivity"])(), temperature=0.1,
)
dynamics = Dynamics(computer, plugins.get(Integrator, names["integrator"])(), 1e-3, names["precision"])
print(compile_seconds(dynamics))
"""


def compile_seconds_cold_and_warm(
    potential: str, connectivity: str, integrator: str, precision: str = "single"
) -> tuple[float, float]:
    """Return `compile_seconds` of fresh processes, with an empty cache folder and with the one that it left."""
    names = {
        "potential": potential,
        "connectivity": connectivity,
        "integrator": integrator,
        "precision": precision,
    }
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "THERMOZOO_CACHE": folder}
        command = [sys.executable, "-c", _CHILD, json.dumps(names)]
        found = [
            float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
            for _ in range(2)
        ]
    return found[0], found[1]
