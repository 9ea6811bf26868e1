"""Engines: what advances a batch of trajectories by a number of steps."""

from __future__ import annotations

from thermozoo.dynamics.engines.base import PRECISIONS, Drive, Dynamics, Engine, Stepper
from thermozoo.errors import UnknownNameError, nearest

__all__ = ["ENGINES", "PRECISIONS", "Drive", "Dynamics", "Engine", "Stepper", "engine_for", "engine_named"]

#: Names of the engines.
ENGINES = ("reference",)


def engine_named(name: str) -> Engine:
    """Return an engine by name."""
    if name == "reference":
        from thermozoo.dynamics.engines.reference import ReferenceEngine

        return ReferenceEngine()
    raise UnknownNameError(f"no engine is called {name!r}{nearest(name, ENGINES)}; engines: {', '.join(ENGINES)}")


def engine_for(name: str, unit_steps: float) -> Engine:
    """Return the engine of a config: a named one, or for ``"auto"`` the quickest for a run of that many unit-steps."""
    return engine_named("reference" if name == "auto" else name)
