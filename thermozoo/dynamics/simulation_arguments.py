"""The arguments of a simulation: what is asked for is checked before anything is done."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count, finite_array, instance, integer_array, told
from thermozoo.computer.coloring import units_by_color
from thermozoo.computer.discrete import check_states
from thermozoo.dynamics.engines import BatchState, Drive, Dynamics, Engine, engine_for, engine_names
from thermozoo.dynamics.noise import NUMBERS, NoiseKey, check_numbers
from thermozoo.dynamics.trajectories import Observer, observed_bytes
from thermozoo.dynamics.variables import Variables, given_variables, start_variables
from thermozoo.dynamics.windows import switch_bytes
from thermozoo.dynamics.work import DrivenWork
from thermozoo.errors import ArgumentError, BudgetError, ParameterError, ShapeError

__all__ = [
    "check_budget",
    "check_drive",
    "check_end",
    "check_progress",
    "engine_of",
    "say_what_colors_cost",
    "start_of",
]

Array = npt.NDArray[np.floating[Any]]

#: Colors above which it is said what they cost.
MANY_COLORS = 256


def start_of(
    dynamics: Any,
    initial: npt.ArrayLike,
    key: Any,
    variables: Mapping[str, npt.ArrayLike] | None,
    first_step: Any,
    first_trajectory: Any,
    trajectories: npt.ArrayLike | None,
) -> BatchState:
    """Return where a simulation begins; the arguments are those of `thermozoo.dynamics.simulate.simulate`."""
    instance("dynamics", dynamics, Dynamics, "make one of a computer, an integrator and dt")
    instance("key", key, NoiseKey, "give NoiseKey(seed)")
    x = _initial(initial, dynamics.computer.n, dynamics)
    first_step = count("first_step", first_step)
    first_trajectory = count("first_trajectory", first_trajectory, at_most=NUMBERS - 1)
    if trajectories is None:
        numbers = np.arange(first_trajectory, first_trajectory + len(x), dtype=np.int64)
    else:
        numbers = integer_array("trajectories", trajectories, (len(x),), at_most=NUMBERS - 1)
    check_numbers(first_step, 0, numbers)
    return BatchState(x, key, numbers, first_step, _variables(dynamics, variables, key, first_step, numbers))


def check_end(dynamics: Dynamics, start: BatchState, steps: int) -> None:
    """Refuse more steps than noise, a program or a schedule has."""
    end = start.step + steps
    check_numbers(start.step, steps, start.trajectories)
    dynamics.program.switches(start.step, end, dynamics.steps)
    if dynamics.driven is not None and end > dynamics.steps:
        raise ParameterError(
            f"the schedule ends with step {dynamics.steps}, got {end}: simulate fewer steps, or give Dynamics the "
            "steps of the whole"
        )


def check_progress(progress: Any) -> None:
    """Refuse what cannot be told of progress."""
    if progress is not None and not callable(progress):
        raise ArgumentError(f"progress must be a function of the number of steps done, got {told(progress)}")


def check_budget(
    dynamics: Dynamics, start: BatchState, steps: int, interval: int, observers: Sequence[Observer], byte_limit: int
) -> None:
    """Refuse observers, and switches of a program, that would keep too much."""
    due = dynamics.program.switches(start.step, start.step + steps, dynamics.steps)
    observations = -(-steps // interval) + 1
    trajectories = len(start.x)
    needed = sum(observed_bytes(one, observations, start.x, start.variables) for one in observers)
    needed += len(due) * trajectories * switch_bytes(dynamics)
    needed += DrivenWork.bytes_needed(dynamics, observations + len(due), trajectories)
    if needed > byte_limit:
        kept = f"{observations} observations{f' and {len(due)} switches' if due else ''} of {trajectories} trajectories"
        raise BudgetError(
            f"keeping {kept} needs {needed / 2**30:.1f} GiB, above the limit of {byte_limit / 2**30:.1f} GiB: observe "
            "fewer steps or trajectories, or raise byte_limit"
        )


def check_drive(drive: Drive | None, start: BatchState, steps: int) -> None:
    """Refuse a drive that is not of these trajectories, or ends too early."""
    if drive is None:
        return
    instance("drive", drive, Drive)
    (trajectories, n), steps = start.x.shape, start.step + steps
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


def say_what_colors_cost(dynamics: Dynamics) -> None:
    """Warn where discrete units need many colors."""
    if dynamics.integrator.updates != "by color":
        return
    colors = len(units_by_color(dynamics.program.computers[0]))
    if colors > MANY_COLORS:
        warnings.warn(
            f"{colors:,} colors for {int(dynamics.computer.layout.free.sum()):,} discrete units, as they are coupled "
            "densely: a step updates one color after the other, so the units of a trajectory wait for one another; "
            "many trajectories at once take little longer than one",
            stacklevel=3,
        )


def engine_of(engine: Engine | str, dynamics: Dynamics, trajectories: int, steps: int) -> Engine:
    """Return an engine that is given, or named."""
    if isinstance(engine, str):
        return engine_for(engine, dynamics, trajectories, steps)
    if isinstance(engine, type) or not hasattr(engine, "prepare"):
        raise ArgumentError(f"engine must be {', '.join(engine_names())}, auto or an engine, got {told(engine)}")
    return engine


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
    check_states(dynamics.program.computers[0], x)
    return x
