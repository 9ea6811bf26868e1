"""Auxiliary variables of units, such as velocities, beside the states of a batch: their start and kinetic energy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.arguments import finite_array, instance, told
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.noise import NoiseKey, normals
from thermozoo.errors import ArgumentError, ParameterError, UnknownNameError, nearest
from thermozoo.interfaces.tree import values_of

__all__ = ["Variables", "given_variables", "kinetic_energy", "kinetic_terms", "resting", "start_variables"]

Array = npt.NDArray[np.floating[Any]]

#: The auxiliary variables of a batch: one array of shape (B, n) each, by name.
Variables = dict[str, Array]

#: Draws of preparation from this one on are those of auxiliary variables; the states take the first.
_DRAW = 1


def resting(dynamics: Dynamics, trajectories: int) -> Variables:
    """Return auxiliary variables that are all zero."""
    shape = (trajectories, dynamics.computer.n)
    return {name: np.zeros(shape, dynamics.dtype) for name in type(dynamics.integrator).variables}


def start_variables(dynamics: Dynamics, key: NoiseKey, trajectories: npt.NDArray[np.int64]) -> Variables:
    """Return auxiliary variables before the first step, as the integrator says: by default Boltzmann distributed.

    Those of clamped units are zero. A trajectory's numbers depend on seed, stream and its number alone.

    Parameters
    ----------
    dynamics : Dynamics
        The law of motion.
    key : NoiseKey
        Seed and stream of the steps; what prepares the states shares no number with them.
    trajectories : ndarray of int, shape (B,)
        Numbers of the trajectories.
    """
    if not type(dynamics.integrator).variables:
        return {}
    from thermozoo.symbolic.start import starts_of

    step, starts = starts_of(dynamics.integrator)
    computer, found = dynamics.computer, resting(dynamics, len(trajectories))
    constants = {"dt": dynamics.dt, "mobility": computer.mobility, "kT": dynamics.kT}
    bound = step.bind(values_of(dynamics.integrator), **constants)
    for draw, (name, start) in enumerate(starts.items()):
        mean, spread = (bound.function("start", [], one)()[0] for one in (start.mean, start.spread))
        xi = normals(key.preparation, 0, trajectories, computer.n, _DRAW + draw)
        free = computer.layout.free
        found[name][:, free] = (mean + spread * xi)[:, free]
    return found


def given_variables(dynamics: Dynamics, given: Mapping[str, npt.ArrayLike], trajectories: int) -> Variables:
    """Return copies of auxiliary variables in the precision of the dynamics.

    Raises
    ------
    ArgumentError, UnknownNameError
        When it is no mapping of the integrator's variables, or lacks one.
    ParameterError
        When one is not finite, or not zero on a clamped unit, which does not move.
    ShapeError
        When one has not one value for each trajectory and unit.
    """
    known = tuple(type(dynamics.integrator).variables)
    listed = ", ".join(known) or "none"
    if not isinstance(given, Mapping):
        raise ArgumentError(f"variables must map names to arrays (trajectories, units), got {told(given)}")
    for name in given:
        if name not in known:
            raise UnknownNameError(
                f"{dynamics.integrator.name!r} has no variable {told(name)}{nearest(str(name), known)}; variables: "
                f"{listed}"
            )
    missing = [name for name in known if name not in given]
    if missing:
        raise ParameterError(
            f"variables lacks {missing[0]!r} of {dynamics.integrator.name!r} (variables: {listed}): give one value for "
            "each trajectory and unit, or leave variables out"
        )
    found, clamped = {}, ~dynamics.computer.layout.free
    for name in known:
        values = finite_array(f"variables[{name!r}]", given[name], (trajectories, dynamics.computer.n))
        if np.any(values[:, clamped]):
            raise ParameterError(f"variables[{name!r}] must be 0 on clamped units: they do not move")
        with np.errstate(over="ignore", under="ignore"):
            found[name] = np.array(values, dtype=dynamics.dtype, order="C")
        if not np.isfinite(found[name]).all():
            raise ParameterError(f"variables[{name!r}] must be finite in {dynamics.precision} precision")
    return found


def kinetic_terms(dynamics: Dynamics, variables: Mapping[str, Array]) -> dict[str, npt.NDArray[np.float64]]:
    """Return the kinetic energy of each trajectory as a term of the energy; no term where there is none."""
    return {"kinetic": kinetic_energy(dynamics, variables)} if "kinetic" in dynamics.term_names else {}


def kinetic_energy(dynamics: Dynamics, variables: Mapping[str, Array]) -> npt.NDArray[np.float64]:
    """Return the kinetic energy of each trajectory, in double precision, shape (B,) [energy].

    Parameters
    ----------
    dynamics : Dynamics
        Of one computer: what acts in the step, see `Dynamics.at`.
    variables : mapping of str to ndarray, shape (B, n)
        Auxiliary variables.
    """
    from thermozoo.symbolic.trace import trace_step

    integrator = instance("dynamics", dynamics, Dynamics).integrator
    step, computer = trace_step(integrator), dynamics.computer
    bound = step.bind(values_of(integrator), mobility=computer.mobility, kT=dynamics.kT)
    names = list(step.variables)
    function = bound.function("kinetic", [step.variables[name] for name in names], step.kinetic)
    values = function(*(np.asarray(variables[name], dtype=np.float64) for name in names))[0]
    total: npt.NDArray[np.float64] = values[:, computer.layout.free].sum(axis=1)
    return total
