"""Running a batch of trajectories, with observers, budgets, and a stop at the first non-finite state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count
from thermozoo.checkpoints.pieces import piece, taking_up
from thermozoo.checkpoints.snapshot import Snapshots
from thermozoo.dynamics.engines import Drive, Dynamics, Engine
from thermozoo.dynamics.ensemble import Ensemble, EnsembleState, steps_unchecked
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.saved import asked_of, state_bytes
from thermozoo.dynamics.simulation_arguments import (
    check_budget,
    check_drive,
    check_end,
    check_progress,
    engine_of,
    say_what_colors_cost,
    start_of,
)
from thermozoo.dynamics.trajectories import Observer, observers_of, seen_by
from thermozoo.dynamics.variables import Variables
from thermozoo.dynamics.windows import PreparedDynamics, Switch
from thermozoo.dynamics.work import DrivenWork
from thermozoo.errors import shown

__all__ = ["Simulation", "simulate"]

Array = npt.NDArray[np.floating[Any]]

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
        Work that the drive did on each trajectory, that of switching, of driven values and of a force that has no
        energy [energy].
    steps : int
        Steps done.
    engine : str
        The engine that did them.
    switches : tuple of Switch
        The switches of a program's windows on the way, in order.
    variables : dict of str to ndarray, shape (B, n)
        Auxiliary variables of the integrator after the last step.
    driven : DrivenWork or None
        Work of driven values, and of a force that has no energy, by term, at every observation and switch.
    """

    final: Array
    work: npt.NDArray[np.float64]
    steps: int
    engine: str
    switches: tuple[Switch, ...] = ()
    variables: Variables = attrs.field(factory=dict)
    driven: DrivenWork | None = None

    @property
    def work_by_term(self) -> dict[str, npt.NDArray[np.float64]]:
        """Work of switching, of driven values and of a force that has no energy on each trajectory, by term."""
        found = {name: total.copy() for name, total in self.driven.sums.items()} if self.driven is not None else {}
        for switch in self.switches:
            for name, before in switch.before.items():
                found[name] = found.get(name, 0.0) + (switch.after[name] - before)
        return found


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
        ``dynamics.steps``; at a switch, the work V(x; new) - V(x; old) is done, and belongs to the step before it. What
        a schedule drives changes when a step begins, and its work belongs to that step.
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
        When an argument is of the wrong kind or out of its range, a program or schedule ends before the last step, or
        noise cannot count the steps or trajectories.
    EngineError
        When the engine cannot be used here.
    BudgetError
        When the observers would keep more than `byte_limit`.
    NonFiniteError
        At the first non-finite state; it names trajectory, unit, step, state, force terms and the largest stable dt.
    ShapeError
        When the initial states do not fit the computer.
    """
    start = start_of(dynamics, initial, key, variables, first_step, first_trajectory, trajectories)
    steps = count("steps", steps)
    interval = steps or 1 if every is None else count("every", every, at_least=1)
    check_end(dynamics, start, steps)
    check_drive(drive, start, steps)
    check_progress(progress)
    watching = observers_of(observers)
    check_budget(dynamics, start, steps, interval, watching, count("byte_limit", byte_limit))
    say_what_colors_cost(dynamics)
    chosen = engine_of(engine, dynamics.at(start.step), len(start.x), steps)
    stretch = min(steps, steps_unchecked(*start.x.shape))
    first, looks = start.step, -(-steps // interval) + 1
    asked = asked_of(dynamics, start, steps, interval, chosen, drive)
    with piece("simulation", asked, size=state_bytes(start, steps, interval, watching)) as work:
        for observer in watching:
            observer.start()
        begin, seen, held = EnsembleState(start), 0, Snapshots(*watching) if work.booked else None
        if work.left is not None and held is not None:
            with taking_up("simulation"):
                begin, seen = EnsembleState.from_arrays(work.left["trajectories"]), work.left["seen"]
                begin.check(start.key, start.trajectories, start.x.shape[1], first, first + steps)
                if type(seen) is not int or not 0 <= seen <= looks:
                    raise ValueError(f"{shown(seen)} of {looks} observations are made")
                held.put(work.left["observers"])
            if progress is not None:
                progress(begin.batch.step - first)
        ensemble = Ensemble(PreparedDynamics(chosen, dynamics), begin, drive, stretch=stretch)
        del start, begin  # rows that are no longer needed: states lie where the engine works on them

        def state() -> dict[str, Any]:
            observed = [] if held is None else held.take()
            return {"trajectories": ensemble.state().to_arrays(), "observers": observed, "seen": seen}

        while seen < looks:
            ahead = first + min(steps, seen * interval) - ensemble.step
            if ahead:
                ensemble.advance(ahead, progress=progress, pause=lambda: work.poll(state))
            _observe(watching, ensemble)
            seen += 1
        work.finish(state)
    return Simulation(
        final=ensemble.states(),
        work=ensemble.work,
        steps=steps,
        engine=ensemble.engine,
        switches=tuple(ensemble.switches),
        variables=ensemble.variables(),
        driven=ensemble.driven,
    )


def _observe(observers: Sequence[Observer], ensemble: Ensemble) -> None:
    """Show states to observers: rows are copied out if there is any."""
    if observers:
        x, variables = ensemble.states(), ensemble.variables()
        for observer in observers:
            observer.observe(ensemble.step, x, **seen_by(observer, variables))
    ensemble.note_work()
