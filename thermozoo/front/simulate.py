"""Trajectories as an xarray data set, with their heat."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from thermozoo.arguments import finite_array, instance
from thermozoo.computer.term import ASYMMETRY
from thermozoo.dynamics.engines import Drive, Dynamics, Engine
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.dynamics.simulate import BYTE_LIMIT, Simulation
from thermozoo.dynamics.simulate import simulate as run
from thermozoo.dynamics.trajectories import EnergyTerms, KeptStates
from thermozoo.errors import ParameterError

if TYPE_CHECKING:
    import xarray

__all__ = ["simulate"]


def simulate(
    dynamics: Dynamics,
    x0: npt.ArrayLike | xarray.Dataset,
    steps: int | None = None,
    *,
    seed: int | None = None,
    key: NoiseKey | None = None,
    variables: Mapping[str, npt.ArrayLike] | None = None,
    every: int | None = None,
    drive: Drive | None = None,
    first_step: int | None = None,
    first_trajectory: int | None = None,
    energies: bool = True,
    engine: Engine | str = "auto",
    progress: Callable[[int], None] | None = None,
    byte_limit: int = BYTE_LIMIT,
) -> xarray.Dataset:
    r"""Run trajectories and book their heat: :math:`dx_i = -\mu\, \partial_i V\, dt + \sqrt{2 \mu k_B T}\, dW_i`.

    An integrator whose units have more than a state, such as a velocity, has a law of its own.

    Parameters
    ----------
    dynamics : Dynamics
        Computer or program, integrator, time step and precision. A program or a schedule has its ``steps`` as well, in
        which windows switch and values change.
    x0 : array_like, shape (trajectories, n) or (n,), or xarray.Dataset
        Initial states; or what an earlier call returned, to go on from its last states, steps and noise: N steps are
        bit for bit k steps and then N - k.
    steps : int, optional
        Steps to do (default: those of the dynamics that are left).
    seed : int, optional
        Seed of the noise. Without it one is drawn; the result's attribute ``seed`` says which.
    key : NoiseKey, optional
        Seed and stream of the noise, instead of `seed`.
    variables : mapping of str to array_like, shape (trajectories, n), optional
        Auxiliary variables of the integrator at the start, such as velocities (default: those that `x0` ends with, or
        drawn as the integrator says, mostly from their Boltzmann distribution).
    every : int, optional
        Steps between observations; the initial and the final states are always observed.
    drive : Drive, optional
        Imposed signal.
    first_step, first_trajectory : int, optional
        Numbers of the first step and trajectory (default: 0, or where `x0` ends).
    energies : bool
        Whether to keep the energy by term at every observation.
    engine : Engine or str
        ``"auto"``, ``"compiled"``, ``"reference"`` or an engine.
    progress : callable, optional
        Called with the number of steps done since its last call.
    byte_limit : int
        Bytes that may be kept.

    Returns
    -------
    xarray.Dataset
        ``x`` (observation, trajectory, unit), the final states last; ``heat`` and ``work`` (trajectory) of the whole,
        in units of energy, with :math:`Q = W - (V_\text{end} - V_\text{start})`; ``energy`` (term, observation,
        trajectory), with the kinetic energy where there is one; each auxiliary variable of the integrator by its name,
        like ``x``; of a program ``switching`` (term, window, trajectory), the work of switching to each window but the
        first, which is part of ``work``; of a program, a schedule or asymmetric couplings ``work_by_term`` (term,
        trajectory), the work of all, which is all of ``work`` where no signal is imposed; coordinates ``time``,
        ``step``, ``trajectory`` and ``group`` (of each unit). Driven values are in ``driven`` (target, observation),
        those before each step.

    Raises
    ------
    BudgetError
        When more than `byte_limit` would be kept.
    NonFiniteError
        At the first non-finite state; it names trajectory, unit, step, state, force terms and the largest stable dt.
    ShapeError
        When the initial states do not fit the computer.

    Examples
    --------
    A quartic unit, 1,000 times, from the origin:

    >>> import numpy as np, thermozoo as tz
    >>> unit = tz.assemble({"unit": 1}, tz.get("quartic"), tz.get("dense"), temperature=0.1)
    >>> dynamics = tz.Dynamics(unit, tz.get("euler-maruyama"), dt=1e-2)
    >>> done = tz.simulate(dynamics, np.zeros((1000, 1)), 200, seed=1)
    >>> done.x.dims, done.x.shape
    (('observation', 'trajectory', 'unit'), (2, 1000, 1))
    >>> bool(abs(done.heat.mean() + 0.05) < 0.01)                  # it takes kT / 2 from the bath, a little less
    True
    """
    noise, states, first, number = _start(x0, seed, key, first_step, first_trajectory)
    instance("dynamics", dynamics, Dynamics, "Dynamics(computer, integrator, dt)")
    if steps is None:
        steps = dynamics.steps - first
        if steps < 1:
            raise ParameterError(
                f"say how many steps: simulate(..., steps); the dynamics have {dynamics.steps}, and it begins with "
                f"step {first}"
            )
    if variables is None:
        variables = _held(x0, tuple(type(dynamics.integrator).variables))
    kept, terms = KeptStates(), EnergyTerms(dynamics)
    done = run(
        dynamics,
        states,
        steps,
        key=noise,
        variables=variables,
        first_step=first,
        first_trajectory=number,
        drive=drive,
        every=every,
        observers=[kept, terms] if energies else [kept],
        engine=engine,
        progress=progress,
        byte_limit=byte_limit,
    )
    x = kept.states
    if not energies:
        for step, k in ((first, 0), (first + steps, -1)):
            terms.observe(step, x[k], {name: values[k] for name, values in kept.variables.items()})
    total = np.sum(list(terms.terms.values()), axis=0)
    change = total[-1] - total[0]
    if drive is not None:
        signals = np.asarray(drive.signals, dtype=np.float64)[drive.which]
        for sign, state, step in ((1.0, x[-1], first + steps), (-1.0, x[0], first)):
            for intensity, units in drive.protocols:
                change = change - sign * intensity[step] * np.sum(signals[:, units] * state[:, units], axis=1)
    return _dataset(dynamics, noise, kept, number, done, change, terms.terms if energies else None)


def _start(
    x0: Any, seed: int | None, key: NoiseKey | None, first_step: int | None, first_trajectory: int | None
) -> tuple[NoiseKey, Any, int, int]:
    """Return the noise, the states (B, n), and the numbers of the first step and trajectory."""
    if seed is not None and key is not None:
        raise ParameterError("give a seed or a key, which holds a seed and a stream, not both")
    given = key if seed is None else NoiseKey(seed)
    if hasattr(x0, "data_vars"):
        missing = [name for name in ("x", "step", "trajectory") if name not in x0]
        if missing:
            raise ParameterError(
                f"the data set to go on from lacks {missing[0]!r}: give what simulate returned, or an array of states"
            )
        states = np.array(x0["x"].values[-1])
        first_step = int(x0["step"].values[-1]) if first_step is None else first_step
        first_trajectory = int(x0["trajectory"].values[0]) if first_trajectory is None else first_trajectory
        if given is None and "seed" in x0.attrs:
            given = NoiseKey(int(x0.attrs["seed"]), int(x0.attrs["stream"]))
    else:
        states = finite_array("x0", x0, ("...", "n"))
        states = states[np.newaxis] if states.ndim == 1 else states
    if given is None:
        given = NoiseKey(secrets.randbits(63))
    return given, states, 0 if first_step is None else first_step, 0 if first_trajectory is None else first_trajectory


def _held(x0: Any, names: tuple[str, ...]) -> dict[str, npt.NDArray[Any]] | None:
    """Return the auxiliary variables that a data set ends with; None where it has none of the integrator's."""
    if not names or not hasattr(x0, "data_vars") or not all(name in x0 for name in names):
        return None
    return {name: np.array(x0[name].values[-1]) for name in names}


def _dataset(
    dynamics: Dynamics,
    key: NoiseKey,
    kept: KeptStates,
    first_trajectory: int,
    done: Simulation,
    change: npt.NDArray[Any],
    terms: dict[str, npt.NDArray[Any]] | None,
) -> xarray.Dataset:
    import xarray

    computer, x, steps = dynamics.computer, kept.states, kept.steps
    energy = {"units": "E0"}
    circulating = ", and of asymmetric couplings along the path," if ASYMMETRY in dynamics.term_names else ""
    variables: dict[str, Any] = {
        "x": (("observation", "trajectory", "unit"), x, {"units": "1", "long_name": "states, the final ones last"}),
        "heat": ("trajectory", done.work - change, {**energy, "long_name": "heat released, first to last observation"}),
        "work": (
            "trajectory",
            done.work,
            {**energy, "long_name": f"work of imposed signal, switching and schedule{circulating}"},
        ),
    }
    for name, one in type(dynamics.integrator).variables.items():
        said = {"units": one.unit, "long_name": f"{one.doc}, the final ones last"}
        variables[name] = (("observation", "trajectory", "unit"), kept.variables[name], said)
    if terms is not None:
        variables["energy"] = (
            ("term", "observation", "trajectory"),
            np.stack(list(terms.values())),
            {**energy, "long_name": "energy by term"},
        )
    if done.switches:
        variables["switching"] = (
            ("term", "window", "trajectory"),
            np.stack([[one.after[t] - one.before[t] for one in done.switches] for t in dynamics.term_names]),
            {**energy, "long_name": "work of switching by term"},
        )
    if done.switches or done.driven is not None:
        by_term, none = done.work_by_term, np.zeros(x.shape[1])
        variables["work_by_term"] = (
            ("term", "trajectory"),
            np.stack([by_term.get(name, none) for name in dynamics.term_names]),
            {**energy, "long_name": f"work of switching and of the schedule{circulating} by term"},
        )
    if dynamics.schedule is not None and dynamics.driven is not None:
        targets = list(dynamics.schedule.targets)
        values = [dynamics.schedule.values(name, dynamics.steps, dynamics.dt)[steps] for name in targets]
        variables["driven"] = (("target", "observation"), np.stack(values), {"long_name": "values of the schedule"})
    return xarray.Dataset(
        variables,
        coords={
            "step": ("observation", np.array(steps)),
            "time": ("observation", np.array(steps) * dynamics.dt * computer.mobility, {"units": "1 / (mobility E0)"}),
            "trajectory": np.arange(first_trajectory, first_trajectory + x.shape[1]),
            "group": ("unit", np.repeat(list(computer.layout.groups), list(computer.layout.sizes.values()))),
            **({"switched": ("window", [one.step for one in done.switches])} if done.switches else {}),
            **({"term": list(dynamics.term_names)} if any("term" in one[0] for one in variables.values()) else {}),
            **({"target": targets} if "driven" in variables else {}),
        },
        attrs={
            "seed": key.seed if key.seed < 2**63 else str(key.seed),
            "stream": key.stream,
            "engine": done.engine,
            "integrator": dynamics.integrator.name,
            "dt": dynamics.dt,
            "precision": dynamics.precision,
            "temperature_kT_in_E0": computer.temperature,
            "computer_digest": computer.digest(),
        },
    )
