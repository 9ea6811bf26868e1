"""Engines: what advances a batch of trajectories by a number of steps."""

from __future__ import annotations

from thermozoo.dynamics.engines.base import PRECISIONS, Drive, Dynamics, Engine, Stepper
from thermozoo.errors import UnknownNameError, nearest

__all__ = ["ENGINES", "PRECISIONS", "Drive", "Dynamics", "Engine", "Stepper", "engine_for", "engine_named"]

#: Names of the engines.
ENGINES = ("compiled", "reference")

#: Seconds that the reference engine needs for a unit in a step, about, and seconds to compile the kernels of a run.
_REFERENCE_UNIT_STEP = 60e-9
_COMPILING = 6.0


def engine_named(name: str) -> Engine:
    """Return an engine by name."""
    if name == "reference":
        from thermozoo.dynamics.engines.reference import ReferenceEngine

        return ReferenceEngine()
    if name == "compiled":
        from thermozoo.dynamics.engines.compiled import CompiledEngine

        return CompiledEngine()
    raise UnknownNameError(f"no engine is called {name!r}{nearest(name, ENGINES)}; engines: {', '.join(ENGINES)}")


def engine_for(name: str, unit_steps: float, dynamics: Dynamics | None = None) -> Engine:
    """Return the engine of a config.

    Parameters
    ----------
    name : str
        Name of an engine, or ``"auto"``: ``compiled``, or ``reference`` where the whole run is shorter than
        compiling would be and nothing is compiled yet.
    unit_steps : float
        Steps times units of the run.
    dynamics : Dynamics, optional
        The law of motion, to look for its kernels in the cache.
    """
    if name != "auto":
        return engine_named(name)
    if unit_steps * _REFERENCE_UNIT_STEP >= _COMPILING:
        return engine_named("compiled")
    if dynamics is not None:
        from thermozoo.dynamics.engines.compiled import CompiledEngine

        engine = CompiledEngine()
        if engine.prepare(dynamics).compiled_before():
            return engine
    return engine_named("reference")
