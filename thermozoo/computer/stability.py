"""The largest time step at which an explicit step is stable.

An explicit step of dx = -mu V'(x) dt contracts in the direction of an eigenvector of the Hessian with eigenvalue h
while mu h dt < 2. The largest h is bounded by the largest on-site curvature over the states that are visited plus the
spectral norm of J. The second derivative of a term that is not bilinear depends on the states: the largest of its
spectral norms at a few states that uncoupled units visit stands for it, which is an estimate and no bound. So is, of
asymmetric couplings, the largest singular value of the part that has no energy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.computer.boltzmann import turn, unit_boltzmann
from thermozoo.computer.computer import Computer
from thermozoo.computer.couplings import BilinearCouplings, Couplings
from thermozoo.computer.discrete import discrete_groups
from thermozoo.computer.onsite import UnitEnergy
from thermozoo.computer.program import Program
from thermozoo.computer.term import Term
from thermozoo.computer.terms.circulating import CirculatingForce
from thermozoo.errors import ParameterError, StabilityError
from thermozoo.symbolic.defined import infinite_curvature
from thermozoo.symbolic.guard import where_written

__all__ = ["check_time_step", "largest_stable_dt", "stability_in_words"]

Array = npt.NDArray[np.floating[Any]]

#: States more than this many kT above the minimum are not visited often enough to set the bound.
_VISITED = 20.0

#: Visited states at which the second derivative of a term is looked at: draws of the Boltzmann distribution, and draws
#: that are as likely anywhere between the outermost states. Of many units each state holds all kinds of neighbors.
_DRAWN, _MANY_UNITS = 4, 20_000
#: Restarts in which a largest eigenvalue above zero is found, if there is one.
_RESTARTS = 20
#: Points a unit at which the curvature is looked at.
_POINTS = 257


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
    linear = (BilinearCouplings, CirculatingForce)
    varying = [t for t in (computer.couplings, *computer.terms.values()) if not isinstance(t, linear)]
    # what has no strengths, such as projections on patterns, bends all the same
    further = [term for term in varying if not isinstance(term, Couplings)]
    varying = [term for term in varying if isinstance(term, Couplings)]
    states = _States(computer.n, bool(further) or any(term.size for term in varying))
    ends = np.array(sorted({float(f) for f in forces}))
    for where, one in computer.onsite.parts():
        if not computer.layout.free[where.start]:
            continue  # a clamped group takes no steps
        rows = where.stop - where.start
        cusps = infinite_curvature(one.formulas, one.values)
        unit = one if any(np.ndim(v) for v in one.values.values()) else one.at(slice(0, 1))
        for force in ends:
            many = np.full(rows, force) if unit is one and rows > 1 else np.full(1, force)
            seen = _seen(unit, computer.temperature, many)
            x = seen.x
            curvature = unit.columns().curvature(x)
            _check_curvature(unit, curvature, x, seen.visited)
            largest = max(largest, float(np.abs(curvature[seen.visited]).max()))
            states.add(where, seen)
            low, high = x[seen.visited].min(), x[seen.visited].max()
            for cusp in cusps:  # which a grid misses
                if low < cusp < high:
                    raise _infinite(unit, cusp)
        # every run starts at x = 0, whether the grid meets it or not
        start = np.zeros((len(x), 1))
        _check_curvature(unit, unit.columns().curvature(start), start, np.ones(start.shape, dtype=bool))
    for term in (computer.couplings, *computer.terms.values()):
        if not np.isfinite(term.vector).all():
            raise StabilityError("a coupling is not a finite number, so that no time step is stable")
        if isinstance(term, BilinearCouplings):
            largest += _among_moving(term, computer.layout.free).spectral_norm()
        elif isinstance(term, CirculatingForce):
            largest += term.norm(computer.layout.free)
    largest += max((_norm(varying, x, computer.layout.free) for x in states), default=0.0)
    # a memory bends down between its patterns, which drives states away and shakes none
    largest += max((_norm(further, x, computer.layout.free, up=True) for x in states), default=0.0)
    return 2.0 / (computer.mobility * largest) if largest > 0 else float("inf")


@attrs.frozen(eq=False)
class _Seen:
    """Which states units visit.

    Parameters
    ----------
    x : ndarray, shape (units, points)
        States of each unit.
    visited : ndarray of bool, shape (units, points)
        Which of them it visits: on a circle all of one turn.
    quantile : callable
        What a number from 0 to 1 for each unit, shape (..., units), is drawn for.
    """

    x: Array
    visited: npt.NDArray[np.bool_]
    quantile: Callable[[Array], Array]


def _seen(unit: UnitEnergy, kT: float, force: Array) -> _Seen:
    """Return the states that uncoupled units visit."""
    if unit.period is not None:
        period = unit.period
        rows = max(force.size, *(np.size(v) for v in unit.values.values()), 1)
        x = np.broadcast_to(turn(period, _POINTS), (rows, _POINTS))
        return _Seen(x, np.ones(x.shape, dtype=bool), lambda drawn: x[0, 0] + period * drawn)
    boltzmann = unit_boltzmann(unit, kT, force, points=_POINTS)
    visited = boltzmann.weight > boltzmann.weight.max(axis=1, keepdims=True) * np.exp(-_VISITED)
    return _Seen(boltzmann.x, visited, boltzmann.quantile)


class _States:
    """Some states that uncoupled units visit; the first is x = 0, where every run starts."""

    def __init__(self, n: int, wanted: bool) -> None:
        self._rng = np.random.default_rng(0)
        drawn = (_DRAWN if n <= _MANY_UNITS else 1) if wanted else 0
        self._likely = np.zeros((drawn, n))
        self._anywhere = np.zeros((drawn, n))

    def add(self, where: slice, seen: _Seen) -> None:
        """Take states of a group of units, at random some of each force that acts on them."""
        count, rows = len(self._likely), where.stop - where.start
        if not count:
            return
        units = len(seen.x)
        drawn = self._rng.uniform(size=(count * rows // units, units))
        likely = seen.quantile(drawn).reshape(count, rows)
        low = np.where(seen.visited, seen.x, np.inf).min(axis=1)
        high = np.where(seen.visited, seen.x, -np.inf).max(axis=1)
        anywhere = low + (high - low) * self._rng.uniform(size=(count, rows))
        taken = self._rng.uniform(size=(count, rows)) < 0.5
        old = self._likely[:, where], self._anywhere[:, where]
        self._likely[:, where] = np.where(taken | (old[0] == 0.0), likely, old[0])
        self._anywhere[:, where] = np.where(taken | (old[1] == 0.0), anywhere, old[1])

    def __iter__(self) -> Iterator[Array]:
        if len(self._likely):
            yield np.zeros(self._likely.shape[1])
            yield from self._likely
            yield from self._anywhere


def _norm(terms: Sequence[Term], x: Array, free: npt.NDArray[np.bool_], *, up: bool = False) -> float:
    """Return the largest |eigenvalue| of the second derivative of a sum of terms by the states of free units.

    With `up`, of its eigenvalues above zero the largest, and zero where there is none.
    """
    n = len(x)
    size: Callable[[Array], Array] = (lambda values: np.maximum(values, 0.0)) if up else np.abs

    def product(v: Array) -> Array:
        moved = np.where(free, v, 0.0)
        total = np.zeros(moved.shape)
        for term in terms:
            total += term.curvature(np.broadcast_to(x, moved.shape), moved)
        return np.where(free, total, 0.0)

    if n <= 64:
        whole = product(np.eye(n))
        return float(size(np.linalg.eigvalsh((whole + whole.T) / 2)).max(initial=0.0))
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    start = np.random.default_rng(0).standard_normal(n)
    if not np.any(product(start)):
        return 0.0

    def extreme(which: str, shift: float = 0.0, restarts: int | None = None) -> Array:
        operator = LinearOperator((n, n), matvec=lambda v: product(v.ravel()) + shift * v.ravel(), dtype=np.float64)
        found: Array = eigsh(
            operator, k=1, which=which, v0=start, return_eigenvectors=False, tol=1e-2, maxiter=restarts
        )
        return found - shift

    if not up:
        return float(size(extreme("LM")).max())
    try:
        return float(size(extreme("LA", restarts=_RESTARTS)).max())
    except ArpackNoConvergence:
        # of a memory of fewer patterns than units it is zero, which no relative tolerance meets: shifted, it is as good
        # as the largest modulus. What is found is never above it
        return float(size(extreme("LA", float(np.abs(extreme("LM")).max()))).max())


def _among_moving(couplings: BilinearCouplings, free: npt.NDArray[np.bool_]) -> BilinearCouplings:
    """Return couplings, those to clamped units set to zero."""
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
