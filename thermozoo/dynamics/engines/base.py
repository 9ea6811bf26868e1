"""What an engine is: it advances a batch of states by a number of steps, and nothing else.

Everything that looks at states (observers, heat, files) works between calls of `Batch.advance`, in any engine, because
steps are counted and a run of N steps is bit for bit k steps and then N - k.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, choice, count, finite_array, instance, positive
from thermozoo.computer.computer import Computer
from thermozoo.computer.program import Program
from thermozoo.dynamics.engines.batch import STRETCH, Batch, BatchState, Resting
from thermozoo.dynamics.engines.drive import Drive
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.schedule import Driven, Schedule, driven_by
from thermozoo.dynamics.units import check_units
from thermozoo.errors import ParameterError
from thermozoo.interfaces import Integrator

__all__ = ["PRECISIONS", "Drive", "Dynamics", "Engine", "Stepper", "advance_rows", "check_held"]

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
        How long it lasts, where it lasts for a time of its own: the steps of noising, of generation and of a program or
        schedule.
    schedule : Schedule, optional
        What is driven in time.
    baths : array_like, shape (n,), optional
        Temperature of the bath of each unit, zero or more [energy] (default: that of the computer, for all): units in
        baths of different temperature have no equilibrium; heat flows between these.

    Attributes
    ----------
    driven : Driven or None
        The values of what is driven.
    duration : float
        `steps` times `dt` [time]; zero where it has no time of its own.

    Raises
    ------
    UnknownNameError
        When the schedule drives what does not exist.
    ParameterError
        When a window of the program would have no step, a term of the computer is called like the kinetic energy, the
        integrator cannot update the free units (discrete ones need one that updates by color, continuous ones one that
        updates all together), a driven value is out of its range at some time, or baths are colder than zero, of
        discrete units, or there beside a schedule of the temperature.
    ShapeError
        When baths are not one for each unit.

    Examples
    --------
    Two units that a spring couples, each in a bath of its own: the mean of both is as warm as the mean bath.

    >>> import numpy as np, thermozoo as tz
    >>> pair = tz.assemble({"unit": 2}, tz.get("quadratic", J2=1.0), tz.get("dense"), temperature=1.0)
    >>> law = tz.Dynamics(pair.with_couplings([[0, -1], [-1, 0]]), tz.get("stochastic-heun"), dt=0.05, baths=[0.5, 1.5])
    >>> done = tz.simulate(law, np.zeros((20_000, 2)), 200, seed=1, engine="reference")
    >>> x = done.x.values[-1]
    >>> bool(abs(np.mean((x[:, 0] + x[:, 1]) ** 2) / 2 - 1.0) < 0.05)                # kT / (2 J2 - 1) of the mean bath
    True
    """

    computer: Computer | Program = attrs.field()
    integrator: Integrator = checked(instance, Integrator)
    dt: float = checked(positive)
    precision: str = checked(choice, tuple(PRECISIONS), default="double")
    steps: int = checked(count, default=0)
    schedule: Schedule | None = attrs.field(default=None)
    baths: Array | None = attrs.field(default=None)
    driven: Driven | None = attrs.field(init=False, default=None, repr=False)

    @schedule.validator
    def _check_schedule(self, attribute: Any, value: Any) -> None:
        if value is not None:
            instance("schedule", value, Schedule, 'Schedule({"temperature": ...})')

    @computer.validator
    def _check_computer(self, attribute: Any, value: Any) -> None:
        if not isinstance(value, Program):
            instance("computer", value, Computer, "assemble one")

    def __attrs_post_init__(self) -> None:
        if isinstance(self.computer, Program):
            self.computer.edges(self.steps)
        check_units(self.program.computers[0], self.integrator)
        if self.baths is not None:
            object.__setattr__(self, "baths", self._checked_baths())
        if self.term_names.count("kinetic") > 1:
            raise ParameterError(
                f"a term of the computer is called 'kinetic', like the kinetic energy of {self.integrator.name!r}: "
                "rename the term"
            )
        if self.schedule is not None and self.schedule.targets:
            driven = driven_by(self.schedule, self.program.computers, self.steps, self.dt)
            object.__setattr__(self, "driven", driven)

    def _checked_baths(self) -> Array:
        """Return the temperatures of baths in double precision."""
        baths = finite_array("baths", self.baths, (self.computer.n,), "one temperature for each unit")
        if (baths < 0).any():
            raise ParameterError(f"baths must be temperatures of zero or more, got {baths.min():g}")
        if self.integrator.updates == "by color":
            raise ParameterError(
                f"baths are those of continuous units, and {self.integrator.name!r} updates discrete ones at the "
                "temperature of the computer: leave baths out"
            )
        if self.schedule is not None and "temperature" in self.schedule.targets:
            raise ParameterError(
                "a schedule drives the temperature of all units, which have baths: leave one of them out"
            )
        return baths.astype(np.float64)

    @property
    def kT(self) -> float | Array:
        """Temperature of the noise [energy]: that of the computer, or of each unit's bath, shape (n,)."""
        return self.computer.temperature if self.baths is None else self.baths

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
        """Return the law of motion of a step: of the computer of its window, with the driven values of the step."""
        if self.driven is not None:
            return attrs.evolve(self, computer=self._with_driven(step, step + 1), schedule=None)
        if isinstance(self.computer, Computer):
            return self
        return attrs.evolve(self, computer=self.computer.at(step, self.steps))

    def computer_before(self, step: int) -> Computer:
        """Return the computer whose energy the states before a step have.

        Its windows have switched and its driven values have not changed yet: they do so when the step begins.
        """
        return self._with_driven(step, step)

    def _with_driven(self, step: int, index: int) -> Computer:
        one = self.program.at(step, self.steps)
        return one if self.driven is None else self.driven.at(one, min(index, self.steps))

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


def check_held(dynamics: Dynamics, variables: Mapping[str, Array]) -> None:
    """Raise ParameterError where a step would lack auxiliary variables of its integrator, or be given others."""
    wanted, given = tuple(type(dynamics.integrator).variables), tuple(variables)
    if set(wanted) != set(given):
        raise ParameterError(
            f"{dynamics.integrator.name!r} advances the variables {', '.join(wanted) or 'none'} beside the states, got "
            f"{', '.join(given) or 'none'}: give BatchState(..., variables=...)"
        )


class Stepper(Protocol):
    """A law of motion that an engine has prepared: it begins batches, and knows nothing of those under way."""

    def begin(
        self, start: Resting, drive: Drive | None = None, *, working: bool = True, stretch: int = STRETCH
    ) -> Batch:
        """Return a batch under way.

        Parameters
        ----------
        start : BatchState, or what `Batch.rest` returned
            Where it begins; nothing that is given is changed. Arrays that another batch left at rest are taken over as
            they lie, where both laws lay them out alike.
        drive : Drive, optional
            Imposed signal, of these trajectories; its intensity is numbered like the steps.
        working : bool
            Whether the work of the drive is wanted.
        stretch : int
            How many steps will be done at a time, about: nothing but speed depends on it.
        """


class Engine(Protocol):
    """Turns a law of motion into something that runs: the plugin `thermozoo.interfaces.Engine`, or what is like it."""

    @property
    def name(self) -> str:
        """What a config calls it."""

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


def advance_rows(
    stepper: Stepper,
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
    """Advance rows of states in place, by a batch that is begun and ended: where nothing goes on from them.

    Parameters
    ----------
    stepper : Stepper
        The law of motion.
    x : ndarray, shape (B, n)
        States before step `first_step`; on return, after `steps` steps.
    key : NoiseKey
        Seed and stream.
    first_step, steps : int
        Number of the first step, and how many.
    trajectories : ndarray of int, shape (B,)
        Numbers of the trajectories.
    drive : Drive, optional
        Imposed signal.
    record : ndarray, shape (steps, B, n), optional
        Receives the states after each step.
    work : ndarray of float64, shape (B,), optional
        The drive's work is added to it [energy].
    variables : dict of str to ndarray, shape (B, n), optional
        Auxiliary variables, advanced in place like the states.
    """
    start = BatchState(x, key, trajectories, first_step, variables or {}, np.zeros(len(x)) if work is None else work)
    batch = stepper.begin(start, drive, working=work is not None, stretch=steps)
    batch.advance(steps, record)
    x[:] = batch.states()
    if work is not None:
        work[:] = batch.work
    for name, values in batch.variables().items():
        (variables or {})[name][:] = values
