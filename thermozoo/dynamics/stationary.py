"""Where the steps of an integrator leave one unit in the long run: its stationary distribution, without sampling.

One step takes the average of a function after it, E[f(x') | x], to a function of x. With f as cubic splines on a grid,
and the average over the noises of a step by Gauss-Hermite quadrature, that is a matrix, and the stationary averages are
its left eigenvector. What it is off the Boltzmann distribution by is the bias of the time step.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.boltzmann import UnitBoltzmann, unit_boltzmann
from thermozoo.computer.onsite import UnitEnergy
from thermozoo.errors import ParameterError
from thermozoo.interfaces import Integrator
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.trace import trace_step

__all__ = ["Stationary", "energy_bias", "stationary"]

Array = npt.NDArray[np.floating[Any]]

#: Nodes of the quadrature over one noise of a step, and over each of two.
_NODES, _NODES_OF_TWO = 32, 20

#: Grid points within the width of a step's noise, and how many there are at least and at most.
_PER_NOISE, _LEAST, _MOST = 3.0, 200, 1200


@attrs.frozen(eq=False)
class Stationary:
    """Stationary averages of one unit under the steps of an integrator.

    Parameters
    ----------
    x : ndarray, shape (points,)
        Grid of states.
    weight : ndarray, shape (points,)
        Weights of an average; they sum to one.
    """

    x: Array
    weight: Array

    def mean(self, values: Array) -> float:
        """Return the average of values that are given on the grid."""
        return float(self.weight @ values)


def stationary(
    integrator: Integrator, one: UnitEnergy, *, kT: float, mobility: float, dt: float, force: float = 0.0
) -> Stationary:
    """Return the stationary distribution of one unit in steps of an integrator.

    States that are less likely than exp(-40) end at those at which they are that unlikely.

    Parameters
    ----------
    integrator : Integrator
        Without auxiliary variables, and with at most two noises a step.
    one : UnitEnergy
        The unit's energy.
    kT, mobility, dt : float
        Temperature [energy], mobility [1 / (energy time)] and time step [time].
    force : float
        A constant force on it [energy].

    Raises
    ------
    ParameterError
        When the integrator has auxiliary variables or more noises, or the unit has no Boltzmann distribution on a line.
    """
    boltzmann = unit_boltzmann(one, kT, np.array([force]))
    if boltzmann.closed:
        raise ParameterError("stationary distributions are those of units on a line, and this one lives on a circle")
    return _stationary(integrator, one, boltzmann, kT, mobility, dt, force)


def _stationary(
    integrator: Integrator,
    one: UnitEnergy,
    boltzmann: UnitBoltzmann,
    kT: float,
    mobility: float,
    dt: float,
    force: float,
) -> Stationary:
    from scipy.interpolate import BSpline
    from scipy.sparse import eye_array, kron

    low, high = float(boltzmann.x[0, 0]), float(boltzmann.x[0, -1])
    width = np.sqrt(2 * mobility * kT * dt)
    points = int(np.clip(np.ceil(_PER_NOISE * (high - low) / width), _LEAST, _MOST))
    x = np.linspace(low, high, points)
    noises, weights = _noises(integrator)
    after = _step(integrator, kT, mobility, dt)(
        np.repeat(x[:, None], len(weights), axis=1), noises, lambda at: force - one.gradient(at)
    )
    knots = np.concatenate([[low] * 4, x[2:-2], [high] * 4])  # no knot at the second point from either end
    at_grid = BSpline.design_matrix(x, knots, 3).toarray()
    moved = BSpline.design_matrix(np.clip(after, low, high).ravel(), knots, 3)
    averaged = (kron(eye_array(points), weights[None, :]) @ moved).toarray()
    # w (averaged - at_grid) = 0, and the weights sum to one
    equations = (averaged - at_grid).T
    equations[-1] = 1.0
    right = np.zeros(points)
    right[-1] = 1.0
    return Stationary(x, np.linalg.solve(equations, right))


def energy_bias(
    integrator: Integrator, one: UnitEnergy, *, kT: float, mobility: float, dt: float, force: float = 0.0
) -> float:
    """Return how much the mean of U - f x of a unit in long runs of steps is above that of its Boltzmann distribution.

    Parameters
    ----------
    integrator, one, kT, mobility, dt, force
        See `stationary`.

    Returns
    -------
    float
        The bias [energy].

    Examples
    --------
    >>> from thermozoo.computer.onsite import unit_energy
    >>> from thermozoo_plugins.integrators import EulerMaruyama
    >>> from thermozoo_plugins.potentials import Quadratic
    >>> unit, z = unit_energy(Quadratic(J2=1.0)), 0.02          # stiffness 2, steps of 0.01
    >>> found = energy_bias(EulerMaruyama(), unit, kT=0.1, mobility=1.0, dt=0.01)
    >>> exact = 0.1 / 2 * (1 / (1 - z / 2) - 1)
    >>> bool(abs(found - exact) < 1e-6)
    True
    """
    boltzmann = unit_boltzmann(one, kT, np.array([force]))
    if boltzmann.closed:
        raise ParameterError("stationary distributions are those of units on a line, and this one lives on a circle")
    found = _stationary(integrator, one, boltzmann, kT, mobility, dt, force)
    exact = float(boltzmann.mean(one.energy(boltzmann.x) - force * boltzmann.x)[0])
    return found.mean(one.energy(found.x) - force * found.x) - exact


def _noises(integrator: Integrator) -> tuple[list[Array], Array]:
    """Return values of each noise of a step, and what they weigh together."""
    formula = trace_step(integrator)
    count = len(formula.noises)
    if formula.variables or formula.uniforms or not 1 <= count <= 2:
        raise ParameterError(
            f"the stationary distribution is found for integrators of one or two noises a step and no auxiliary "
            f"variables; {integrator.name!r} has {count} and {', '.join(formula.variables) or 'none'}"
        )
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES if count == 1 else _NODES_OF_TWO)
    chosen = np.array(list(itertools.product(range(len(nodes)), repeat=count)))
    together = np.prod(weights[chosen], axis=1)
    return [nodes[column] for column in chosen.T], together / together.sum()


def _step(
    integrator: Integrator, kT: float, mobility: float, dt: float
) -> Callable[[Array, list[Array], Callable[[Array], Array]], Array]:
    """Return a step as a function of states, shape (points, nodes), noises and the force at states."""
    formula = trace_step(integrator)
    bound = formula.bind(values_of(integrator), dt=dt, mobility=mobility, kT=kT)

    def step(x: Array, noises: list[Array], force: Callable[[Array], Array]) -> Array:
        given = [x, *(np.broadcast_to(one, x.shape).copy() for one in noises)]
        forces: list[Array] = []
        symbols = [formula.x, *formula.noises]
        for k, stage in enumerate(formula.stages):
            place = bound.function(f"stage_{k}", [*symbols, *formula.forces[:k]], stage)(*given, *forces)[0]
            forces.append(force(place))
        return bound.function("step", [*symbols, *formula.forces], formula.result)(*given, *forces)[0]

    return step
