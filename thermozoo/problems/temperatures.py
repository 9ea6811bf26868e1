"""The temperatures between which a problem freezes, from the sizes of its strengths and fields."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.problems.problem import IsingProblem

__all__ = ["local_scales", "temperature_range"]

#: kT over the largest and over the smallest root mean square local field, where cooling begins and where it ends.
_HOT, _COLD = 2.0, 0.05


def local_scales(problem: IsingProblem) -> npt.NDArray[np.floating[Any]]:
    r"""Return the root mean square local field of each variable, over all states.

    .. math:: \sigma_i = \Bigl( h_i^2 + \sum_j J_{ij}^2 \Bigr)^{1/2}

    with h the fields and J the strengths [energy]: half of what a flip costs in a random state.

    Parameters
    ----------
    problem : IsingProblem
        The problem.

    Returns
    -------
    ndarray, shape (n,)
        sigma [energy].

    Examples
    --------
    >>> local_scales(IsingProblem([0, 4, 0], [(0, 1), (1, 2)], [3, 0])).tolist()
    [3.0, 5.0, 0.0]
    """
    unit = max(np.abs(problem.fields).max(), np.abs(problem.strengths).max(initial=0.0))
    if not unit:
        return np.zeros(problem.n)
    squares = (problem.fields / unit) ** 2
    np.add.at(squares, problem.edges.ravel(), np.repeat((problem.strengths / unit) ** 2, 2))
    found: npt.NDArray[np.floating[Any]] = unit * np.sqrt(squares)
    return found


def temperature_range(problem: IsingProblem) -> tuple[float, float]:
    r"""Return temperatures kT between which a problem goes from disorder to a frozen state.

    .. math:: k_B T_\text{hot} = 2 \max_i \sigma_i, \qquad k_B T_\text{cold} = \tfrac{1}{20} \min_i \sigma_i

    with :math:`\sigma_i` the root mean square local field of a variable, see `local_scales`; variables without any are
    left out. A glass in which all spins are coupled, the Sherrington-Kirkpatrick one, orders at
    :math:`k_B T = \sigma`, and so nearly do graphs of random signs and many edges a vertex; those of few edges order
    below. Where couplings are many and agree, as in a ferromagnet of all pairs, order begins above: say hot then.

    Parameters
    ----------
    problem : IsingProblem
        The problem.

    Returns
    -------
    tuple of float
        kT hot and cold [energy]; 1 and 1 where nothing has an energy.

    References
    ----------
    D. Sherrington and S. Kirkpatrick, Solvable model of a spin-glass, Phys. Rev. Lett. 35, 1792 (1975).

    Examples
    --------
    >>> temperature_range(IsingProblem([0, 0, 0], [(0, 1), (1, 2)], [1, 1]))
    (2.8284271247461903, 0.05)
    """
    scales = local_scales(problem)
    scales = scales[scales > 0]
    if not scales.size:
        return 1.0, 1.0
    return float(_HOT * scales.max()), float(_COLD * scales.min())
