"""A batch under way: trajectories that one law of motion advances, and the state that it can give away and begin from.

States are laid out for the engine once, when the batch begins, and come back as rows only when somebody asks for them.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, Protocol

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, count, instance
from thermozoo.dynamics.engines.drive import Drive
from thermozoo.dynamics.noise import NoiseKey, check_numbers
from thermozoo.errors import EngineError, ShapeError

__all__ = ["STRETCH", "Batch", "BatchState", "Resting"]

Array = npt.NDArray[np.floating[Any]]
Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

#: Steps that are done at a time, about, where nobody says.
STRETCH = 250

#: How an auxiliary variable is called among arrays.
_VARIABLE = "variable."


def _no_work(state: Any) -> Doubles:
    return np.zeros(len(state.x))


@attrs.frozen(eq=False)
class BatchState:
    """All that a batch is beside its law and its drive: one that begins from it goes on bit for bit.

    Parameters
    ----------
    x : ndarray, shape (B, n)
        States before the next step.
    key : NoiseKey
        Seed and stream.
    trajectories : ndarray of int, shape (B,)
        Numbers of the trajectories.
    step : int
        Number of the next step.
    variables : dict of str to ndarray, shape (B, n)
        Auxiliary variables of an integrator that has some; see `thermozoo.dynamics.variables`.
    work : ndarray of float64, shape (B,), optional
        Work that the drive has done on each trajectory (default: none) [energy].

    Raises
    ------
    ShapeError
        When there is not one value of each for each trajectory, or each trajectory and unit.
    """

    x: Array
    key: NoiseKey = attrs.field()
    trajectories: Indices = attrs.field()
    step: int = checked(count, default=0)
    variables: Mapping[str, Array] = attrs.field(factory=dict)
    work: Doubles = attrs.field(default=attrs.Factory(_no_work, takes_self=True))

    def __attrs_post_init__(self) -> None:
        instance("key", self.key, NoiseKey, "give NoiseKey(seed)")
        if np.ndim(self.x) != 2:
            raise ShapeError(f"states of a batch must have shape (trajectories, units), got {np.shape(self.x)}")
        for name, one, shape in (
            ("trajectories", self.trajectories, self.x.shape[:1]),
            ("work", self.work, self.x.shape[:1]),
            *((name, one, self.x.shape) for name, one in self.variables.items()),
        ):
            if np.shape(one) != shape:
                raise ShapeError(f"{name} of a batch must have shape {shape}, got {np.shape(one)}")

    def state(self) -> BatchState:
        """Return it as it is: it is at rest."""
        return self

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return arrays of numbers alone, by name, as a file keeps them."""
        return {
            "x": np.asarray(self.x),
            "trajectories": np.asarray(self.trajectories),
            "step": np.array(self.step, np.int64),
            "seed": np.array(self.key.seed, np.uint64),
            "stream": np.array(self.key.stream, np.int64),
            "work": np.asarray(self.work),
            **{f"{_VARIABLE}{name}": np.asarray(one) for name, one in self.variables.items()},
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> BatchState:
        """Return the state of arrays that `to_arrays` returned; other arrays may lie beside them."""
        return cls(
            x=np.asarray(arrays["x"]),
            key=NoiseKey(int(arrays["seed"]), int(arrays["stream"])),
            trajectories=np.asarray(arrays["trajectories"]),
            step=int(arrays["step"]),
            variables={
                name.removeprefix(_VARIABLE): np.asarray(one)
                for name, one in arrays.items()
                if name.startswith(_VARIABLE)
            },
            work=np.asarray(arrays["work"]),
        )


class Resting(Protocol):
    """Trajectories that no law of motion advances at the moment; a `BatchState`, or a layout of an engine's own."""

    @property
    def trajectories(self) -> Indices:
        """Numbers of the trajectories."""

    def state(self) -> BatchState:
        """Return their state as rows."""


class Batch(abc.ABC):
    """Trajectories under way by one law of motion.

    An engine writes `_advance`, `states`, `variables` and `copy`; what it can do quicker than here, also the others.

    Parameters
    ----------
    key : NoiseKey
        Seed and stream.
    trajectories : ndarray of int, shape (B,)
        Numbers of the trajectories.
    step : int
        Number of the next step; also the index into the drive's intensity.
    work : ndarray of float64, shape (B,)
        Work that the drive has done so far; the batch adds to a copy of it [energy].
    drive : Drive, optional
        Imposed signal.
    working : bool
        Whether its work is added up.

    Raises
    ------
    ParameterError
        When noise cannot count the trajectories.
    """

    def __init__(
        self, key: NoiseKey, trajectories: Indices, step: int, work: Doubles, drive: Drive | None, working: bool
    ) -> None:
        check_numbers(step, 0, trajectories)
        self.key, self.trajectories, self.step = key, trajectories, step
        self.work = np.array(work, dtype=np.float64)
        self.drive, self.working = drive, working and drive is not None
        self._within_steps = False

    def advance(self, steps: int, record: Array | None = None) -> None:
        """Do steps.

        Parameters
        ----------
        steps : int
            How many.
        record : ndarray, shape (steps, B, n), optional
            Receives the states after each of them.

        Raises
        ------
        ParameterError
            When noise cannot count the steps.
        EngineError
            When it was stopped within its steps before, by an error or an interruption.
        """
        self.check_whole()
        check_numbers(self.step, steps, self.trajectories[:0])
        self._within_steps = True
        if steps and len(self.trajectories):
            self._advance(steps, record)
        self._within_steps = False
        self.step += steps

    def check_whole(self) -> None:
        """Refuse a batch that was stopped within its steps: some trajectories have done more of them than others.

        Raises
        ------
        EngineError
            When it was.
        """
        if self._within_steps:
            raise EngineError(
                f"this batch was stopped within its steps, after step {self.step}, and its trajectories are not at one "
                "step: begin again from a state that was kept before"
            )

    @abc.abstractmethod
    def _advance(self, steps: int, record: Array | None) -> None:
        """Do at least one step of at least one trajectory."""

    @abc.abstractmethod
    def states(self) -> Array:
        """Return a copy of the states before the next step, shape (B, n)."""

    @abc.abstractmethod
    def variables(self) -> dict[str, Array]:
        """Return copies of the auxiliary variables before the next step, each of shape (B, n)."""

    @abc.abstractmethod
    def copy(self) -> Batch:
        """Return a batch in the same state, which goes its own way."""

    def finite(self) -> bool:
        """Return whether all states and variables are finite."""
        return all(bool(np.isfinite(one).all()) for one in (self.states(), *self.variables().values()))

    def state(self) -> BatchState:
        """Return its state, which shares nothing with it."""
        self.check_whole()
        return BatchState(
            self.states(), self.key, self.trajectories.copy(), self.step, self.variables(), self.work.copy()
        )

    def rest(self) -> Resting:
        """End, and return what another law of the same machine goes on from."""
        return self.state()
