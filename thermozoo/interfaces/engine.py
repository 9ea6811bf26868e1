"""The interface of an engine: what advances a batch of states by a number of steps."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

from thermozoo.interfaces.plugin import Plugin

__all__ = ["Engine"]


class Engine(
    Plugin,
    kind="engine",
    formula="prepare",
    equation=False,
    checks=("engine", "engine_heat"),
    claims={"same_bits": "a trajectory's bits do not depend on the batch that it is in"},
):
    """What advances a batch of states by a number of steps, and does nothing else.

    The author writes `prepare`. What it returns has a method ``begin(start, drive=None, *, working=True, stretch=250)``
    that returns a batch under way, see `thermozoo.dynamics.engines.batch.Batch`. Noise is that of
    `thermozoo.dynamics.noise`, and states are those of the engine ``reference`` up to rounding.

    Attributes
    ----------
    same_bits : bool
        Claim: a trajectory's bits do not depend on the trajectories beside it. They never depend on how a run is split.
    """

    __slots__ = ()

    same_bits: ClassVar[bool] = True

    @abc.abstractmethod
    def prepare(self, dynamics: Any) -> Any:
        """Return a law of motion that can begin batches.

        Parameters
        ----------
        dynamics : Dynamics
            The law; `Dynamics.one_computer` is its computer.

        Raises
        ------
        thermozoo.errors.EngineError
            When the engine cannot be used here, or cannot advance this law.
        """

    def available(self) -> str | None:
        """Return None where it can be used here, else what is missing and what to do, as one sentence; optional."""
        return None

    def refuses(self, dynamics: Any) -> str | None:
        """Return None where it can advance a law of motion, else what it cannot and what to do; optional."""
        return None

    @property
    def details(self) -> dict[str, Any]:
        """What a manifest says of it beside its name; optional."""
        return {}
