"""thermozoo's compiled engine."""

from __future__ import annotations

import numpy as np
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.integrators import EulerMaruyama
from thermozoo_plugins.potentials import Quartic
from work import DT, HIDDEN, J2, J4, KT, MOBILITY, VISIBLE, couplings, report

from thermozoo.computer.computer import assemble
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.engines.base import advance_rows
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.noise import NoiseKey

between, within = couplings()
computer = assemble(
    {"visible": VISIBLE, "hidden": HIDDEN},
    Quartic(J2=J2, J4=J4),
    Bipartite(within=("hidden",)),
    temperature=KT,
    mobility=MOBILITY,
)
parts = {(0, VISIBLE): between.ravel(), (VISIBLE, VISIBLE): within[np.triu_indices(HIDDEN, k=1)]}
vector = np.concatenate([parts[rows.start, columns.start] for rows, columns in computer.couplings.pairs])
stepper = CompiledEngine().prepare(Dynamics(computer.with_parameters(vector), EulerMaruyama(), DT, "single"))


def advance(start: np.ndarray, steps: int) -> np.ndarray:
    x = start.copy()
    numbers = np.arange(len(x), dtype=np.int64)
    advance_rows(stepper, x, key=NoiseKey(1), first_step=0, steps=steps, trajectories=numbers)
    return x


report("thermozoo", advance)
