"""Running a batch of trajectories, with observers, budgets, and a stop at the first non-finite state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count, finite_array, instance, integer_array, told
from thermozoo.dynamics.engines import ENGINES, Drive, Dynamics, Engine, Stepper, engine_for
from thermozoo.dynamics.failure import find_failure
from thermozoo.dynamics.noise import NUMBERS, NoiseKey, check_numbers
from thermozoo.dynamics.trajectories import Observer, observed_bytes, observers_of, seen_by
from thermozoo.dynamics.variables import Variables, given_variables, kinetic_terms, start_variables
from thermozoo.dynamics.windows import Switch, prepared, switch_bytes
from thermozoo.errors import ArgumentError, BudgetError, ParameterError, ShapeError

__all__ = ["Simulation", "simulate"]

Array = npt.NDArray[np.floating[Any]]

#: Steps between two looks for a non-finite state.
CHECK_EVERY = 250

#: Bytes that observers may keep unless the caller allows more.
BYTE_LIMIT = 4 * 2**30


@attrs.frozen(eq=False)
class Simulation:
    """What a simulation leaves behind.

    Parameters
    ----------
    final : ndarray, shape (B, n)
        States after the last step.
    work : ndarray of float64, shape (B,)
        Work that the drive did on each trajectory, and that of switching [energy].
    steps : int
        Steps done.
    engine : str
        The engine that did them.
    switches : tuple of Switch
        The switches of a program's windows on the way, in order.
    variables : dict of str to ndarray, shape (B, n)
        Auxiliary variables of the integrator after the last step.
    """

    final: Array
    work: npt.NDArray[np.float64]
    steps: int
    engine: str
    switches: tuple[Switch, ...] = ()
    variables: Variables = attrs.field(factory=dict)


def simulate(
    dynamics: Dynamics,
    initial: npt.ArrayLike,
    steps: int,
    *,
    key: NoiseKey,
    variables: Mapping[str, npt.ArrayLike] | None = None,
    first_step: int = 0,
    first_trajectory: int = 0,
    trajectories: npt.ArrayLike | None = None,
    drive: Drive | None = None,
    every: int | None = None,
    observers: Sequence[Observer] | Observer = (),
    engine: Engine | str = "auto",
    progress: Callable[[int], None] | None = None,
    byte_limit: int = BYTE_LIMIT,
) -> Simulation:
    r"""Run trajectories of :math:`dx_i = -\mu\, \partial_i V\, dt + \sqrt{2 \mu k_B T}\, dW_i`.

    An integrator whose units have more than a state, such as a velocity, has a law of its own.

    Parameters
    ----------
    dynamics : Dynamics
        Computer or program, integrator, time step and precision. The windows of a program switch at their steps of
        ``dynamics.steps``; at a switch, the work V(x; new) - V(x; old) is done, and belongs to the step before it.
    initial : array_like, shape (B, n)
        Initial states.
    steps : int
        Steps to do.
    key : NoiseKey
        Seed and stream of the noise.
    variables : mapping of str to array_like, shape (B, n), optional
        Auxiliary variables of the integrator before the first step, such as velocities (default: drawn as the
        integrator says, from their Boltzmann distribution where it does not; zero on clamped units). What goes on from
        an earlier simulation needs those that it ended with.
    first_step, first_trajectory : int
        Numbers of the first step and trajectory: N steps are bit for bit k steps and then N - k with ``first_step =
        k``, done by the same engine.
    trajectories : array_like of int, shape (B,), optional
        Numbers of the trajectories, instead of those from `first_trajectory` on.
    drive : Drive, optional
        Imposed signal.
    every : int, optional
        Steps between observations; the initial and the final states are always observed.
    observers : sequence of Observer, or Observer
        What to keep, of this simulation only: they start anew.
    engine : Engine or str
        What advances the states: ``"reference"``, ``"compiled"``, or ``"auto"``, which takes the one that is ready
        first; the result says which. Engines differ in rounding: name one where bits matter.
    progress : callable, optional
        Called with the number of steps done since its last call.
    byte_limit : int
        Bytes that observers may keep, and the switches of a program.

    Raises
    ------
    ArgumentError, ParameterError
        When an argument is of the wrong kind or out of its range, a program ends before the last step, or noise cannot
        count the steps or trajectories.
    EngineError
        When the engine cannot be used here.
    BudgetError
        When the observers would keep more than `byte_limit`.
    NonFiniteError
        At the first non-finite state; it names trajectory, unit, step, state, force terms and the largest stable dt.
    ShapeError
        When the initial states do not fit the computer.
    """
    instance("dynamics", dynamics, Dynamics, "make one of a computer, an integrator and dt")
    instance("key", key, NoiseKey, "give NoiseKey(seed)")
    n = dynamics.computer.n
    x = _initial(initial, n, dynamics)
    steps = count("steps", steps)
    first_step = count("first_step", first_step)
    interval = steps or 1 if every is None else count("every", every, at_least=1)
    first_trajectory = count("first_trajectory", first_trajectory, at_most=NUMBERS - 1)
    if trajectories is None:
        numbers = np.arange(first_trajectory, first_trajectory + len(x), dtype=np.int64)
    else:
        numbers = integer_array("trajectories", trajectories, (len(x),), at_most=NUMBERS - 1)
    check_numbers(first_step, steps, numbers)
    due = dynamics.program.switches(first_step, first_step + steps, dynamics.steps)
    byte_limit = count("byte_limit", byte_limit)
    if drive is not None:
        _check_drive(instance("drive", drive, Drive), len(x), n, first_step + steps)
    if progress is not None and not callable(progress):
        raise ArgumentError(f"progress must be a function of the number of steps done, got {told(progress)}")
    held = _variables(dynamics, variables, key, first_step, numbers)
    watching = observers_of(observers)
    observations = -(-steps // interval) + 1
    needed = sum(observed_bytes(one, observations, x, held) for one in watching)
    needed += len(due) * len(x) * switch_bytes(dynamics)
    if needed > byte_limit:
        kept = f"{observations} observations{f' and {len(due)} switches' if due else ''} of {len(x)} trajectories"
        raise BudgetError(
            f"keeping {kept} needs {needed / 2**30:.1f} GiB, above the limit of {byte_limit / 2**30:.1f} GiB: observe "
            "fewer steps or trajectories, or raise byte_limit"
        )
    chosen = _engine(engine, dynamics.at(first_step), len(x), steps)
    work = np.zeros(len(x))
    run = _Run(dynamics, prepared(chosen, dynamics), key, numbers, drive, work, held)
    switches: list[Switch] = []
    done = 0
    for observer in watching:
        observer.start()
    _observe(watching, first_step, x, held)
    while done < steps:
        switch = next((step - first_step for step in due if step > first_step + done), steps)
        stop = min(steps, (done // interval + 1) * interval, done + CHECK_EVERY, switch)
        run.advance(x, first_step + done, stop - done)
        if progress is not None:
            progress(stop - done)
        done = stop
        if first_step + done in due:
            kinetic = kinetic_terms(dynamics, held)
            switches.append(Switch.between(first_step + done, *due[first_step + done], x, kinetic))
            work += switches[-1].work
        if done % interval == 0 or done == steps:
            _observe(watching, first_step + done, x, held)
    return Simulation(final=x, work=work, steps=steps, engine=chosen.name, switches=tuple(switches), variables=held)


def _variables(
    dynamics: Dynamics,
    given: Mapping[str, npt.ArrayLike] | None,
    key: NoiseKey,
    first_step: int,
    trajectories: npt.NDArray[np.int64],
) -> Variables:
    """Return the auxiliary variables before the first step."""
    if given is not None:
        return given_variables(dynamics, given, len(trajectories))
    names = type(dynamics.integrator).variables
    if names and first_step > 0:
        raise ParameterError(
            f"step {first_step} goes on from an earlier one, with its {', '.join(names)}: give "
            "variables=simulation.variables, or begin with step 0"
        )
    return start_variables(dynamics, key, trajectories)


def _initial(initial: npt.ArrayLike, n: int, dynamics: Dynamics) -> Array:
    """Return a copy of the initial states in the precision of the dynamics."""
    given = finite_array(
        "initial states", initial, ("trajectories", n), "one trajectory is x[None, :]" if np.ndim(initial) == 1 else ""
    )
    with np.errstate(over="ignore", under="ignore"):
        x: Array = np.array(given, dtype=dynamics.dtype, order="C")
    if not np.isfinite(x).all():
        raise ParameterError(
            f"initial states must be finite in {dynamics.precision} precision: one is too large for it"
        )
    return x


def _engine(engine: Engine | str, dynamics: Dynamics, trajectories: int, steps: int) -> Engine:
    if isinstance(engine, str):
        return engine_for(engine, dynamics, trajectories, steps)
    if isinstance(engine, type) or not hasattr(engine, "prepare"):
        raise ArgumentError(f"engine must be {', '.join(ENGINES)}, auto or an engine, got {told(engine)}")
    return engine


def _observe(observers: Sequence[Observer], step: int, x: Array, variables: Variables) -> None:
    for observer in observers:
        observer.observe(step, x, **seen_by(observer, variables))


def _check_drive(drive: Drive, trajectories: int, n: int, steps: int) -> None:
    if drive.signals.shape[1] != n:
        raise ShapeError(f"signals must have one value for each of {n} units, got {drive.signals.shape[1]}")
    if not np.isfinite(drive.signals[np.unique(drive.which)]).all():
        raise ParameterError("signals of a drive must be finite")
    if drive.which.shape != (trajectories,):
        raise ShapeError(
            f"a drive must name the signal of each of {trajectories} trajectories, got {drive.which.shape}"
        )
    if drive.intensity.shape[-1] < steps + 1:
        raise ShapeError(f"intensity must have {steps + 1} values for {steps} steps, got {drive.intensity.shape[-1]}")


@attrs.frozen(eq=False)
class _Run:
    """A stepper with everything but states and steps."""

    dynamics: Dynamics
    stepper: Stepper
    key: NoiseKey
    trajectories: npt.NDArray[np.int64]
    drive: Drive | None
    work: npt.NDArray[np.float64]
    variables: Variables

    def advance(self, x: Array, first_step: int, steps: int) -> None:
        before, held = x.copy(), {name: values.copy() for name, values in self.variables.items()}
        more: dict[str, Any] = {"variables": self.variables} if self.variables else {}
        # a blow-up overflows on its way to the non-finite state that is reported below
        with np.errstate(over="ignore", invalid="ignore"):
            self.stepper.advance(
                x,
                key=self.key,
                first_step=first_step,
                steps=steps,
                trajectories=self.trajectories,
                drive=self.drive,
                work=self.work,
                **more,
            )
        if not all(np.isfinite(values).all() for values in (x, *self.variables.values())):
            raise find_failure(
                self.dynamics, self.stepper, self.key, self.trajectories, self.drive, before, first_step, steps, held
            )
