"""Finding the first non-finite state of a simulation, and saying everything about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.stability import stability_in_words
from thermozoo.dynamics.engines import Batch, Drive, Dynamics
from thermozoo.errors import NonFiniteError

__all__ = ["find_failure"]

Array = npt.NDArray[np.floating[Any]]


def find_failure(dynamics: Dynamics, batch: Batch, steps: int) -> NonFiniteError:
    """Replay some steps that ended in a non-finite state, and return the error for the first such state.

    The replay gives the same bits, because noise is counted by step. It halves the steps in question until one is left:
    a state that is not finite does not become so again. The error carries the last finite states as
    ``last_finite_state``.

    Parameters
    ----------
    dynamics : Dynamics
        The law of motion.
    batch : Batch
        The trajectories before these steps, all finite.
    steps : int
        How many.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        while steps > 1:
            ahead = batch.copy()
            ahead.advance(steps // 2)
            if ahead.finite():
                batch, steps = ahead, steps - steps // 2
            else:
                steps //= 2
        step, last = batch.step, batch.states()
        batch.advance(1)
    found = {"state": batch.states(), **batch.variables()}
    what, values = next((name, values) for name, values in found.items() if not np.isfinite(values).all())
    row, unit = (int(v) for v in np.argwhere(~np.isfinite(values))[0])
    became = f"{what} became {values[row, unit]:g}"
    error = NonFiniteError(_message(dynamics, batch.trajectories, batch.drive, last, became, step, row, unit))
    error.last_finite_state = last  # type: ignore[attr-defined]
    return error


def _message(
    dynamics: Dynamics,
    trajectories: npt.NDArray[np.int64],
    drive: Drive | None,
    last: Array,
    became: str,
    step: int,
    row: int,
    unit: int,
) -> str:
    computer = dynamics.at(step).one_computer
    state = last[row].astype(np.float64)
    group = next(g for g in computer.layout.groups if unit < computer.layout.slice(g).stop)
    plugin = computer.onsite.potentials[group]
    with np.errstate(over="ignore", invalid="ignore"):
        terms = {
            "on-site": -computer.onsite.gradient(state)[unit],
            "coupling": -computer.couplings.gradient(state)[unit],
            **{name: -term.gradient(state)[unit] for name, term in computer.terms.items()},
            "bias": 0.0 - computer.biases[unit],
        }
        if drive is not None:
            terms["drive"] = drive.on_units(step + 1)[unit] * drive.signals[drive.which[row], unit]
        forces = ", ".join(f"{name} {value:.3g}" for name, value in terms.items())
    it = "it" if became.startswith("state") else "the state"
    # what is known of the largest stable step is known of overdamped ones
    stable = "" if type(dynamics.integrator).variables else f"; {stability_in_words(computer)}"
    return (
        f"{became} in step {step} (time {step * dynamics.dt:g}) of trajectory {trajectories[row]}, unit "
        f"{unit} ({group}): {it} was {state[unit]:.6g}, with forces {forces}; potential {plugin.name!r} "
        f"({type(plugin).__module__}), integrator {dynamics.integrator.name!r}, dt = {dynamics.dt:g}{stable}"
    )
