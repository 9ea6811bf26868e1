"""The largest time step at which an explicit step is stable.

An explicit step of dx = -mu V'(x) dt contracts in the direction of an eigenvector of the Hessian with eigenvalue h
while mu h dt < 2. The largest h is bounded by the largest on-site curvature over the states that are visited plus the
spectral norm of J.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.computer.boltzmann import unit_boltzmann
from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import Couplings, bilinear
from thermozoo.computer.discrete import discrete_groups
from thermozoo.computer.onsite import UnitEnergy
from thermozoo.computer.program import Program
from thermozoo.errors import ParameterError, StabilityError
from thermozoo.symbolic.defined import infinite_curvature
from thermozoo.symbolic.guard import where_written

__all__ = ["check_time_step", "largest_stable_dt", "stability_in_words"]

Array = npt.NDArray[np.floating[Any]]

#: States more than this many kT above the minimum are not visited often enough to set the bound.
_VISITED = 20.0


def largest_stable_dt(computer: Computer, forces: tuple[float, float] = (0.0, 0.0)) -> float:
    """Return the time step above which an explicit step is unstable [time].

    Parameters
    ----------
    computer : Computer
        The computer.
    forces : (float, float)
        Smallest and largest constant force that a signal exerts on a unit [energy].

    Returns
    -------
    float
        Infinite where no curvature sets a bound: an energy of straight pieces, such as :math:`|x|`; discrete units,
        which take no steps in time that could be too long.

    Raises
    ------
    StabilityError
        When the curvature is infinite, or not a number, at a state that is visited.
    """
    if discrete_groups(computer).keys() - computer.layout.clamped:
        return float("inf")
    largest = 0.0
    ends = np.array(sorted({float(f) for f in forces}))
    for where, one in computer.onsite.parts():
        if not computer.layout.free[where.start]:
            continue  # a clamped group takes no steps
        rows = where.stop - where.start
        cusps = infinite_curvature(one.formulas, one.values)
        unit = one if any(np.ndim(v) for v in one.values.values()) else one.at(slice(0, 1))
        for force in ends:
            many = np.full(rows, force) if unit is one and rows > 1 else force
            boltzmann = unit_boltzmann(unit, computer.temperature, many, points=257)
            visited = boltzmann.weight > boltzmann.weight.max(axis=1, keepdims=True) * np.exp(-_VISITED)
            curvature = unit.columns().curvature(boltzmann.x)
            _check_curvature(unit, curvature, boltzmann.x, visited)
            largest = max(largest, float(np.abs(curvature[visited]).max()))
            low, high = boltzmann.x[visited].min(), boltzmann.x[visited].max()
            for cusp in cusps:  # which a grid misses
                if low < cusp < high:
                    raise _infinite(unit, cusp)
        # every run starts at x = 0, whether the grid meets it or not
        start = np.zeros((len(boltzmann.x), 1))
        _check_curvature(unit, unit.columns().curvature(start), start, np.ones(start.shape, dtype=bool))
    if not np.isfinite(computer.couplings.vector).all():
        raise StabilityError("a coupling is not a finite number, so that no time step is stable")
    largest += bilinear(_among_moving(computer)).spectral_norm()
    return 2.0 / (computer.mobility * largest) if largest > 0 else float("inf")


def _among_moving(computer: Computer) -> Couplings:
    """Return the couplings, those to clamped units set to zero."""
    couplings, free = computer.couplings, computer.layout.free
    if free.all():
        return couplings
    return couplings.with_vector(np.where(free[couplings.edges].all(axis=1), couplings.vector, 0.0))


def _check_curvature(unit: UnitEnergy, curvature: Array, x: Array, visited: npt.NDArray[np.bool_]) -> None:
    """Raise StabilityError where a unit visits a state at which its energy has no finite curvature."""
    bad = visited & ~np.isfinite(curvature)
    if bad.any():
        raise _infinite(unit, float(x[bad][0]))


def _infinite(unit: UnitEnergy, x: float) -> StabilityError:
    return StabilityError(
        f"{type(unit.potential).__name__}: the curvature of the energy is infinite at x = {x:g} "
        f"({where_written(unit.potential.energy)}), so that no explicit time step is stable: choose parameters, or "
        "write an energy, with a finite curvature there"
    )


def stability_in_words(computer: Computer) -> str:
    """Return what is known of the largest stable time step, for a message about something else."""
    try:
        bound = largest_stable_dt(computer)
    except (ParameterError, StabilityError) as error:
        return f"no time step is known to be stable: {error}"
    return f"largest stable dt about {bound:.2g}" if np.isfinite(bound) else "its curvature sets no bound on dt"


def check_time_step(computer: Computer | Program, dt: float, forces: tuple[float, float] = (0.0, 0.0)) -> None:
    """Raise StabilityError when `dt` is above the bound, or there is none; the message names the largest stable one.

    Of a program, `dt` must be stable in every window.
    """
    bound = min(largest_stable_dt(one, forces) for one in Program.of(computer).computers)
    if not dt < bound:
        raise StabilityError(
            f"dt = {dt:g} is above the stability bound 2 / (mobility x largest curvature) = {bound:.3g} of this "
            f"computer: choose dt <= {bound / 10:.1g} for accurate trajectories"
        )
