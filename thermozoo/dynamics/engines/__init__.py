"""Engines: what advances a batch of trajectories by a number of steps."""

from __future__ import annotations

from thermozoo.arguments import told
from thermozoo.dynamics.core_engines import CORE_ENGINES
from thermozoo.dynamics.engines.base import PRECISIONS, Drive, Dynamics, Engine, Stepper
from thermozoo.dynamics.engines.batch import Batch, BatchState
from thermozoo.dynamics.threads import available_threads
from thermozoo.errors import EngineError, UnknownNameError, nearest
from thermozoo.interfaces import Engine as EnginePlugin

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
    "engine_names",
    "reference_seconds",
    "usable",
    "why_not",
    "why_not_this",
]

#: Names of the engines that come with thermozoo.
ENGINES = tuple(CORE_ENGINES)

#: Seconds of the reference engine, about: of a step of a batch, and of a unit of a trajectory in it.
_STEP, _UNIT_STEP = 200e-6, 40e-9

#: Seconds from which on compiling pays. It takes about three, but only once: kernels stay on disk.
_COMPILING = 2.0

#: Seconds below which it does not pay to import numba and look for kernels.
_LOOKING = 0.5

#: Seconds of the reference engine from which on it pays that XLA compiles and tries products, in up to 15 seconds, and
#: multiply-adds of a step that take an accelerator longer than it takes to be told what to do. The noise and the update
#: of a unit count for as many as are done in their time.
_ACCELERATING, _WIDE, _UNIT = 1000.0, 2**23, 30


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines: those that come with thermozoo, then those of installed plugins."""
    from thermozoo.registry.catalogue import catalogue

    return (*ENGINES, *(name for name in catalogue().names(EnginePlugin.kind) if name not in ENGINES))


def _class_of(name: str) -> type[EnginePlugin]:
    """Return the plugin class of an engine."""
    if name in CORE_ENGINES:
        return CORE_ENGINES[name]
    names = engine_names()
    if name not in names:
        hint = nearest(str(name), (*names, "auto"))
        raise UnknownNameError(f"no engine is called {told(name)}{hint}; engines: {', '.join(names)}")
    from thermozoo.registry.catalogue import catalogue

    found: type[EnginePlugin] = catalogue().get(EnginePlugin, name)  # type: ignore[type-abstract]
    return found


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
    return why_not_this(_class_of(name)(), dynamics)


def why_not_this(engine: EnginePlugin, dynamics: Dynamics | None = None) -> str | None:
    """Return None where an engine can be used here, else the reason and what to do; parameters as of `why_not`."""
    reason = engine.available()
    return engine.refuses(dynamics) if reason is None and dynamics is not None else reason


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
    return usable(_class_of(name)())


def usable(engine: EnginePlugin) -> Engine:
    """Return an engine that can be used here.

    Raises
    ------
    EngineError
        When it cannot.
    ParameterError
        When ``THERMOZOO_THREADS`` is no number of threads.
    """
    reason = engine.available()
    if reason is not None:
        raise EngineError(reason)
    available_threads()  # a setting that is wrong is said before any work is done, whatever the engine
    return engine


def reference_seconds(units: int, trajectories: int, steps: int) -> float:
    """Return about how many seconds the reference engine needs for a batch of trajectories, none for none."""
    if trajectories == 0:
        return 0.0
    return steps * (_STEP + trajectories * units * _UNIT_STEP)


def _accelerated(dynamics: Dynamics, trajectories: int, seconds: float) -> bool:
    """Return whether an accelerator does the work, and is there, and is quicker."""
    computer = dynamics.at(0).one_computer
    terms = sum(getattr(one, "patterns", one.vector).size for one in (computer.couplings, *computer.terms.values()))
    wide = trajectories * (2 * terms + _UNIT * computer.n) >= _WIDE
    if seconds < _ACCELERATING or not wide or why_not("jax") is not None:
        return False
    from thermozoo.dynamics.availability import accelerator

    return accelerator() is not None and why_not("jax", dynamics) is None


def engine_for(name: str, dynamics: Dynamics, trajectories: int, steps: int, *, accelerators: bool = True) -> Engine:
    """Return an engine by name, or the one that suits an amount of work.

    Parameters
    ----------
    name : str
        Name of an engine, or ``"auto"``: ``jax`` where there is an accelerator, the batch fills it and the work is long
        enough to compile for; else ``compiled`` where it is available and the work is long enough to compile for,
        or its kernels lie in the cache and the work is long enough to look for them; else ``reference``.
    dynamics : Dynamics
        The law of motion.
    trajectories, steps : int
        How much work there is.
    accelerators : bool
        Whether ``"auto"`` may take an accelerator: not where states are looked at after every step, by code that reads
        those of the compiled engine.
    """
    if name != "auto":
        return engine_named(name)
    seconds = reference_seconds(dynamics.computer.n, trajectories, steps)
    if accelerators and _accelerated(dynamics, trajectories, seconds):
        return engine_named("jax")
    if seconds < _LOOKING or why_not("compiled", dynamics) is not None:
        return engine_named("reference")
    if seconds < _COMPILING:
        stepper = engine_named("compiled").prepare(dynamics)
        if not stepper.compiled_before(trajectories, steps):  # type: ignore[attr-defined]
            return engine_named("reference")
    return engine_named("compiled")
