"""Novelty, diversity and energy of the snapshots of independent chains, each with an error bar."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["Attended", "attended", "diversity", "mean_of_chains", "pair_shares"]

Array = npt.NDArray[np.floating[Any]]

#: A figure and its standard error.
Measured = tuple[float, float]


@attrs.frozen
class Attended:
    """What the snapshots of one temperature say, each figure with its standard error.

    Parameters
    ----------
    novelty, diversity, energy, recalled, virial, heat : (float, float)
        As in `StochasticAttentionFigures`.
    """

    novelty: Measured
    diversity: Measured
    energy: Measured
    recalled: Measured
    virial: Measured
    heat: Measured


def mean_of_chains(by_chain: Array) -> Measured:
    """Return the mean over chains and its standard error by their spread."""
    return float(by_chain.mean()), float(by_chain.std(ddof=1) / math.sqrt(len(by_chain)))


def pair_shares(chains: int, snapshots: int) -> tuple[float, float]:
    """Return which share of all pairs of samples are of one chain, and which of two."""
    within = (snapshots - 1) / (chains * snapshots - 1)
    return within, 1 - within


def diversity(directions: Array) -> Measured:
    r"""Return the mean of 1 - cosine over all pairs of samples, and its standard error.

    .. math:: D = 1 - w W - (1 - w) B

    with W the mean cosine of two samples of one chain, B that of two chains, and w the share of pairs of one chain. W
    is a mean over chains, and B a U-statistic of second order of them: the jackknife over chains counts that one chain
    is in many pairs, and that its snapshots resemble each other.

    Parameters
    ----------
    directions : ndarray, shape (chains, snapshots, n)
        Samples scaled to length one; three chains at least.
    """
    chains, snapshots, _ = directions.shape
    share, rest = pair_shares(chains, snapshots)
    sums = directions.sum(axis=1)
    own, total = (sums**2).sum(axis=1), sums.sum(axis=0)

    def of(count: int, own_sum: Any, square: Any) -> Any:
        """Return D of so many chains, of the squares of their sums and the square of the sum of these."""
        within = (own_sum - count * snapshots) / (count * snapshots * max(1, snapshots - 1))
        between = (square - own_sum) / (count * (count - 1) * snapshots**2)
        return 1 - share * within - rest * between

    whole = of(chains, own.sum(), total @ total)
    left_out = of(chains - 1, own.sum() - own, total @ total - 2 * sums @ total + own)
    spread = (chains - 1) / chains * ((left_out - left_out.mean()) ** 2).sum()
    return float(whole), math.sqrt(spread)


def attended(
    computer: Any, patterns: Array, begun: npt.NDArray[np.int64], x: Array, seen: Array, heat: Array, correction: float
) -> Attended:
    """Return what snapshots say.

    Parameters
    ----------
    computer : Computer
        The computer, at its temperature.
    patterns : ndarray, shape (patterns, n)
        The stored images, of length one.
    begun : ndarray of int, shape (chains,)
        The image at which each chain began.
    x : ndarray, shape (chains, snapshots, n)
        The snapshots, which energy and virial are of.
    seen : ndarray, shape (chains, snapshots, n)
        What is read of them.
    heat : ndarray, shape (chains,)
        What each chain released [kT].
    correction : float
        Factor of the squared gradient that the virial is less by [1 / energy]; see `StochasticAttentionFigures`.
    """
    chains, snapshots, n = x.shape
    directions = seen / np.linalg.norm(seen, axis=2, keepdims=True)
    cosines = directions @ patterns.T
    flat = x.reshape(-1, n)
    gradient = computer.gradient(flat)
    virial = (flat * gradient).sum(axis=1) - correction * (gradient**2).sum(axis=1)

    def by_chain(values: Array) -> Measured:
        return mean_of_chains(values.reshape(chains, snapshots).mean(axis=1))

    return Attended(
        novelty=by_chain(1 - cosines.max(axis=2)),
        diversity=diversity(directions),
        energy=by_chain(computer.energy(flat)),
        recalled=by_chain((cosines.argmax(axis=2) == begun[:, None]).astype(np.float64)),
        virial=by_chain(virial / (n * computer.temperature)),
        heat=mean_of_chains(heat),
    )
