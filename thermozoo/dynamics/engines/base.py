"""What an engine is: it advances a batch of states by a number of steps, and nothing else.

Everything that looks at states (observers, heat, files) works between calls of `advance`, in any engine, because
steps are counted and a run of N steps is bit for bit k steps and then N - k.
"""

from __future__ import annotations

from typing import Any, Protocol

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, choice, count, finite_array, instance, integer_array, positive, real_array
from thermozoo.computer.computer import Computer
from thermozoo.computer.program import Program
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.errors import ParameterError, ShapeError
from thermozoo.interfaces import Integrator

__all__ = ["PRECISIONS", "Drive", "Dynamics", "Engine", "Stepper", "check_held"]

Array = npt.NDArray[np.floating[Any]]

#: The data type of states in each precision; heat and work are always accumulated in double precision.
PRECISIONS: dict[str, type[np.floating[Any]]] = {"single": np.float32, "double": np.float64}


@attrs.frozen(eq=False)
class Dynamics:
    """Everything that fixes the law of one step.

    Parameters
    ----------
    computer : Computer or Program
        The computer; its layout says which units are clamped. Of a program, the windows switch in `steps`.
    integrator : Integrator
        The scheme.
    dt : float
        Time step [time].
    precision : str
        ``"single"`` or ``"double"``.
    steps : int, optional
        How long it lasts, where it lasts for a time of its own: the steps of noising, of generation and of a program.

    Attributes
    ----------
    duration : float
        `steps` times `dt` [time]; zero where it has no time of its own.

    Raises
    ------
    ParameterError
        When a window of the program would have no step, or a term of the computer is called like the kinetic energy.
    """

    computer: Computer | Program = attrs.field()
    integrator: Integrator = checked(instance, Integrator)
    dt: float = checked(positive)
    precision: str = checked(choice, tuple(PRECISIONS), default="double")
    steps: int = checked(count, default=0)

    @computer.validator
    def _check_computer(self, attribute: Any, value: Any) -> None:
        if not isinstance(value, Program):
            instance("computer", value, Computer, "assemble one")

    def __attrs_post_init__(self) -> None:
        if isinstance(self.computer, Program):
            self.computer.edges(self.steps)
        if self.term_names.count("kinetic") > 1:
            raise ParameterError(
                f"a term of the computer is called 'kinetic', like the kinetic energy of {self.integrator.name!r}: "
                "rename the term"
            )

    @property
    def program(self) -> Program:
        """The computer as a program."""
        return Program.of(self.computer)

    @property
    def one_computer(self) -> Computer:
        """The computer, where it is the same all the time: what an engine prepares.

        Raises
        ------
        ParameterError
            When it is a program of several windows.
        """
        if isinstance(self.computer, Computer):
            return self.computer
        if self.computer.windows > 1:
            raise ParameterError(
                f"expected the dynamics of one computer, got those of a program of {self.computer.windows} windows: "
                "at(step) returns the dynamics of the window that acts in a step"
            )
        return self.computer.computers[0]

    def at(self, step: int) -> Dynamics:
        """Return the law of motion of a step: that of the computer of its window."""
        if isinstance(self.computer, Computer):
            return self
        return attrs.evolve(self, computer=self.computer.at(step, self.steps))

    @property
    def term_names(self) -> tuple[str, ...]:
        """Names of the terms of the energy: those of the computer, and the kinetic energy where there is one."""
        kinetic = type(self.integrator).energy is not Integrator.energy
        return (*self.computer.term_names, *(["kinetic"] if kinetic else []))

    @property
    def duration(self) -> float:
        """How long it lasts [time]."""
        return self.steps * self.dt

    @property
    def dtype(self) -> type[np.floating[Any]]:
        """Data type of states."""
        return PRECISIONS[self.precision]


def check_held(dynamics: Dynamics, variables: dict[str, Array] | None) -> None:
    """Raise ParameterError where a step would lack auxiliary variables of its integrator, or be given others."""
    wanted, given = tuple(type(dynamics.integrator).variables), tuple(variables or ())
    if set(wanted) != set(given):
        raise ParameterError(
            f"{dynamics.integrator.name!r} advances the variables {', '.join(wanted) or 'none'} beside the states, got "
            f"{', '.join(given) or 'none'}: give advance(..., variables=...)"
        )


@attrs.frozen(eq=False)
class Drive:
    """An imposed signal: in step k, unit i of trajectory m feels the extra force a_k s_i, the energy -a_k s_i x_i.

    Parameters
    ----------
    signals : ndarray, shape (signals, n)
        s, one row a signal.
    which : ndarray of int, shape (trajectories,)
        The signal of each trajectory.
    intensity : ndarray, shape (steps + 1,) or (protocols, steps + 1)
        a: ``intensity[k + 1]`` acts in step k; ``intensity[0]`` is what acted before the first step, so that the work
        of step k is -(intensity[k + 1] - intensity[k]) s . x_k. Several rows are several protocols, each of the units
        that `protocol_of` gives it; their works add up.
    protocol_of : ndarray of int, shape (n,), optional
        The row of `intensity` that each unit feels; none where one intensity is that of all units.
    """

    signals: Array = checked(real_array, ("signals", "n"))
    which: npt.NDArray[np.int64] = checked(integer_array, ("trajectories",))
    intensity: Array = checked(finite_array, ("...", "steps + 1"))
    protocol_of: npt.NDArray[np.int64] | None = None

    def __attrs_post_init__(self) -> None:
        integer_array("which", self.which, ("trajectories",), at_most=len(self.signals) - 1)
        shape, n = self.intensity.shape, self.signals.shape[1]
        if len(shape) > 2 or shape[0] == 0:
            raise ShapeError(f"intensity must have shape (steps + 1,) or (protocols, steps + 1), got {shape}")
        if self.protocol_of is None:
            if len(shape) == 2:
                raise ShapeError(
                    f"an intensity of shape {shape} needs protocol_of: give the row that each of {n} units feels"
                )
        elif len(shape) == 1:
            raise ShapeError(
                f"protocol_of chooses a row of an intensity (protocols, steps + 1), got {shape}: leave it out"
            )
        else:
            rows = integer_array("protocol_of", self.protocol_of, (n,), at_most=shape[0] - 1)
            object.__setattr__(self, "protocol_of", rows)

    @property
    def protocols(self) -> list[tuple[Array, npt.NDArray[np.int64] | slice]]:
        """The intensity (steps + 1,) of each protocol, and its units."""
        if self.protocol_of is None or len(self.intensity) == 1:
            return [(self.intensity.reshape(-1), slice(None))]
        return [(row, np.flatnonzero(self.protocol_of == p)) for p, row in enumerate(self.intensity)]

    def on_units(self, index: int) -> Array:
        """Return ``intensity[index]`` as every unit feels it, shape (n,)."""
        if self.protocol_of is None:
            return np.broadcast_to(self.intensity[index], self.signals.shape[1])
        felt: Array = self.intensity[self.protocol_of, index]
        return felt

    def batch(self, rows: slice) -> Drive:
        """Return the drive of some of the trajectories."""
        return attrs.evolve(self, which=self.which[rows])


class Stepper(Protocol):
    """A law of motion that an engine has prepared."""

    def advance(
        self,
        x: Array,
        *,
        key: NoiseKey,
        first_step: int,
        steps: int,
        trajectories: npt.NDArray[np.int64],
        drive: Drive | None = None,
        record: Array | None = None,
        work: npt.NDArray[np.float64] | None = None,
        variables: dict[str, Array] | None = None,
    ) -> None:
        """Advance a batch of states in place.

        Parameters
        ----------
        x : ndarray, shape (B, n), C-contiguous, of the dynamics' data type
            States before step `first_step`; on return, after `steps` steps.
        key : NoiseKey
            Seed and stream.
        first_step : int
            Number of the first step; also the index into the drive's intensity.
        steps : int
            How many.
        trajectories : ndarray of int, shape (B,)
            Numbers of the trajectories.
        drive : Drive, optional
            Imposed signal, of these trajectories.
        record : ndarray, shape (steps, B, n), optional
            Receives the state after each step.
        work : ndarray of float64, shape (B,), optional
            The drive's work is added to it [energy].
        variables : dict of str to ndarray, shape (B, n), optional
            Auxiliary variables of an integrator that has some, advanced in place like the states; see
            `thermozoo.dynamics.variables`.
        """


class Engine(Protocol):
    """Turns a law of motion into something that runs."""

    name: str

    @property
    def details(self) -> dict[str, Any]:
        """What a manifest says of the engine; trajectories' bits do not depend on it."""

    def available(self) -> str | None:
        """Return None, or why it cannot be used here: what is missing and what to do."""

    def prepare(self, dynamics: Dynamics) -> Stepper:
        """Generate, compile or build what advances states.

        Raises
        ------
        EngineError
            When the engine is not available.
        """
