"""Units as spins: the computer of a problem, and how its states are read."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Connectivity

__all__ = ["KINDS", "Given", "Units"]

Array = npt.NDArray[np.floating[Any]]
Spins = npt.NDArray[np.int8]


@attrs.frozen(eq=False)
class Given(Connectivity):
    """Pairs of units and their strengths, as they were given.

    Parameters
    ----------
    pairs : ndarray of int, shape (E, 2)
        Each once.
    values : ndarray, shape (E,)
        Strengths [energy].
    """

    name = "given"

    pairs: npt.NDArray[np.int64] = attrs.field()
    values: Array = attrs.field()

    def edges(self, layout: Any) -> npt.NDArray[np.int64]:
        """Return the pairs."""
        return self.pairs

    def strengths(self, layout: Any) -> Array:
        """Return their strengths."""
        return self.values


def _as_they_are(potential: Any) -> float:
    return 1.0


def _well(potential: Any) -> float:
    """Return where the wells of a double well are, (-J2 / (2 J4))^(1/2)."""
    return math.sqrt(-float(potential.J2) / (2 * float(potential.J4)))


def _signs(x: Array, potential: Any) -> Spins:
    return np.where(x >= 0, 1, -1).astype(np.int8)


def _sides(x: Array, potential: Any) -> Spins:
    """Return on which side phases are, along the axis on which second harmonics lock them.

    K cos 2x with K < 0 holds phases at 0 and pi, K > 0 at -pi/2 and pi/2; spins are relative to the last unit's where
    there is one more than variables, which the caller drops.
    """
    return _signs(np.sin(x) if float(potential.K) > 0 else np.cos(x), potential)


@attrs.frozen
class Units:
    """What a kind of unit is as a spin.

    Parameters
    ----------
    title : str
        What they are called in a sentence.
    interaction : str
        The interaction that couples them.
    size : callable
        Returns the state of a spin 1 at rest, of the potential in the end.
    read : callable
        Returns spins of states, of the potential in the end.
    pushed : bool
        Whether fields are biases; otherwise they are couplings with one more unit, whose spin is the reference.
    """

    title: str
    interaction: str
    size: Callable[[Any], float]
    read: Callable[[Array, Any], Spins]
    pushed: bool = True

    def further(self, problem: Any) -> int:
        """Return the units beside one a variable: one where fields are couplings."""
        return int(not self.pushed and bool(np.any(problem.fields)))

    def couplings(self, problem: Any) -> int:
        """Return how many couplings the computer of a problem has."""
        return len(problem.edges) + self.further(problem) * int(np.count_nonzero(problem.fields))

    def computer(self, described: Any, end: Any, config: Any, problem: Any, strength: float) -> Any:
        """Return the computer of a problem: where units sit in their wells, V is its energy, but for a constant.

        Parameters
        ----------
        described : Computer
            The units, without couplings.
        end : Potential
            Their potential at the end of the schedule.
        config : Config
            The run.
        problem : IsingProblem
            The problem.
        strength : float
            By what its energies are multiplied [energy].
        """
        from thermozoo import assemble

        size = self.size(end)
        pairs, values = problem.edges, strength * problem.strengths / size**2
        if self.further(problem):
            held = np.flatnonzero(problem.fields)
            with_reference = np.stack([held, np.full(len(held), problem.n)], axis=1)
            pairs = np.concatenate([pairs, with_reference])
            values = np.concatenate([values, strength * problem.fields[held] / size**2])
        [potential] = config.potentials.values()
        made = assemble(
            dict(described.layout.sizes),
            potential,
            Given(pairs, values),
            temperature=described.temperature,
            mobility=described.mobility,
            interaction=config.interaction,
        )
        return attrs.evolve(made, biases=strength * problem.fields / size) if self.pushed else made

    def spins(self, x: Array, end: Any, problem: Any) -> Spins:
        """Return the spins of the variables of a problem, shape (B, variables), of states of shape (B, units)."""
        found = self.read(x, end)
        return found[:, : problem.n] * found[:, problem.n :] if self.further(problem) else found


#: Kinds of units by the name of their potential.
KINDS = MappingProxyType(
    {
        "spin": Units("p-bits", "bilinear", _as_they_are, _signs),
        "double-well": Units("double wells", "bilinear", _well, _signs),
        "periodic": Units("phases", "cosine", _as_they_are, _sides, pushed=False),
    }
)
