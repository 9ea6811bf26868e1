r"""Training on steps that are shown: the computer most likely to take them, while clamped units hold values.

Nothing is simulated and nothing is known of where steps come from. With x the states of all units at the beginning of a
step, clamped ones included, and v what the objective is linear in, the loss of a step is quadratic in couplings and
biases, and its minimum over all steps needs two sums only,

.. math:: S = \sum (1, x) (1, x)^T, \qquad C = \sum \frac{\partial \ell}{\partial g} (1, x)^T

the latter where couplings and biases are zero. States of clamped units are the same in all steps of an example, so that
sums over its steps are done for free units alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import finite_array, number
from thermozoo.computer.computer import Computer
from thermozoo.errors import ShapeError, TrainingError
from thermozoo.interfaces import Objective
from thermozoo.training.bilinear import require_bilinear
from thermozoo.training.expansion import expand_objective
from thermozoo.training.least_squares.normal_equations import NormalEquations, Solution, Unknowns
from thermozoo.training.least_squares.pair_sums import pair_sums
from thermozoo.training.least_squares.rank import Rank, rank_of
from thermozoo.training.loss import StepLoss

__all__ = ["Followed", "ObservedSteps"]

Array = npt.NDArray[np.float64]

#: Second moments below this fraction of the largest are rounding errors of the sums.
_ROUNDING = 1e-14


@attrs.frozen(eq=False)
class Followed:
    """A computer that follows what it was shown.

    Parameters
    ----------
    computer : Computer
        The computer, with couplings and biases of least loss.
    loss : float
        Its mean loss of a free unit and step; of a likelihood 1/2 where it takes the steps as its own.
    rank : Rank
        How many of its couplings and biases the steps determine.
    solution : Solution
        How it was found.
    """

    computer: Computer
    loss: float
    rank: Rank
    solution: Solution


class ObservedSteps:
    """Sums over steps that were shown, and the computer of least loss.

    Parameters
    ----------
    computer : Computer
        The computer; its on-site energies, temperature and mobility stay, and so do biases of clamped units. All
        couplings and the biases of free units are trained.
    objective : Objective
        The loss of a step; quadratic, with constant curvature.
    dt : float
        Time step [time].

    Raises
    ------
    TrainingError
        When the objective or the computer lacks a property that this needs; the message names it.

    Examples
    --------
    A unit that was seen to move by 0.1 a step, without any noise, feels a force of 10 beside its own:

    >>> import numpy as np
    >>> import thermozoo as tz
    >>> computer = tz.assemble({"unit": 1}, tz.get("quadratic", J2=1.0), tz.get("dense"))
    >>> steps = tz.ObservedSteps(computer, tz.get("forward-likelihood"), dt=0.01)
    >>> steps.add(np.array([0.0, 0.1])[:, None, None])
    >>> steps.follow().computer.biases.round(9)
    array([-10.])
    """

    def __init__(self, computer: Computer, objective: Objective, dt: float) -> None:
        require_bilinear(computer)
        free = computer.layout.free
        self.computer = attrs.evolve(
            computer.bare(), couplings=computer.couplings.scaled(0.0), trainable_biases=free.copy()
        )
        self.loss = StepLoss(objective, dt)
        self._expansion = expand_objective(
            self.loss.derived, objective, dt=dt, mobility=computer.mobility, temperature=computer.temperature
        )
        self._free, self._clamped = np.flatnonzero(free), np.flatnonzero(~free)
        n = computer.n
        self._moments = np.zeros((1 + n, 1 + n))
        self._responses = np.zeros((n, 1 + n))
        self._total = 0.0
        self.steps = 0

    def _slopes(self, states: Array) -> Array:
        """Return dU/dx of the free units at their states, shape (..., free units)."""
        found = np.empty_like(states)
        begin = 0
        for group, site in self.computer.onsite.sites.items():
            size = self.computer.layout.sizes[group]
            if group not in self.computer.layout.clamped and size:
                found[..., begin : begin + size] = site.gradient(states[..., begin : begin + size])
                begin += size
        return found

    def add(self, states: npt.ArrayLike, held: npt.ArrayLike | None = None) -> None:
        """Add the steps between states of free units, while clamped ones hold values.

        Parameters
        ----------
        states : array_like, shape (steps + 1, examples, free units)
            States of the free units, in the order of the units.
        held : array_like, shape (examples, clamped units), optional
            What clamped units hold in each example; none where no unit is clamped.
        """
        x = finite_array("states", states, ("steps + 1", "examples", "free units"), "states of the free units")
        examples = x.shape[1]
        values = np.zeros((examples, 0)) if held is None else np.asarray(held, dtype=np.float64)
        if len(x) < 2 or x.shape[2] != len(self._free) or values.shape != (examples, len(self._clamped)):
            raise ShapeError(
                f"states must have two observations or more of {len(self._free)} free units, and held a row for each "
                f"example, with {len(self._clamped)} clamped units; got {x.shape} and {values.shape}"
            )
        finite_array("held", values, ("examples", "clamped units"), "states of the clamped units")
        before, after = x[:-1], x[1:]
        steps = len(before)
        loss, by_next, by_here = self.loss.responses_at(
            self.computer, before, after, self._slopes(before), self._slopes(after)
        )
        self._total += float(loss.sum())
        for response, at in ((by_next, after), (by_here, before)):
            if response is not None:
                self._respond(response, at, values)
        fixed = np.concatenate([np.ones((examples, 1)), values], axis=1)
        place = np.concatenate([[0], 1 + self._clamped])
        of_free = 1 + self._free
        for u, v in self._expansion.factors:
            rows = u * after + v * before
            flat = rows.reshape(-1, rows.shape[2])
            across = (u + v) * (fixed.T @ rows.sum(axis=0))
            self._moments[np.ix_(place, place)] += (u + v) ** 2 * steps * (fixed.T @ fixed)
            self._moments[np.ix_(place, of_free)] += across
            self._moments[np.ix_(of_free, place)] += across.T
            self._moments[np.ix_(of_free, of_free)] += flat.T @ flat
        self.steps += steps * examples

    def _respond(self, response: Any, at: Array, held: Array) -> None:
        """Add what the gradient by couplings and biases gets of the responses of free units at some states."""
        width = response.shape[2]
        by_example = response.sum(axis=0)
        self._responses[self._free, 0] += by_example.sum(axis=0)
        self._responses[np.ix_(self._free, 1 + self._clamped)] += by_example.T @ held
        self._responses[np.ix_(self._free, 1 + self._free)] += response.reshape(-1, width).T @ at.reshape(-1, width)

    def equations(self, ridge: float = 0.0, scatter: float = 0.0) -> NormalEquations:
        """Return the equations of the mean loss of a step.

        Parameters
        ----------
        ridge : float
            Added to the second derivative by each coupling among free units, relative to their mean.
        scatter : float
            Standard deviation of what clamped units hold about the values that were shown, of which the steps know
            nothing; it keeps couplings to units small that hardly ever hold anything.
        """
        if not self.steps:
            raise TrainingError("no steps were shown: add some first")
        couplings = self.computer.couplings
        i, j = couplings.edges.T
        gradient = self._responses[i, 1 + j] + self._responses[j, 1 + i]
        moments = self._moments.copy()
        moments[1 + self._clamped, 1 + self._clamped] += scatter**2 * moments[0, 0]
        values, vectors = np.linalg.eigh(moments)
        kept = values > _ROUNDING * values[-1]
        rows = (vectors[:, kept] * np.sqrt(values[kept])).T
        pairs = pair_sums(couplings, self._clamped)
        pairs.add(
            np.ascontiguousarray(rows[:, 1:]), np.ascontiguousarray(rows[:, 0]), np.zeros((0, *rows[:, 1:].shape))
        )
        free = self.computer.layout.free
        return NormalEquations(
            pairs,
            np.full((1, 1, self.computer.n), self._moments[0, 0]),
            np.where(free, self._expansion.curvature / self.steps, 0.0),
            Unknowns(gradient / self.steps, self._responses[None, :, 0] / self.steps),
            free[None].copy(),
            ridge,
        )

    def rank(self) -> Rank:
        """Return how many couplings and biases the steps determine."""
        return rank_of(self._moments, self.computer.couplings.edges, self.computer.layout.free)

    def follow(
        self,
        *,
        ridge: float = 0.0,
        scatter: float = 0.0,
        tolerance: float = 1e-8,
        progress: Callable[[float], None] | None = None,
    ) -> Followed:
        """Return the computer of least loss.

        Parameters
        ----------
        ridge, scatter : float
            Keep couplings small that steps determine badly; see `equations`.
        tolerance : float
            Relative, on the residual of the equations.
        progress : callable, optional
            Receives the fraction of the digits asked for that are right.

        Raises
        ------
        TrainingError
            When the steps determine too little.
        """
        rank = self.rank()
        try:
            equations = self.equations(number("ridge", ridge), number("scatter", scatter))
            solution = equations.solve(tolerance=tolerance, progress=progress)
        except TrainingError as error:
            raise TrainingError(
                f"the steps that were shown determine {rank.rank:,} of {rank.unknowns:,} couplings and biases, and no "
                f"computer of least loss was found; show noisier ones, or take a ridge ({error})"
            ) from error
        units = max(1, len(self._free)) * self.steps
        strengths = solution.unknowns.couplings
        to_clamped = self.computer.layout.free[self.computer.couplings.edges].sum(axis=1) == 1
        scattered = (
            self._expansion.curvature * scatter**2 * self._moments[0, 0] * (strengths[to_clamped] ** 2).sum() / 2
        )
        # of the steps as they were shown; the ridge is not in the decrease of the loss
        loss = (self._total - solution.decrease * self.steps - scattered) / units
        found = self.computer.couplings.with_vector(strengths)
        computer = attrs.evolve(self.computer, couplings=found, biases=solution.unknowns.local[0])
        return Followed(computer, loss, rank, solution)
