"""All optimal states of few variables, by enumeration of every state."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count
from thermozoo.errors import ParameterError
from thermozoo.problems.problem import IsingProblem

__all__ = ["MOST_ENUMERATED", "Optima", "enumerate_optima"]

#: Variables up to which all states are gone through: 2^26 energies take seconds.
MOST_ENUMERATED = 26

#: Variables of the block of states whose energies are held at a time, against another such block.
_HALF = 11

#: Energies that differ by less, times the sum of all magnitudes, differ by rounding: those of whole numbers are exact.
_ROUNDING = 2.0**-40


@attrs.frozen(eq=False)
class Optima:
    """The optimal states of a problem.

    Parameters
    ----------
    energy : float
        The least energy [energy].
    objective : float
        What is asked, at that energy: the largest cut, or the least value.
    count : int
        How many states have it.
    states : ndarray of int8, shape (min(count, keep), n)
        The first of them, spins, as binary numbers whose last variable changes fastest.
    """

    energy: float
    objective: float
    count: int
    states: npt.NDArray[np.int8]


def enumerate_optima(problem: IsingProblem, keep: int = 1000) -> Optima:
    """Return the optimal states of a problem of few variables.

    The variables are split in two halves: the energy of a state is that of its halves and of the strengths between
    them, which for all pairs of halves is a product of two matrices.

    Parameters
    ----------
    problem : IsingProblem
        Of at most 26 variables.
    keep : int
        States that are returned at most; all are counted.

    Raises
    ------
    ParameterError
        When there are more variables.

    Examples
    --------
    >>> from thermozoo.problems.problem import IsingProblem
    >>> triangle = IsingProblem([0, 0, 0], [(0, 1), (0, 2), (1, 2)], [1, 1, 1], kind="max-cut")
    >>> best = enumerate_optima(triangle, keep=2)
    >>> best.objective, best.count
    (2.0, 6)
    >>> best.states
    array([[-1, -1,  1],
           [-1,  1, -1]], dtype=int8)
    """
    n, keep = problem.n, count("keep", keep, at_least=1)
    if n > MOST_ENUMERATED:
        raise ParameterError(f"only up to {MOST_ENUMERATED} variables are enumerated, got {n}: anneal the problem")
    dense = problem.matrix().toarray()
    cut = max(0, n - _HALF)
    tail = _all_spins(n - cut)
    of_tail = _energies(tail, dense[cut:, cut:], problem.fields[cut:])
    margin = _ROUNDING * float(np.abs(problem.fields).sum() + np.abs(problem.strengths).sum())
    best, number = np.inf, 0
    found: list[npt.NDArray[np.int64]] = []
    for start in range(0, 2**cut, 2**_HALF):
        head = _all_spins(cut, start, min(2**cut, start + 2**_HALF))
        energies = _energies(head, dense[:cut, :cut], problem.fields[:cut])[:, None] + of_tail
        energies += (head @ dense[:cut, cut:]) @ tail.T
        lowest = float(energies.min())
        if lowest > best + margin:
            continue
        if lowest < best - margin:
            best, number, found = lowest, 0, []
        hits = np.flatnonzero(energies <= best + margin)
        number += len(hits)
        found.append(hits[:keep] + (start << (n - cut)))
    states = _spins_of(np.concatenate(found)[:keep], n).astype(np.int8)
    energy = float(problem.energies(states).min())
    return Optima(energy, float(problem.objective_of_energy(energy)), number, states)


def _all_spins(n: int, start: int = 0, stop: int | None = None) -> Any:
    """Return states of some spins, numbered in binary, as rows."""
    return _spins_of(np.arange(start, 2**n if stop is None else stop), n)


def _spins_of(numbers: Any, n: int) -> Any:
    return 2.0 * ((numbers[:, None] >> np.arange(n - 1, -1, -1)) & 1) - 1


def _energies(s: Any, dense: Any, fields: Any) -> Any:
    """Return the energies of rows of spins, without the offset."""
    return np.einsum("bi,bi->b", s, s @ dense) / 2 + s @ fields
