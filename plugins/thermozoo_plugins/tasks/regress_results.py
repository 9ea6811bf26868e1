"""Shots at test inputs, and what the task `regress` reports of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from thermozoo_plugins.tasks.regress_answers import Answers, Errors, Watch
from thermozoo_plugins.tasks.regress_curve import Curve
from thermozoo_plugins.tasks.regress_figures import RegressFigures
from thermozoo_plugins.tasks.regress_teacher import Teacher
from thermozoo_plugins.tasks.regress_training import Trained

if TYPE_CHECKING:
    import xarray

__all__ = ["KEPT", "figures_of", "samples_of", "shoot", "start_of", "teacher_error"]

Array = npt.NDArray[np.float64]

#: Single shots at each input that are kept.
KEPT = 3


def start_of(computer: Any, held: Array, shots: int) -> Array:
    """Return the states at which shots begin, those at an input in a row: all but the input units are at zero."""
    start = np.zeros((shots * len(held), computer.n))
    start[:, : held.shape[1]] = np.repeat(held, shots, axis=0)
    return start


def shoot(
    run: Any,
    machine: Any,
    curve: Curve,
    *,
    scale: float,
    shots: int,
    stream: int,
    progress: Any,
    every: int = 0,
    beyond: int = 0,
) -> tuple[Answers, Watch]:
    """Return the answers of shots at test inputs, and what a watch saw on the way.

    Parameters
    ----------
    run : Run
        Simulates.
    machine : Setup
        The trained computer, its time step and steps.
    curve : Curve
        The right answers.
    scale : float
        State of the output that is the largest value.
    shots, stream : int
        Shots at each input, and the number of their noise.
    progress : callable
        Called with the number of steps done since its last call.
    every, beyond : int
        Steps between observations, if any, and steps that follow the answer.
    """
    dynamics = machine.dynamics
    computer, steps = dynamics.computer, dynamics.steps
    held = curve.held(curve.test_inputs)
    start = start_of(computer, held, shots)
    watch = Watch(computer.n - 1, lambda states: curve.value(states / scale), curve.test_values)
    more = {"dynamics": dynamics, "stream": stream, "progress": progress}
    looking = {"every": every, "observers": [run.read.watching(watch)]} if every else {}
    done = run.simulate(start, steps, **looking, **more)
    values = curve.value(np.asarray(run.read(done.final)[:, -1], dtype=np.float64) / scale).reshape(-1, shots)
    heat = np.concatenate(
        [
            (computer.energy(start[rows]) - computer.energy(done.final[rows])) / computer.temperature
            for rows in (slice(k, k + shots) for k in range(0, len(start), shots))
        ]
    ).reshape(-1, shots)
    if beyond:
        after = Watch(computer.n - 1, lambda states: curve.value(states / scale), curve.test_values)
        run.simulate(done.final, beyond, first_step=steps, every=every, observers=[run.read.watching(after)], **more)
        watch.steps += after.steps[1:]
        watch.errors += after.errors[1:]
    return Answers(values, heat, Errors.of(values, curve.test_values)), watch


def teacher_error(teacher: Teacher, curve: Curve, scale: float) -> float:
    """Return the root-mean-square error of a teacher at test inputs."""
    ends = teacher.targets(curve.held(curve.test_inputs))[:, -1]
    return float(np.sqrt(((curve.value(ends / scale) - curve.test_values) ** 2).mean()))


def figures_of(
    curve: Curve,
    function: str,
    found: Sequence[tuple[Trained, Answers]],
    watch: Watch,
    *,
    scale: float,
    shots: int,
) -> RegressFigures:
    """Return the figures of all computers, the run's own the last one."""
    errors = [answers.errors for _, answers in found]
    heats = [answers.mean_heat() for _, answers in found]
    teachers = [teacher_error(one.teacher, curve, scale) for one, _ in found]
    own, last = found[-1][0], errors[-1]
    dynamics = own.machine.dynamics
    unit = dynamics.dt * dynamics.computer.mobility
    return RegressFigures(
        rmse=last.one,
        rmse_se=last.one_se,
        rmse_of_mean=last.mean,
        rmse_of_mean_se=last.mean_se,
        bias=last.bias,
        spread=last.spread,
        best_constant=curve.best_constant,
        teacher_rmse=teachers[-1],
        heat_per_answer_kT=heats[-1][0],
        heat_se_kT=heats[-1][1],
        duration=dynamics.steps * unit,
        function=function,
        hidden=len(own.teacher.weights),
        training_inputs=len(curve.inputs),
        test_inputs=len(curve.test_inputs),
        shots=shots,
        times=tuple(step * unit for step in watch.steps),
        rmse_at=tuple(one.one for one in watch.errors),
        rmse_of_mean_at=tuple(one.mean for one in watch.errors),
        sizes=tuple(len(one.teacher.weights) for one, _ in found),
        rmse_by_size=tuple(one.one for one in errors),
        rmse_by_size_se=tuple(one.one_se for one in errors),
        rmse_of_mean_by_size=tuple(one.mean for one in errors),
        rmse_of_mean_by_size_se=tuple(one.mean_se for one in errors),
        teacher_rmse_by_size=tuple(teachers),
        heat_by_size_kT=tuple(mean for mean, _ in heats),
        loss_by_round=own.losses,
        missed_by_round=own.missed,
        reference={"rmse": teachers[-1], "rmse_of_mean": teachers[-1]},
        error_bars={"rmse": last.one_se, "rmse_of_mean": last.mean_se},
    )


def samples_of(curve: Curve, answers: Answers) -> xarray.Dataset:
    """Return answers at test inputs: single ones, their mean and their spread."""
    import xarray

    values = answers.values
    return xarray.Dataset(
        {
            "function": ("input", curve.test_values, {"long_name": "the function"}),
            "mean": ("input", values.mean(axis=1), {"long_name": "mean of all shots"}),
            "spread": ("input", values.std(axis=1, ddof=1), {"long_name": "standard deviation of shots"}),
            "shot": (("shot_number", "input"), values[:, :KEPT].T, {"long_name": "answers of single shots"}),
            "heat": ("input", answers.heat.mean(axis=1), {"long_name": "mean heat of a shot", "units": "kT"}),
        },
        coords={"input": ("input", curve.test_inputs)},
    )
