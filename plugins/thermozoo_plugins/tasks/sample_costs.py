"""What the task `sample` takes: bytes and seconds of its phases, before it runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from thermozoo import Share
from thermozoo_plugins.tasks.sample_tempering import Coldest
from thermozoo_plugins.tasks.tempering import bytes_of_states, seconds_of

__all__ = ["TRACED", "relaxing_bytes", "relaxing_seconds", "sampling_bytes", "sampling_seconds"]

#: Observations of the trace from which autocorrelation is found, at most.
TRACED = 2000

_PATH = "task.chains"


def relaxing_bytes(task: Any, size: Any) -> tuple[Share, ...]:
    """Return the shares of states that relax."""
    each, shares = _states(task, size)
    return *shares, *size.shared_out(task.chains, each, _PATH)


def sampling_bytes(task: Any, size: Any) -> tuple[Share, ...]:
    """Return the shares of what is added up, and of ladders the states of all rungs."""
    shown = min(size.n, len(task.units) or 16)
    traced = min(TRACED, size.config.steps // task.observe_every + 1) * (shown + 1)
    each = 8 * (6 * size.n + 2 * shown**2 + 4 * traced + (shown + 1) * task.bins)
    states, shares = _states(task, size) if task.temperatures else (0, ())
    return (
        Share(task.chains * each, _PATH, f"{task.chains:,} chains", ("task.bins",), lasts=True),
        *shares,
        *size.shared_out(task.chains, each + states, _PATH),
    )


def _states(task: Any, size: Any) -> tuple[int, tuple[Share, ...]]:
    """Return the bytes of the states of a chain or ladder, and the shares of all."""
    if task.temperatures:
        return bytes_of_states(size, task.chains, len(task.temperatures), _PATH, f"{task.chains:,} ladders")
    return size.n * 32, (Share(task.chains * size.n * 32, _PATH, f"{task.chains:,} chains"),)


def relaxing_seconds(task: Any, of: Any, steps: int) -> float:
    """Return how long relaxation takes [second]; chains relax before couplings are on, and after."""
    if task.temperatures:
        alone = seconds_of(of, task.temperatures, task.chains, steps, task.exchange_every)
    else:
        alone = 2 * of.simulation(task.chains, steps)
    return float(of.shared_out(task.chains, alone))


def sampling_seconds(task: Any, of: Any, steps: int) -> float:
    """Return how long sampling takes [second], with what is observed."""
    computer = of.machine.computer
    if task.temperatures:
        watch = task.watch(computer, steps, lambda states: states)
        watch.begin(np.tile(np.linspace(-1.0, 1.0, task.bins + 1), (len(watch.units) + 1, 1)))
        looks, coldest = steps // task.observe_every, Coldest(watch, 1)
        alone = seconds_of(of, task.temperatures, task.chains, steps, task.exchange_every, looks, coldest)
    else:
        alone = of.simulation(task.chains, steps, every=task.observe_every, look=computer.energy)
    return float(of.shared_out(task.chains, alone))
