"""Instances to measure annealers on: planted ones, whose least energy is known, and the usual random ones."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import choice, count
from thermozoo.errors import ParameterError
from thermozoo.problems.assembly import assembled
from thermozoo.problems.problem import IsingProblem

__all__ = ["Planted", "planted_spin_glass", "random_max_cut", "sherrington_kirkpatrick", "toroidal_max_cut"]

#: The longest side of a lattice.
_LONGEST_SIDE = 4096

#: The most variables of which all are coupled: 134 million pairs.
_MOST_DENSE = 2**14


@attrs.frozen(eq=False)
class Planted:
    """A problem whose least energy is known, because it was made around a state.

    Parameters
    ----------
    problem : IsingProblem
        The problem.
    state : ndarray of int8, shape (n,)
        A state of least energy, as spins; there may be others.
    energy : float
        The least energy [energy].
    """

    problem: IsingProblem
    state: npt.NDArray[np.int8]
    energy: float


def planted_spin_glass(side: int, seed: int = 0) -> Planted:
    r"""Return a spin glass on a periodic square lattice with a planted state of least energy.

    .. math:: E(s) = \sum_{p} E_p(s) \ge \sum_p \min E_p = \sum_p E_p(g)

    The bonds belong to the plaquettes p of one color of the checkerboard, each to one. In every such plaquette three
    bonds are ferromagnetic, of strength -1 or -2 at random, and one at random is antiferromagnetic, of strength 1.
    Four spins on a loop that is frustrated break at least one bond, and here none is weaker than the one that aligned
    spins break: they are at the least energy of each plaquette, and so of their sum. A random gauge g then hides them:
    :math:`J_{ij} \to J_{ij} g_i g_j`.

    Parameters
    ----------
    side : int
        Spins along each side, an even number of 4 or more: n is its square.
    seed : int
        Of bonds and gauge.

    Raises
    ------
    ParameterError
        When the side is odd or too short: plaquettes of two colors need an even one.

    References
    ----------
    F. Hamze, D. C. Jacob, A. J. Ochoa, D. Perera, W. Wang and H. G. Katzgraber, From near to eternity: spin-glass
    planting, tiling puzzles, and constraint-satisfaction problems, Phys. Rev. E 97, 043303 (2018). D. Perera et al.,
    Chook: a comprehensive suite for generating binary optimization problems with planted solutions, arXiv:2005.14344.

    Examples
    --------
    >>> planted = planted_spin_glass(4, seed=1)
    >>> planted.problem.energies([planted.state]), planted.energy, planted.problem.optima().energy
    (array([-25.]), -25.0, -25.0)
    """
    side = count("side", side, at_least=4, at_most=_LONGEST_SIDE)
    if side % 2:
        raise ParameterError(f"side must be even, so that plaquettes have two colors, got {side}")
    random = _generator(seed)
    row, column = np.divmod(np.flatnonzero(np.indices((side, side)).sum(axis=0).ravel() % 2 == 0), side)
    corners = [(row + a) % side * side + (column + b) % side for a, b in ((0, 0), (0, 1), (1, 1), (1, 0))]
    loops = np.stack([np.stack([corners[k], corners[(k + 1) % 4]], axis=-1) for k in range(4)], axis=1)
    strengths = -random.integers(1, 3, size=(len(row), 4)).astype(np.float64)
    strengths[np.arange(len(row)), random.integers(4, size=len(row))] = 1.0
    gauge = random.choice(np.array([-1, 1], dtype=np.int8), size=side**2)
    edges = loops.reshape(-1, 2)
    hidden = strengths.ravel() * gauge[edges].prod(axis=1)
    return Planted(assembled("a lattice", edges, hidden, side**2, "ising"), gauge, float(strengths.sum()))


def toroidal_max_cut(rows: int, columns: int, seed: int = 0) -> IsingProblem:
    """Return a max-cut on a periodic square lattice of weights -1 and 1, in the manner of G11, G57 or G81.

    Parameters
    ----------
    rows, columns : int
        Vertices along each side, 3 or more.
    seed : int
        Of the weights.

    Examples
    --------
    >>> torus = toroidal_max_cut(50, 100)
    >>> torus.n, len(torus.edges)
    (5000, 10000)
    """
    rows = count("rows", rows, at_least=3, at_most=_LONGEST_SIDE)
    columns = count("columns", columns, at_least=3, at_most=_LONGEST_SIDE)
    sites = np.arange(rows * columns).reshape(rows, columns)
    pairs = [np.stack([sites, np.roll(sites, -1, axis=axis)], axis=-1).reshape(-1, 2) for axis in (0, 1)]
    edges = np.concatenate(pairs)
    return assembled("a torus", edges, _signs(_generator(seed), len(edges)), sites.size, "max-cut")


def random_max_cut(n: int, edges: int, seed: int = 0, weights: str = "one") -> IsingProblem:
    """Return a max-cut on a random graph with so many edges, in the manner of G1 (800, 19176) or G22 (2000, 19990).

    Parameters
    ----------
    n : int
        Number of vertices.
    edges : int
        Number of edges, drawn from all pairs, each at most once.
    seed : int
        Of edges and weights.
    weights : str
        ``"one"``: all 1; ``"sign"``: -1 or 1 at random, as of G6 and G27.

    Examples
    --------
    >>> random_max_cut(800, 19176).total_weight
    19176.0
    """
    n = count("n", n, at_least=2, at_most=2**16)
    firsts = np.arange(n, dtype=np.int64)
    starts = firsts * (2 * n - firsts - 1) // 2  # how many pairs come before those of a first vertex
    wanted = count("edges", edges, at_least=1, at_most=int(starts[-1]))
    random = _generator(seed)
    drawn = np.sort(random.choice(int(starts[-1]), wanted, replace=False, shuffle=False))
    i = np.searchsorted(starts, drawn, side="right") - 1
    pairs = np.stack([i, drawn - starts[i] + i + 1], axis=-1)
    signed = choice("weights", weights, ("one", "sign")) == "sign"
    return assembled("a graph", pairs, _signs(random, wanted) if signed else np.ones(wanted), n, "max-cut")


def sherrington_kirkpatrick(n: int, seed: int = 0) -> IsingProblem:
    r"""Return an Ising problem in which all spins are coupled, by normal strengths of variance 1 / n.

    The least energy of a spin comes to -0.7632 as n grows, and at finite n is higher by about :math:`0.7 n^{-2/3}`.

    Parameters
    ----------
    n : int
        Number of spins.
    seed : int
        Of the strengths.

    References
    ----------
    D. Sherrington and S. Kirkpatrick, Solvable model of a spin-glass, Phys. Rev. Lett. 35, 1792 (1975). G. Parisi,
    A sequence of approximated solutions to the S-K model for spin glasses, J. Phys. A 13, L115 (1980). S. Boettcher,
    Extremal optimization for Sherrington-Kirkpatrick spin glasses, Eur. Phys. J. B 46, 501 (2005), for finite n.

    Examples
    --------
    >>> len(sherrington_kirkpatrick(100).edges)
    4950
    """
    n = count("n", n, at_least=2, at_most=_MOST_DENSE)
    pairs = np.stack(np.triu_indices(n, 1), axis=-1)
    return assembled("a glass", pairs, _generator(seed).normal(size=len(pairs)) / np.sqrt(n), n, "ising")


def _generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(count("seed", seed)))


def _signs(random: np.random.Generator, size: int) -> Any:
    return 2.0 * random.integers(2, size=size) - 1
