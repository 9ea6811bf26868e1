"""Observers: what is kept of a simulation besides its final states."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count, instance, told
from thermozoo.computer.computer import Computer
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.variables import kinetic_terms
from thermozoo.dynamics.windows import energy_by_term
from thermozoo.errors import ArgumentError, ParameterError

__all__ = ["EnergyTerms", "KeptStates", "Observer", "observed_bytes", "observers_of", "seen_by"]

Array = npt.NDArray[np.floating[Any]]


class Observer(Protocol):
    """Looks at all states at chosen steps of one simulation."""

    def start(self) -> None:
        """Forget an earlier simulation: one is about to start."""

    def observe(self, step: int, x: Array, /) -> None:
        """Look at the states x, shape (B, n), before step `step`.

        An observer whose method has an argument called ``variables`` is given the auxiliary variables as well, where
        the integrator has some: a dict of arrays of that shape.
        """

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return how many bytes it will keep."""


class KeptStates:
    """Keeps the states of the first trajectories of a simulation; another simulation starts it anew.

    Parameters
    ----------
    trajectories : int or None
        How many (None: all).
    """

    def __init__(self, trajectories: int | None = None) -> None:
        self.trajectories = None if trajectories is None else count("trajectories", trajectories, at_least=1)
        self.start()

    def start(self) -> None:
        """Forget what was kept of an earlier simulation."""
        self.steps: list[int] = []
        self._states: list[Array] = []
        self._variables: list[dict[str, Array]] = []

    def observe(self, step: int, x: Array, variables: Mapping[str, Array] = MappingProxyType({})) -> None:
        """Keep a copy."""
        self.steps.append(step)
        self._states.append(x[: self.trajectories].copy())
        self._variables.append({name: one[: self.trajectories].copy() for name, one in variables.items()})

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return how many bytes the copies take."""
        kept = trajectories if self.trajectories is None else min(trajectories, self.trajectories)
        return observations * kept * n * itemsize

    @property
    def states(self) -> Array:
        """Kept states, shape (observations, trajectories, n)."""
        _check_observed(self)
        return np.stack(self._states)

    @property
    def variables(self) -> dict[str, Array]:
        """Kept auxiliary variables, each of shape (observations, trajectories, n)."""
        _check_observed(self)
        return {name: np.stack([one[name] for one in self._variables]) for name in self._variables[0]}


class EnergyTerms:
    """Keeps the energy by term of every trajectory, in double precision; another simulation starts it anew.

    Parameters
    ----------
    computer : Computer or Dynamics
        Whose energy. Of a program it is the dynamics, which know when the windows switch: at a switch, the energy is
        that of the window that begins. So it is where units have auxiliary variables: their kinetic energy is the
        integrator's.
    """

    def __init__(self, computer: Computer | Dynamics) -> None:
        self.computer: Computer | Dynamics = computer
        if not isinstance(computer, Dynamics):
            instance("computer", computer, Computer, "of a program, give the Dynamics that it acts in")
        self.start()

    def start(self) -> None:
        """Forget what was kept of an earlier simulation."""
        self.steps: list[int] = []
        self._terms: list[dict[str, Array]] = []

    def observe(self, step: int, x: Array, variables: Mapping[str, Array] = MappingProxyType({})) -> None:
        """Evaluate and keep the terms."""
        if isinstance(self.computer, Computer):
            if variables:
                raise ParameterError(
                    f"units have the variables {', '.join(variables)}, whose kinetic energy a computer does not know: "
                    "give EnergyTerms(dynamics)"
                )
            self._terms.append(energy_by_term(self.computer, x))
        else:
            law = self.computer.at(step)
            self._terms.append({**energy_by_term(law.one_computer, x), **kinetic_terms(law, variables)})
        self.steps.append(step)

    def bytes_needed(self, observations: int, trajectories: int, n: int, itemsize: int) -> int:
        """Return how many bytes the terms take."""
        return observations * trajectories * 3 * 8

    @property
    def terms(self) -> dict[str, Array]:
        """Energy by term, each of shape (observations, trajectories) [energy]."""
        _check_observed(self)
        return {name: np.stack([t[name] for t in self._terms]) for name in self._terms[0]}


def _check_observed(observer: KeptStates | EnergyTerms) -> None:
    if not observer.steps:
        raise ParameterError(
            f"this {type(observer).__name__} has observed nothing yet: pass it to simulate(..., observers=[...])"
        )


def seen_by(observer: Observer, variables: Mapping[str, Array]) -> dict[str, Any]:
    """Return what an observer is given beside states: the auxiliary variables, if there are any and it takes them."""
    takes = variables and "variables" in inspect.signature(observer.observe).parameters
    return {"variables": variables} if takes else {}


def observed_bytes(observer: Observer, observations: int, x: Array, variables: Mapping[str, Array]) -> int:
    """Return how many bytes an observer will keep of states x, shape (B, n), and of what it takes beside them."""
    arrays = 1 + len(seen_by(observer, variables).get("variables", ()))
    return observer.bytes_needed(observations, len(x), x.shape[1] * arrays, x.itemsize)


#: What an observer needs.
_METHODS = ("start", "observe", "bytes_needed")


def observers_of(value: Any) -> tuple[Observer, ...]:
    """Return observers as a tuple; a single one need not stand in a list.

    Raises
    ------
    ArgumentError
        When something is no observer.
    ParameterError
        When one of them stands there twice: it would see every state twice.
    """
    try:
        found = (value,) if hasattr(value, "observe") else tuple(value)
    except TypeError:
        found = (value,)
    for one in found:
        missing = [name for name in _METHODS if not callable(getattr(one, name, None))]
        if missing or isinstance(one, type):
            remedy = "give an instance" if isinstance(one, type) else f"it has no method {', '.join(missing)}"
            raise ArgumentError(f"observers must be observers, such as KeptStates(), got {told(one)}: {remedy}")
    if len({id(one) for one in found}) < len(found):
        raise ParameterError("observers holds one observer twice: give each its own, such as two KeptStates()")
    return found
