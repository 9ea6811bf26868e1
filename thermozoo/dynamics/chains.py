r"""What chains of draws say of their own convergence: effective sample size and split R-hat.

Chains are trajectories that follow the same law with noise of their own. Written here, and not taken from a library for
it, because a run needs two of the formulas and would pay for a data frame library to be imported; the tests compare
with figures that ArviZ gave.

References
----------
A. Vehtari, A. Gelman, D. Simpson, B. Carpenter, P.-C. Buerkner, Rank-normalization, folding, and localization: an
improved R-hat for assessing convergence of MCMC, Bayesian Analysis 16, 667 (2021).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.arguments import finite_array
from thermozoo.errors import ShapeError

__all__ = ["autocorrelation", "effective_sample_size", "split_r_hat"]

Array = npt.NDArray[np.float64]

#: Fewest draws of a chain: each half has two, and the estimates of variance a degree of freedom.
_FEWEST = 4


def effective_sample_size(draws: npt.ArrayLike, *, ranked: bool = True) -> float:
    r"""Return how many independent draws would fix a mean as well as chains of correlated ones.

    .. math:: \frac{M N}{-1 + 2 \sum_{t} (\hat\rho_{2t} + \hat\rho_{2t+1})}

    with M chains of N draws and the autocorrelation rho of all chains together, summed as long as the pairs are
    positive, and made monotone (Geyer's initial sequences).

    Parameters
    ----------
    draws : array_like, shape (chains, draws)
        Draws of one quantity.
    ranked : bool
        Whether ranks stand in place of the draws, so that the figure exists for any distribution ("bulk"); else it is
        that of the mean.

    Raises
    ------
    ShapeError
        When a chain has fewer than four draws.
    """
    halves = _halves(draws)
    return _effective(_normal_scores(halves) if ranked else halves)


def split_r_hat(draws: npt.ArrayLike) -> float:
    """Return the potential scale reduction of half chains by ranks: the larger one of location and of scale.

    It is 1 where chains agree; above 1.01 they have not forgotten where they began. NaN where all draws are equal.

    Parameters
    ----------
    draws : array_like, shape (chains, draws)
        Draws of one quantity.

    Raises
    ------
    ShapeError
        When a chain has fewer than four draws.
    """
    halves = _halves(draws)
    folded = np.abs(halves - np.median(halves))
    return max(_r_hat(_normal_scores(halves)), _r_hat(_normal_scores(folded)))


def autocorrelation(draws: npt.ArrayLike) -> Array:
    """Return the autocorrelation of chains at every lag, about the mean of all, shape (draws,)."""
    chains = finite_array("draws", draws, ("chains", "draws"))
    found = _autocovariance(chains - chains.mean()).mean(axis=0)
    correlation: Array = found / found[0] if found[0] > 0 else np.ones(len(found))
    return correlation


def _halves(draws: npt.ArrayLike) -> Array:
    chains = np.asarray(finite_array("draws", draws, ("chains", "draws")), dtype=np.float64)
    if chains.shape[1] < _FEWEST:
        raise ShapeError(f"expected chains of at least {_FEWEST} draws, got {chains.shape[1]}")
    half = chains.shape[1] // 2
    return np.concatenate([chains[:, :half], chains[:, -half:]])


def _normal_scores(chains: Array) -> Array:
    """Return the normal quantiles of the ranks of all draws."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    ranks = rankdata(chains, method="average").reshape(chains.shape)
    scores: Array = ndtri((ranks - 0.375) / (chains.size + 0.25))
    return scores


def _r_hat(chains: Array) -> float:
    count = chains.shape[1]
    within = float(chains.var(axis=1, ddof=1).mean())
    between = float(chains.mean(axis=1).var(ddof=1))
    return math.sqrt((count - 1) / count + between / within) if within > 0 else math.nan


def _autocovariance(chains: Array) -> Array:
    """Return the autocovariance of each chain at every lag, by Fourier transforms; shape of the chains."""
    from scipy import fft

    count = chains.shape[1]
    size = fft.next_fast_len(2 * count)
    spectrum = fft.rfft(chains, n=size, axis=1)
    found: Array = fft.irfft(spectrum * spectrum.conj(), n=size, axis=1)[:, :count] / count
    return found


def _effective(chains: Array) -> float:
    several, count = chains.shape
    if not np.ptp(chains) > 0:
        return float(chains.size)
    covariance: Any = _autocovariance(chains - chains.mean(axis=1, keepdims=True)).mean(axis=0)
    within = covariance[0] * count / (count - 1)
    total = covariance[0] + (chains.mean(axis=1).var(ddof=1) if several > 1 else 0.0)
    correlation = 1.0 - (within - covariance) / total
    correlation[0] = 1.0
    pairs = correlation[: 2 * ((count - 1) // 2)].reshape(-1, 2).sum(axis=1)
    # the initial sequence of positive pairs, never rising; of the pair after it an even term that is positive counts
    last = int(np.argmax(pairs[:-1] <= 0)) if (pairs[:-1] <= 0).any() else len(pairs) - 1
    beyond = max(float(correlation[2 * last]), 0.0)
    time = -1.0 + 2.0 * float(np.minimum.accumulate(pairs[:last]).sum()) + beyond
    return chains.size / max(time, 1.0 / math.log10(chains.size))
