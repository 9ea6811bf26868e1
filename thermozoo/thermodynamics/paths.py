r"""Path probabilities, and the identities that tie them to heat.

For Euler-Maruyama and a step x -> x' with D = x' - x, g- = dV_0(x) (the energy that drives the step) and g+ =
dV_theta(x') (the energy that would drive its reverse),

    ln P_0[w] / P_theta[w~] = -(beta/2) sum D.(g+ + g-) + (beta mu dt/4) sum (|g+|^2 - |g-|^2),

exactly, for any time step, energy and parameters. For equal energies the last sum telescopes and the first is beta
times the heat by the midpoint rule, so ln P[w]/P[w~] -> beta Q as dt -> 0 (W. eq. 14).
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, instance, positive, real_array
from thermozoo.computer.computer import Computer
from thermozoo.errors import FormulaError, ShapeError
from thermozoo.interfaces import Integrator
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.action import TransitionDensity, transition_density

__all__ = ["StepDensity", "log_path_ratio", "midpoint_heat"]

Array = npt.NDArray[np.floating[Any]]


@attrs.frozen(eq=False)
class StepDensity:
    """Transition density of a whole computer, from the formula of its integrator.

    Parameters
    ----------
    integrator : Integrator
        A scheme that is linear in its noise.
    dt : float
        Time step [time].
    """

    integrator: Integrator = checked(instance, Integrator)
    dt: float = checked(positive)
    derived: TransitionDensity = attrs.field(init=False, repr=False)

    @derived.default
    def _derived(self) -> TransitionDensity:
        return transition_density(self.integrator)

    @classmethod
    def of(cls, integrator: Integrator, dt: float) -> StepDensity | None:
        """Return the transition density, None where the integrator has no closed one."""
        try:
            return cls(integrator, dt)
        except FormulaError:
            return None

    def log_density(
        self,
        computer: Computer,
        x: Array,
        x_next: Array,
        imposed: Array | float = 0.0,
        gradient: Array | None = None,
    ) -> Array:
        """Return ln p(x' | x) summed over the units that move, in double precision, shape (...) of x (..., n).

        Parameters
        ----------
        computer : Computer
            Whose energy drives the step.
        x, x_next : ndarray, shape (..., n)
            States before and after.
        imposed : ndarray or float
            Extra force on every unit [energy].
        gradient : ndarray, shape (..., n), optional
            dV at `x`, where the caller has it already.
        """
        step = self.derived.step
        constants = {"dt": self.dt, "mobility": computer.mobility, "kT": computer.temperature}
        bound = step.bind(values_of(self.integrator), **constants)
        forces: list[Array] = []
        for k, stage in enumerate(step.stages):
            if stage == step.x:
                forces.append(imposed - (computer.gradient(x) if gradient is None else gradient))
                continue
            at = bound.function(f"stage_{k}", [step.x, *step.forces[:k]], stage)(x, *forces)[0]
            at[..., ~computer.layout.free] = x[..., ~computer.layout.free]  # clamped units stay where they are
            forces.append(imposed - computer.gradient(at))
        arguments = [step.x, *step.forces, self.derived.x_next]
        by_unit = bound.function("log_density", arguments, self.derived.log_density)(x, *forces, x_next)[0]
        total: Array = by_unit[..., computer.layout.free].sum(axis=-1, dtype=np.float64)
        return total


def log_path_ratio(
    integrator: Integrator,
    dt: float,
    states: Array,
    forward: Computer,
    backward: Computer,
    imposed: Array | float = 0.0,
) -> Array:
    """Return ln P_forward[w] - ln P_backward[w~] of paths, conditional on where each starts [nat].

    Parameters
    ----------
    integrator, dt
        The scheme and its time step.
    states : ndarray, shape (steps + 1, ..., n)
        The paths w.
    forward, backward : Computer
        What generates w, and what generates its reverse w~.
    imposed : ndarray of shape (steps, ..., n) or float
        Extra force during each forward step [energy].
    """
    density = StepDensity(integrator, dt)
    n = instance("forward", forward, Computer).n
    if instance("backward", backward, Computer).n != n:
        raise ShapeError(f"forward and backward must have as many units, got {n} and {backward.n}")
    states = real_array("states", states, ("...", "steps + 1", n))
    there = density.log_density(forward, states[:-1], states[1:], imposed)
    back = density.log_density(backward, states[1:], states[:-1])
    ratio: Array = (there - back).sum(axis=0)
    return ratio


def midpoint_heat(states: Array, computer: Computer) -> Array:
    """Return the heat along paths by the midpoint rule, -sum D . (dV(x) + dV(x')) / 2 [energy], shape (...)."""
    states = real_array("states", states, ("...", "steps + 1", instance("computer", computer, Computer).n))
    gradient = computer.gradient(states)
    heat: Array = -0.5 * np.einsum("k...i,k...i->...", np.diff(states, axis=0), gradient[1:] + gradient[:-1])
    return heat
