"""Statistical tests with a stated false-alarm rate.

Every check that compares samples with an expectation takes its tolerance from the number of samples and from
`FALSE_ALARM`, the probability that it rejects a correct plugin. No plugin meets more than a hundred such comparisons a
run (a potential meets 12 in the quick profile and 48 in the full one, and 8 for each of its parameters; an integrator
14 and 22, an interaction 12 and 48, a protocol 2), so a run of the suite raises a false alarm with probability below
2e-4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from thermozoo.testing.measured import Measured

__all__ = [
    "FALSE_ALARM",
    "chi_square_limit",
    "compare_chains",
    "compare_distribution",
    "compare_mean",
    "compare_variance",
    "convergence_order",
    "kolmogorov_limit",
    "measured_order",
    "z_limit",
]

Array = npt.NDArray[np.floating[Any]]

#: Probability that one statistical comparison rejects a correct plugin.
FALSE_ALARM = 2e-6

#: Part of an error at the longest time step that terms of higher order may make up where its order is measured.
HIGHER_ORDERS = 0.25


def z_limit(tests: int = 1) -> float:
    """Return the |z| that a standard normal number exceeds with probability `FALSE_ALARM` in `tests` tries."""
    from scipy.special import ndtri

    return float(-ndtri(FALSE_ALARM / (2 * tests)))


def kolmogorov_limit(samples: int) -> float:
    """Return the largest distance of distribution functions that `samples` samples allow.

    The Dvoretzky-Kiefer-Wolfowitz inequality P(D > d) <= 2 exp(-2 n d^2) holds for every sample size.
    """
    return math.sqrt(math.log(2.0 / FALSE_ALARM) / (2.0 * samples))


def chi_square_limit(degrees: int) -> float:
    """Return the chi-square value that is exceeded with probability `FALSE_ALARM`."""
    from scipy.stats import chi2

    return float(chi2.isf(FALSE_ALARM, degrees))


def compare_mean(what: str, samples: Array, expected: float, slack: float = 0.0) -> Measured:
    """Compare the mean of independent samples with its expectation; return the comparison or raise CheckFailed.

    Parameters
    ----------
    what : str
        What is averaged, for the message.
    samples : ndarray
        Independent samples, thousands rather than tens, so that their mean is normal.
    expected : float
        Expectation.
    slack : float
        A bias that is known to be allowed.
    """
    mean = float(samples.mean())
    error = float(samples.std(ddof=1) / math.sqrt(samples.size))
    limit = z_limit() * error + slack
    measured = Measured(what, mean, expected, limit, detail=f"± {error:.2g}, {samples.size} samples")
    return measured.require(
        f"{what} is {mean:.5g} ± {error:.2g} in {samples.size} samples, expected {expected:.5g} within {limit:.2g}"
    )


def compare_chains(what: str, series: Array, expected: float, tests: int = 1) -> Measured:
    """Compare the time average of stationary series with its expectation; return the comparison or raise CheckFailed.

    Successive samples of a series are correlated, series are not: the scatter of their time averages is the error of
    the average, whatever the correlation in time. It is that of n = var / error^2 independent samples.

    Parameters
    ----------
    what : str
        What is averaged, for the message.
    series : ndarray
        Shape (steps, series); long beside the correlation time, so that an average over time is normal.
    expected : float
        Expectation.
    tests : int
        Comparisons that share the false-alarm rate.
    """
    from scipy.stats import t

    averages = series.mean(axis=0)
    mean = float(averages.mean())
    error = float(averages.std(ddof=1) / math.sqrt(averages.size))
    limit = float(t.isf(FALSE_ALARM / (2 * tests), averages.size - 1)) * error
    effective = float(series.var()) / error**2 if error > 0 else 0.0
    measured = Measured(what, mean, expected, limit, detail=f"± {error:.2g}, {effective:.3g} effective samples")
    return measured.require(
        f"the average of {what} is {mean:.5g} ± {error:.2g} in {series.size} samples that are worth "
        f"{effective:.3g} independent ones, expected {expected:.5g} within {limit:.2g}"
    )


def compare_variance(what: str, samples: Array, expected: float) -> Measured:
    """Compare the variance of independent normal samples of known mean zero with its expectation (chi-square)."""
    from scipy.stats import chi2

    n = samples.size
    ratio = float((samples.astype(np.float64) ** 2).sum()) / n / expected
    low, high = chi2.ppf(FALSE_ALARM / 2, n) / n, chi2.isf(FALSE_ALARM / 2, n) / n
    # chi-square is not symmetric: the tolerance is that of the side on which the ratio lies
    tolerance = float(high - 1 if ratio > 1 else 1 - low)
    return Measured(f"{what} / expected", ratio, 1.0, tolerance, detail=f"{n} samples").require(
        f"{what} is {ratio * expected:.5g} in {n} samples, expected {expected:.5g}: ratio {ratio:.4f}, allowed "
        f"{low:.4f} to {high:.4f}"
    )


def compare_distribution(what: str, samples: Array, cumulative: Callable[[Array], Array]) -> Measured:
    """Compare independent samples with a distribution function (Kolmogorov-Smirnov)."""
    ordered = np.sort(samples.ravel())
    n = ordered.size
    expected = cumulative(ordered)
    steps = np.arange(n + 1) / n
    distance = float(max((steps[1:] - expected).max(), (expected - steps[:-1]).max()))
    limit = kolmogorov_limit(n)
    where = float(ordered[int(np.argmax(np.abs(steps[1:] - expected)))])
    return Measured("distance", distance, 0.0, limit, detail=f"{what}, {n} samples").require(
        f"the distribution of {what} differs from quadrature by {distance:.4f} near x = {where:.4g}; {n} "
        f"samples allow {limit:.4f}"
    )


def convergence_order(steps: Array, errors: Array) -> float:
    """Return the slope of ln error over ln step, by least squares."""
    return float(np.polyfit(np.log(steps), np.log(errors), 1)[0])


def measured_order(what: str, steps: Array, errors: Array, claimed: float, saturates: bool = True) -> Measured:
    """Return the order in the time step of the mean size of errors, to be required by the caller.

    The tolerance is the sum of what samples and time steps allow: `z_limit` standard errors of the slope, found from
    how each sample moves it (the delta method: samples may begin in the same states at every step), and the change of
    the slope where terms of higher order take `HIGHER_ORDERS` off the error at the longest step.

    Parameters
    ----------
    what : str
        What falls with the step.
    steps : ndarray
        Time steps.
    errors : ndarray
        Shape (steps, samples): errors of independent samples, hundreds rather than tens.
    claimed : float
        Order that the error has at least as the step tends to zero.
    saturates : bool
        Whether terms of higher order may make the error at the longest step smaller. They do not where the leading
        error is one of few steps, of either sign, and they add to its size.
    """
    sizes = np.abs(errors)
    means = sizes.mean(axis=1)
    log = np.log(steps) - np.log(steps).mean()
    weights = log / (log @ log)
    order = float(weights @ np.log(means))
    error = float((weights @ (sizes / means[:, None])).std(ddof=1)) / math.sqrt(sizes.shape[1])
    bias = -math.log(1 - HIGHER_ORDERS) / math.log(steps.max() / steps.min()) if saturates else 0.0
    detail = f"± {error:.2g}, {sizes.shape[1]} samples"
    return Measured(what, order, claimed, z_limit() * error + bias, sense="at least", detail=detail)
