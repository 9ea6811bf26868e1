"""States of uncoupled units in equilibrium: exact samples of their Boltzmann distributions, instead of a relaxation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.arguments import instance, integer_array
from thermozoo.computer.boltzmann import unit_boltzmann
from thermozoo.computer.onsite import UnitEnergy
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.noise import NUMBERS, NoiseKey, uniforms
from thermozoo.errors import ParameterError

__all__ = ["equilibrium_states", "why_no_equilibrium"]

Array = npt.NDArray[np.floating[Any]]

#: Trajectories that are drawn at once.
_ROWS = 256


def why_no_equilibrium(dynamics: Dynamics) -> str | None:
    """Return None, or why the units of a law of motion, without couplings and biases, have no Boltzmann distribution.

    Parameters
    ----------
    dynamics : Dynamics
        Of one computer. Its clamped units need none.
    """
    if not type(dynamics.integrator).thermal:
        return f"the integrator {dynamics.integrator.name!r} does not relax to the Boltzmann distribution"
    if dynamics.driven is not None:
        return "a schedule drives the units"
    try:
        for _ in _distributions(dynamics):
            pass
    except ParameterError as error:
        return str(error)
    return None


def equilibrium_states(dynamics: Dynamics, key: NoiseKey, trajectories: npt.ArrayLike) -> Array:
    """Return states of uncoupled units in equilibrium, shape (B, n); clamped units are zero.

    A trajectory's states depend on seed, stream and its number alone. With `simulate(..., key=key)`, whose steps share
    no number with them, auxiliary variables start in equilibrium as well.

    Parameters
    ----------
    dynamics : Dynamics
        Of one computer; its couplings and biases are left out.
    key : NoiseKey
        Seed and stream.
    trajectories : array_like of int, shape (B,)
        Numbers of the trajectories.

    Raises
    ------
    ArgumentError, ShapeError
        When an argument is none of these.
    ParameterError
        When a unit has no Boltzmann distribution; see `why_no_equilibrium`.

    Examples
    --------
    >>> import thermozoo as tz
    >>> unit = tz.assemble({"unit": 1}, tz.get("quadratic"), tz.get("dense"), temperature=0.1)
    >>> law = tz.Dynamics(unit, tz.get("euler-maruyama"), dt=1e-2)
    >>> x = tz.equilibrium_states(law, tz.NoiseKey(1), range(100_000))
    >>> round(float(x.var()), 3)                       # kT / U'' with U = x^2
    0.05
    """
    instance("dynamics", dynamics, Dynamics, "make one of a computer, an integrator and dt")
    instance("key", key, NoiseKey, "give NoiseKey(seed)")
    numbers = integer_array("trajectories", trajectories, ("trajectories",), at_most=NUMBERS - 1)
    n = dynamics.computer.n
    x = np.zeros((len(numbers), n), dtype=dynamics.dtype)
    found = list(_distributions(dynamics))
    for first in range(0, len(x), _ROWS):
        rows = slice(first, first + _ROWS)
        u = uniforms(key.preparation, 0, numbers[rows], n)
        for where, quantile in found:
            x[rows, where] = quantile(u[:, where])
    return x


def _distributions(dynamics: Dynamics) -> Any:
    """Yield (positions, quantile function) of every group of free units."""
    computer = dynamics.one_computer
    if dynamics.baths is not None:
        raise ParameterError(
            "units in baths of their own have no equilibrium in common: leave baths out, or let states relax by "
            "simulate"
        )
    for where, one in computer.onsite.parts():
        if not computer.layout.free[where.start]:
            continue
        if one.potential.states is None:
            yield where, unit_boltzmann(one, computer.temperature).quantile
        else:
            yield where, _discrete(one, computer.temperature)


def _discrete(one: UnitEnergy, kT: float) -> Any:
    """Return the quantile function of discrete units: u shares out 0..1 among the states, each with its probability."""
    states = np.asarray(one.potential.states, dtype=np.float64)
    energy = np.atleast_2d(one.columns().energy(states[None, :])) / kT
    weights = np.exp(-(energy - energy.min(axis=1, keepdims=True)))
    below = np.cumsum(weights, axis=1)[:, :-1] / weights.sum(axis=1, keepdims=True)

    def quantile(u: Array) -> Array:
        chosen: Array = states[(u[..., None] >= below).sum(axis=-1)]
        return chosen

    return quantile
