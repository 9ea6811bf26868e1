"""The arguments of a ladder of temperatures: what is asked for is checked before anything is done."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.arguments import finite_array, instance
from thermozoo.computer.computer import Computer
from thermozoo.computer.discrete import check_states
from thermozoo.computer.terms.circulating import circulating_force
from thermozoo.dynamics.engines import Dynamics
from thermozoo.errors import ParameterError, ShapeError

__all__ = ["rung_states", "rung_temperatures", "tempered_computer"]

Array = npt.NDArray[np.float64]


def tempered_computer(given: Any) -> Computer:
    """Return the one computer of a law of motion that a temperature can be given to."""
    dynamics: Dynamics = instance("dynamics", given, Dynamics, "make one of a computer, an integrator and dt")
    if dynamics.driven is not None:
        raise ParameterError(
            "tempering holds each rung at its temperature, and the dynamics has a schedule: leave the schedule out"
        )
    integrator = type(dynamics.integrator)
    if integrator.variables:
        raise ParameterError(
            f"tempering exchanges states, and {dynamics.integrator.name!r} advances {', '.join(integrator.variables)} "
            "beside them: take an integrator that advances states alone, such as 'heat-bath' or 'euler-maruyama'"
        )
    if not integrator.thermal:
        raise ParameterError(
            f"tempering needs rungs in equilibrium, and {dynamics.integrator.name!r} does not relax to the Boltzmann "
            "distribution: take another integrator, such as 'heat-bath' or 'euler-maruyama'"
        )
    if dynamics.baths is not None:
        raise ParameterError(
            "tempering holds each rung at its temperature, and the dynamics has a bath of its own for each unit: leave "
            "baths out"
        )
    if circulating_force(dynamics.one_computer) is not None:
        raise ParameterError(
            "tempering needs rungs in equilibrium, and units with asymmetric couplings have none: give the couplings "
            "one strength for both directions"
        )
    return dynamics.one_computer


def rung_temperatures(temperatures: npt.ArrayLike) -> Array:
    """Return the temperatures of rungs, after a look at them."""
    found = np.array(finite_array("temperatures", temperatures, ("rungs",)), dtype=np.float64)
    if len(found) < 2 or found[0] <= 0 or not (np.diff(found) > 0).all():
        told = ", ".join(f"{kT:g}" for kT in found[:6]) + (", ..." if len(found) > 6 else "")
        raise ParameterError(
            f"temperatures must be two or more that rise from above zero, got {told or 'none'}: numpy.geomspace(cold, "
            "hot, rungs) makes such"
        )
    return found


def rung_states(initial: npt.ArrayLike, rungs: int, dynamics: Dynamics, computer: Computer) -> npt.NDArray[Any]:
    """Return a copy of the initial states, of each rung."""
    given = finite_array("initial states", initial, ("...", "ladders", computer.n))
    if given.ndim == 2:
        given = np.broadcast_to(given, (rungs, *given.shape))
    if given.ndim != 3 or len(given) != rungs or not given.shape[1]:
        raise ShapeError(
            f"initial states must have shape (ladders, {computer.n}) or ({rungs}, ladders, {computer.n}), with at "
            f"least one ladder, got {np.shape(initial)}"
        )
    x = np.array(given, dtype=dynamics.dtype, order="C")
    check_states(computer, x.reshape(-1, computer.n))
    return x
