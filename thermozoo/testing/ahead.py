"""Compiling what checks of dynamics will run, while others are checked."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from thermozoo.dynamics.engines import Dynamics, engine_named, why_not
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.threads import available_threads
from thermozoo.interfaces import Integrator, Potential
from thermozoo.testing.probes import UNITS, ProbeQuartic, ProbeStep, record, uncoupled

__all__ = ["compile_ahead"]

#: Trajectories of a batch, and one by itself: each takes a kernel of its own.
_ROWS = (2 * UNITS, 1)


def compile_ahead(plugin: Any) -> None:
    """Have the kernels of a potential or an integrator compiled by other processes, where there are processors for it.

    What is wrong with a plugin is said by its checks.
    """
    if why_not("compiled") is not None or available_threads() < 2:
        return
    from thermozoo.dynamics.engines.elsewhere import compile_elsewhere

    if not isinstance(plugin, Potential | Integrator):
        return
    potential = plugin if isinstance(plugin, Potential) else ProbeQuartic()
    step = plugin if isinstance(plugin, Integrator) else ProbeStep()
    for rows in _ROWS:
        with contextlib.suppress(Exception):
            dynamics = Dynamics(uncoupled(potential, kT=1.0), step, dt=1e-3)
            engine, x = engine_named("compiled"), np.zeros((rows, UNITS))
            compile_elsewhere(lambda d=dynamics, e=engine, x=x: record(e, d, x, 1, NoiseKey(0)))  # type: ignore[misc]
