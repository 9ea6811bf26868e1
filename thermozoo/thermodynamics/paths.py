r"""Path probabilities, and the identities that tie them to heat.

For Euler-Maruyama and a step x -> x' with D = x' - x, g- = dV_0(x) (the energy that drives the step) and g+ =
dV_theta(x') (the energy that would drive its reverse),

    ln P_0[w] / P_theta[w~] = -(beta/2) sum D.(g+ + g-) + (beta mu dt/4) sum (|g+|^2 - |g-|^2),

exactly, for any time step, energy and parameters. For equal energies the last sum telescopes and the first is beta
times the heat by the midpoint rule, so ln P[w]/P[w~] -> beta Q as dt -> 0 (W. eq. 14).

With auxiliary variables the reverse of a step (x, v) -> (x', v') is (x', e v') -> (x, e v), with the parity e of each
variable. For BAOAB ln P[w]/P[w~] is beta times the heat that friction and noise take, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import checked, instance, positive, real_array
from thermozoo.computer.computer import Computer
from thermozoo.errors import FormulaError, ParameterError, ShapeError
from thermozoo.interfaces import Integrator
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.action import TransitionDensity, is_reversible, transition_density

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
        variables: Mapping[str, Array] = MappingProxyType({}),
        variables_next: Mapping[str, Array] = MappingProxyType({}),
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
        variables, variables_next : mapping of str to ndarray, shape (..., n)
            Auxiliary variables of the integrator, before and after. What is returned is the density on the support: of
            the results from which the noise is solved for.
        """
        step = self.derived.step
        for given in (variables, variables_next):
            if set(given) != set(step.variables):
                raise ParameterError(
                    f"a step of {self.integrator.name!r} goes from and to the variables "
                    f"{', '.join(step.variables) or 'none'} beside x, got {', '.join(given) or 'none'}: give both"
                )
        held = [variables[name] for name in step.variables]
        symbols = [step.x, *step.variables.values()]
        constants = {"dt": self.dt, "mobility": computer.mobility, "kT": computer.temperature}
        bound = step.bind(values_of(self.integrator), **constants)
        forces: list[Array] = []
        for k, stage in enumerate(step.stages):
            if stage == step.x:
                forces.append(imposed - (computer.gradient(x) if gradient is None else gradient))
                continue
            if stage == step.result:  # observed
                forces.append(imposed - computer.gradient(x_next))
                continue
            at = bound.function(f"stage_{k}", [*symbols, *step.forces[:k]], stage)(x, *held, *forces)[0]
            at[..., ~computer.layout.free] = x[..., ~computer.layout.free]  # clamped units stay where they are
            forces.append(imposed - computer.gradient(at))
        after = self.derived.after
        arguments = [*symbols, *step.forces, self.derived.x_next, *after.values()]
        ends = (x_next, *(variables_next[name] for name in after))
        by_unit = bound.function("log_density", arguments, self.derived.log_density)(x, *held, *forces, *ends)[0]
        total: Array = by_unit[..., computer.layout.free].sum(axis=-1, dtype=np.float64)
        return total


def log_path_ratio(
    integrator: Integrator,
    dt: float,
    states: Array,
    forward: Computer,
    backward: Computer,
    imposed: Array | float = 0.0,
    variables: Mapping[str, Array] = MappingProxyType({}),
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
    variables : mapping of str to ndarray, shape (steps + 1, ..., n)
        Auxiliary variables of the integrator along the paths.

    Raises
    ------
    FormulaError
        When the noise of a step cannot be solved for, or the reverse of a step is impossible.
    """
    density = StepDensity(integrator, dt)
    n = instance("forward", forward, Computer).n
    if instance("backward", backward, Computer).n != n:
        raise ShapeError(f"forward and backward must have as many units, got {n} and {backward.n}")
    states = real_array("states", states, ("...", "steps + 1", n))
    kinds = type(integrator).variables
    if kinds and not is_reversible(integrator):
        raise FormulaError(
            f"the time reversal of a step of {integrator.name!r}, with the parities "
            f"{', '.join(f'{name} {one.parity:+d}' for name, one in kinds.items())}, is no step that it can make: its "
            "paths have no ratio of probabilities"
        )
    held = {name: real_array(f"variables[{name!r}]", one, states.shape) for name, one in variables.items()}
    turned = {name: kinds[name].parity * one for name, one in held.items() if name in kinds}

    def of(paths: Mapping[str, Array], where: slice) -> dict[str, Array]:
        return {name: one[where] for name, one in paths.items()}

    first, last = slice(None, -1), slice(1, None)
    there = density.log_density(
        forward, states[first], states[last], imposed, variables=of(held, first), variables_next=of(held, last)
    )
    back = density.log_density(
        backward, states[last], states[first], variables=of(turned, last), variables_next=of(turned, first)
    )
    ratio: Array = (there - back).sum(axis=0)
    return ratio


def midpoint_heat(states: Array, computer: Computer) -> Array:
    """Return the heat along paths by the midpoint rule, -sum D . (dV(x) + dV(x')) / 2 [energy], shape (...)."""
    states = real_array("states", states, ("...", "steps + 1", instance("computer", computer, Computer).n))
    gradient = computer.gradient(states)
    heat: Array = -0.5 * np.einsum("k...i,k...i->...", np.diff(states, axis=0), gradient[1:] + gradient[:-1])
    return heat
