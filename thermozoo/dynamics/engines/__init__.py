"""Engines: what advances a batch of trajectories by a number of steps."""

from __future__ import annotations

from thermozoo.arguments import told
from thermozoo.dynamics.engines.availability import why_not_compiled
from thermozoo.dynamics.engines.base import PRECISIONS, Drive, Dynamics, Engine, Stepper
from thermozoo.dynamics.engines.batch import Batch, BatchState
from thermozoo.dynamics.threads import available_threads
from thermozoo.errors import EngineError, UnknownNameError, nearest

__all__ = [
    "ENGINES",
    "PRECISIONS",
    "Batch",
    "BatchState",
    "Drive",
    "Dynamics",
    "Engine",
    "Stepper",
    "engine_for",
    "engine_named",
    "reference_seconds",
    "why_not",
]

#: Names of the engines.
ENGINES = ("compiled", "reference")

#: Seconds of the reference engine, about: of a step of a batch, and of a unit of a trajectory in it.
_STEP, _UNIT_STEP = 200e-6, 40e-9

#: Seconds from which on compiling pays. It takes about three, but only once: kernels stay on disk.
_COMPILING = 2.0

#: Seconds below which it does not pay to import numba and look for kernels.
_LOOKING = 0.5


def why_not(name: str, dynamics: Dynamics | None = None) -> str | None:
    """Return None where an engine can be used here, else the reason and what to do.

    Parameters
    ----------
    name : str
        Name of an engine.
    dynamics : Dynamics, optional
        The law of motion that it is to be used for.

    Raises
    ------
    UnknownNameError
        When no engine has the name.
    """
    if name not in ENGINES:
        hint = nearest(str(name), (*ENGINES, "auto"))
        raise UnknownNameError(f"no engine is called {told(name)}{hint}; engines: {', '.join(ENGINES)}")
    if name != "compiled":
        return None
    reason = why_not_compiled()
    if reason is None and dynamics is not None:
        from thermozoo.dynamics.engines.term_forces import without_kernels

        return without_kernels(dynamics)
    return reason


def engine_named(name: str) -> Engine:
    """Return an engine by name.

    Raises
    ------
    UnknownNameError
        When no engine has the name.
    EngineError
        When the engine cannot be used here.
    ParameterError
        When ``THERMOZOO_THREADS`` is no number of threads.
    """
    reason = why_not(name)
    if reason is not None:
        raise EngineError(reason)
    available_threads()  # a setting that is wrong is said before any work is done, whatever the engine
    if name == "compiled":
        from thermozoo.dynamics.engines.compiled import CompiledEngine

        return CompiledEngine()
    from thermozoo.dynamics.engines.reference import ReferenceEngine

    return ReferenceEngine()


def reference_seconds(units: int, trajectories: int, steps: int) -> float:
    """Return about how many seconds the reference engine needs for a batch of trajectories, none for none."""
    if trajectories == 0:
        return 0.0
    return steps * (_STEP + trajectories * units * _UNIT_STEP)


def engine_for(name: str, dynamics: Dynamics, trajectories: int, steps: int) -> Engine:
    """Return an engine by name, or the one that suits an amount of work.

    Parameters
    ----------
    name : str
        Name of an engine, or ``"auto"``: ``compiled`` where it is available and the work is long enough to compile for,
        or its kernels lie in the cache and the work is long enough to look for them; else ``reference``.
    dynamics : Dynamics
        The law of motion.
    trajectories, steps : int
        How much work there is.
    """
    if name != "auto":
        return engine_named(name)
    seconds = reference_seconds(dynamics.computer.n, trajectories, steps)
    if seconds < _LOOKING or why_not("compiled", dynamics) is not None:
        return engine_named("reference")
    if seconds < _COMPILING:
        from thermozoo.dynamics.engines.compiled import CompiledEngine

        if not CompiledEngine().prepare(dynamics).compiled_before(trajectories, steps):
            return engine_named("reference")
    return engine_named("compiled")
