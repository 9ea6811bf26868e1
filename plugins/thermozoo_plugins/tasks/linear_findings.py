"""What the tasks of linear algebra find of what was observed: figures, doubts, the error over time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo_plugins.tasks.linear import LinearTask

__all__ = ["doubts", "figures_of_both", "samples_of"]

Array = npt.NDArray[np.floating[Any]]


def figures_of_both(
    task: LinearTask, run: Any, answer: Array, error: Array, exact: Array, watch: Any, *, squared: bool
) -> dict[str, Any]:
    """Return the figures that both tasks have.

    Parameters
    ----------
    task : LinearTask
        Which.
    run : Run
        The run, relaxed.
    answer, error, exact : ndarray
        What was found, its standard error, and what a digital solver finds.
    watch : WatchMean or WatchSquares
        What was observed.
    squared : bool
        Whether the answer is of products of states.
    """
    from scipy.stats import t

    config, problem, law = run.config, task.problem, task.law(run.config)
    _, heat = run.outcome
    unit = config.dynamics.dt * config.computer.mobility
    steps, relaxing = config.steps, task.relaxing(config)
    width = float(t.ppf(0.975, task.chains - 1))
    # what is left of a state at the first observation, and on average over all of them
    forgets = -math.log(law.growth) * (2 if squared else 1) if 0 < law.growth < 1 else math.inf
    left = math.exp(-forgets * relaxing) * min(1.0, 1 / (forgets * steps))
    time, expected = np.array(watch.times, dtype=float), np.array(watch.errors)
    late = (time >= time[-1] / 10) & (expected > 0)
    slope = np.polyfit(np.log(time[late]), np.log(expected[late]), 1)[0] if late.sum() > 2 else math.nan
    return {
        "dimension": problem.n,
        "eigenvalue_smallest": problem.smallest,
        "eigenvalue_largest": problem.largest,
        "chains": task.chains,
        "observations": watch.count,
        "duration": unit * steps,
        "relaxation": unit * relaxing,
        "relative_error": _relative(answer - exact, exact),
        "relative_error_expected": _relative(error, answer),
        "inside": float((np.abs(answer - exact) <= width * error).mean()),
        "slope": float(slope),
        "step_bias": law.bias,
        "left_over": left,
        "heat_mean_kT": float(heat.mean()),
        "heat_se_kT": float(heat.std(ddof=1) / math.sqrt(task.chains)),
    }


def doubts(figures: Any, *, squared: bool) -> list[str]:
    """Return what is to be doubted about the figures; `squared` is whether the answer is of products of states."""
    found, expected = [], figures.relative_error_expected
    if figures.left_over > expected / 4:
        found.append(
            f"relaxation is too short: {figures.left_over:.2g} of the answer may be missing, as states began at zero, "
            f"beside error bars of {expected:.2g}; take a longer dynamics.duration or task.relaxation (the slowest "
            f"mode forgets in {1 / figures.eigenvalue_smallest:.4g} time constants)"
        )
    if squared and abs(figures.step_bias) > expected / 2:
        found.append(
            f"the time step leaves an error of up to {abs(figures.step_bias):.2g} in variances, beside error bars of "
            f"{expected:.2g}; take a smaller dynamics.dt, or the integrator 'baoab', which leaves none"
        )
    return found


def samples_of(
    task: LinearTask,
    config: Any,
    name: str,
    dims: tuple[str, ...],
    values: tuple[Array, Array, Array],
    watch: Any,
    scale: float,
) -> Any:
    """Return the answer, and its error over time, as an xarray data set.

    Parameters
    ----------
    task, config : LinearTask, Config
        Of the run.
    name, dims : str, tuple of str
        What the answer is called, and its dimensions.
    values : tuple of ndarray
        Answer, standard error and digital answer.
    watch : WatchMean or WatchSquares
        What was observed.
    scale : float
        What the answer is over a mean that was observed.
    """
    import xarray

    answer, error, exact = values
    length = float(np.linalg.norm(exact))
    unit = config.dynamics.dt * config.computer.mobility * task.observe_every
    measured = [_relative(one * scale - exact, exact) for one in watch.answers]
    return xarray.Dataset(
        {
            name: (dims, answer, {"long_name": "the answer"}),
            f"{name}_se": (dims, error, {"long_name": "its standard error"}),
            f"{name}_reference": (dims, exact, {"long_name": "the digital answer"}),
            "relative_error": ("time", measured, {"long_name": "relative error of the answer so far"}),
            "relative_error_expected": (
                "time",
                np.array(watch.errors) * scale / length if length > 0 else np.full(len(measured), np.nan),
                {"long_name": "relative error of the answer so far by its error bars"},
            ),
        },
        coords={"time": ("time", unit * np.array(watch.times), {"units": "1 / (mobility E0)"})},
    )


def _relative(difference: Array, of: Array) -> float:
    length = float(np.linalg.norm(of))
    return float(np.linalg.norm(difference)) / length if length > 0 else math.nan
