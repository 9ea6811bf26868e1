"""What the time step of generation costs in bias, as far as it is known before the run: of units in equilibrium.

In long runs of steps the mean energy of a unit is not that of its Boltzmann distribution. Generation begins with
uncoupled units in equilibrium, and where it is slow it ends with each unit about as the imposed signal held it when
noising began. Heat is the energy lost, so that it is off by the bias at the start less that at the end. What coupled
units add, and steps that are too long for what moves, is known of a trained computer alone.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.onsite import UnitEnergy
from thermozoo.computer.stability import largest_stable_dt
from thermozoo.dynamics.engines import Dynamics
from thermozoo.dynamics.stationary import energy_bias
from thermozoo.errors import ParameterError, StabilityError
from thermozoo.runs.machine import Machine
from thermozoo.symbolic.trace import trace_step

__all__ = ["StepBias", "step_bias"]

#: The time steps that are compared, over that of the config.
_FACTORS = (0.25, 1.0, 2.0)

#: Forces at which the bias is found; between them it is a polynomial.
_FORCES = 11


@attrs.frozen
class StepBias:
    """Bias of one time step.

    Parameters
    ----------
    dt : float
        The time step [time].
    steps, products : int
        Steps of generation, and products of couplings and states for each picture.
    start_kT, end_kT : float or None
        Sum over the units of a picture of what the mean energy of each is too high by in equilibrium: of bare ones, and
        of those that the signal of an image holds as noising begins; None where these steps are unstable.
    """

    dt: float
    steps: int
    products: int
    start_kT: float | None
    end_kT: float | None

    def as_json(self) -> dict[str, Any]:
        """Return what ``thermozoo estimate --json`` prints of it."""
        found = {**attrs.asdict(self), "heat_kT": self.heat_kT}
        return {
            key: round(value, 4) if key.endswith("kT") and value is not None else value for key, value in found.items()
        }

    @property
    def heat_kT(self) -> float | None:
        """What the heat of a picture is too high by, as far as its units are in equilibrium when it begins and ends."""
        return None if self.start_kT is None or self.end_kT is None else self.start_kT - self.end_kT


def step_bias(machine: Machine) -> tuple[StepBias, ...]:
    """Return the bias of the time step of generation, of a quarter of it and of its double.

    Where units of a group have parameter values of their own, the first stands for all. There is none for integrators
    with auxiliary variables or more than two noises a step, and for units without a Boltzmann distribution on a line.
    """
    from threadpoolctl import threadpool_limits

    law = machine.generating
    step = trace_step(law.integrator)
    forces = _held(machine)
    try:
        stable = largest_stable_dt(machine.computer, (float(forces.min()), float(forces.max())))
        with threadpool_limits(1, user_api="blas"):  # systems this small only lose by being shared
            return tuple(
                _row(law, dt, forces, stable, len(step.stages) - step.carries)
                for dt in (factor * law.dt for factor in _FACTORS)
            )
    except (ParameterError, StabilityError):
        return ()


def _held(machine: Machine) -> npt.NDArray[np.float64]:
    """Return the force with which the signal of each image holds each unit as noising begins, (images, n) [energy]."""
    parts = [part.noising for part in machine.parts]
    return np.concatenate([one.intensities[one.protocol_of, 0] * one.signals for one in parts])


def _row(law: Dynamics, dt: float, forces: npt.NDArray[np.float64], stable: float, products: int) -> StepBias:
    steps = round(law.steps * law.dt / dt)
    if not dt < stable:
        return StepBias(dt, steps, steps * products, None, None)
    computer = law.one_computer
    start = end = 0.0
    for where, group in computer.onsite.parts():
        if not computer.layout.free[where.start]:
            continue
        one = group.at(slice(0, 1)) if any(np.ndim(value) for value in group.values.values()) else group
        held = forces[:, where]
        start += held.shape[1] * _bias(law, dt, one, 0.0)
        end += float(_interpolated(law, dt, one, held).sum(axis=1).mean())
    return StepBias(dt, steps, steps * products, start, end)


def _bias(law: Dynamics, dt: float, one: UnitEnergy, force: float) -> float:
    """Return the bias of one unit's energy [kT]."""
    computer = law.one_computer
    kT = computer.temperature
    return energy_bias(law.integrator, one, kT=kT, mobility=computer.mobility, dt=dt, force=force) / kT


def _interpolated(
    law: Dynamics, dt: float, one: UnitEnergy, forces: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the bias of one unit's energy at many forces [kT]."""
    low, high = float(forces.min()), float(forces.max())
    if low == high:
        return np.full(forces.shape, _bias(law, dt, one, low))
    found = np.polynomial.Chebyshev.interpolate(
        lambda at: np.array([_bias(law, dt, one, float(force)) for force in at]), _FORCES - 1, domain=[low, high]
    )
    result: npt.NDArray[np.float64] = found(forces)
    return result
