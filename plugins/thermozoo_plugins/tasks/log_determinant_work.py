"""How the couplings of a matrix are driven, and the work of it."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["Relaxed", "coupled", "driven_down", "driven_law", "driven_up", "way"]

Array = npt.NDArray[np.float64]

#: Streams of noise: of the relaxation, and the first of those of either direction.
_RELAXATION, _UP, _DOWN = 0, 100, 300


def way(steps: int, slowing: float) -> Array:
    r"""Return the factor of the couplings before, and in each of so many steps, from 0 to 1, shape (steps + 1,).

    .. math:: c(s) = \frac{1 - (1 + g s)^{-2}}{1 - (1 + g)^{-2}}

    with s the part of the duration and g the slowing: a straight line for g = 0. A mode whose stiffness falls from 1 to
    (1 + g)^-2 is driven at the speed that dissipates least in all.

    Parameters
    ----------
    steps : int
        Time steps.
    slowing : float
        How much it slows down.

    References
    ----------
    D. A. Sivak, G. E. Crooks, Thermodynamic metrics and optimal paths, Phys. Rev. Lett. 108, 190602 (2012).
    """
    s = np.arange(steps + 1) / steps
    # (1 + g s)^-2 - 1 = -g s (2 + g s) (1 + g s)^-2, whose ratio has a limit
    found: Array = s * (2 + slowing * s) / (1 + slowing * s) ** 2 * ((1 + slowing) ** 2 / (2 + slowing))
    found[-1] = 1.0
    return found


def driven_law(rest: Any, factors: Array) -> Any:
    """Return the law of motion of a coupled computer whose couplings have some factors, one step after the other."""
    from thermozoo import Schedule

    return attrs.evolve(rest, steps=len(factors) - 1, schedule=Schedule({"coupling": factors}))


@attrs.frozen(eq=False)
class Relaxed:
    """Trajectories of the coupled computer in equilibrium.

    Parameters
    ----------
    states : ndarray, shape (trajectories, n)
        States.
    variables : dict of str to ndarray
        Auxiliary variables of the integrator.
    coupling : float
        Mean energy of the couplings [kT].
    """

    states: Array
    variables: dict[str, Array]
    coupling: float


def _uncoupled(run: Any, trajectories: int, stream: int) -> Any:
    """Return exact equilibrium states of uncoupled units."""
    from thermozoo import NoiseKey, equilibrium_states

    return equilibrium_states(run.machine.dynamics, NoiseKey(run.config.seed, stream), range(trajectories))


def coupled(run: Any, trajectories: int, steps: int, progress: Any) -> Relaxed:
    """Let trajectories of uncoupled units relax, once they are coupled at once, in so many steps."""
    start = _uncoupled(run, trajectories, _RELAXATION)
    done = run.simulate(start, steps, stream=_RELAXATION, progress=progress)
    computer = run.machine.computer
    energy = computer.energy_of("coupling", done.final).mean() / computer.temperature
    return Relaxed(done.final, dict(done.variables), float(energy))


def driven_up(run: Any, trajectories: int, factors: Array, number: int, progress: Any) -> Array:
    """Return the work of coupling units that begin in equilibrium, uncoupled [kT].

    Parameters
    ----------
    run : Run
        The run.
    trajectories : int
        How many.
    factors : ndarray, shape (steps + 1,)
        Factors of the couplings, from 0 to 1.
    number : int
        Number of this one in the run: each has noise of its own.
    progress : callable
        Called with the steps done since its last call.
    """
    start = _uncoupled(run, trajectories, _UP + number)
    return _work(run, start, factors, _UP + number, progress)


def driven_down(run: Any, relaxed: Relaxed, factors: Array, number: int, progress: Any) -> Array:
    """Return the work of taking couplings away again, the same way backwards [kT]; arguments as in `driven_up`."""
    variables = relaxed.variables or None
    return _work(run, relaxed.states, factors[::-1], _DOWN + number, progress, variables=variables)


def _work(run: Any, start: Any, factors: Array, stream: int, progress: Any, **more: Any) -> Array:
    law = driven_law(run.machine.dynamics, factors)
    done = run.simulate(start, law.steps, stream=stream, dynamics=law, progress=progress, **more)
    found: Array = np.asarray(done.work, np.float64) / run.machine.computer.temperature
    return found
