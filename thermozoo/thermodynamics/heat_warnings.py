"""Heat that says that a program is too coarse: two groups of generations, or one window that does most of the work."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermozoo.arguments import real_array
from thermozoo.digits import significant
from thermozoo.errors import ShapeError

__all__ = ["FALSE_ALARMS", "distance_from_one_mode", "heat_warnings"]

Array = npt.NDArray[np.float64]

#: How often heat with a single mode is taken for two groups, at most; and the value of Kuiper's statistic times
#: sqrt(samples) that it exceeds so seldom: 2 (4 v^2 - 1) exp(-2 v^2) is that.
FALSE_ALARMS, _KUIPER = 1e-3, 2.303

#: Samples that are looked at; more would find groups too small to matter.
_SAMPLES = 2000

#: Fewest windows of which one may do too much, and the share that is too much.
_WINDOWS, _SHARE = 8, 0.5

_REMEDY = (
    "in exact training solve for the middle of each window (training.window_times) or take a ridge (training.ridge); "
    "more time windows (training.windows) and wider ramps of the protocol (its width) help, too"
)


def heat_warnings(heat: npt.ArrayLike, window_heat: npt.ArrayLike | None = None) -> tuple[str, ...]:
    """Return what is wrong with the heat of generations, each with its remedy.

    There are two groups where the samples are too far from every distribution with a single mode (a test whose false
    alarms are fewer than `FALSE_ALARMS` whatever that distribution is), and the mean heats of the groups differ by more
    than the smaller of them. One window does most of the work where at least eight share it and one has more than
    half of the sum of their absolute heats.

    Parameters
    ----------
    heat : array_like, shape (samples,)
        Heat of each generation [kT].
    window_heat : array_like, shape (K, samples), optional
        Heat of each generation in each window [kT].

    Raises
    ------
    ShapeError
        When the arrays do not have these shapes, or no sample.
    """
    total = real_array("heat", heat, ("samples",)).astype(np.float64)
    if not len(total):
        raise ShapeError("heat: expected at least one sample, got none")
    found = [_groups(total[:_SAMPLES])]
    if window_heat is not None:
        found.append(_windows(real_array("window_heat", window_heat, ("windows", len(total))).astype(np.float64)))
    return tuple(text for text in found if text)


def _groups(heat: Array) -> str:
    """Return that there are two groups of generations, empty where there are not."""
    heat = np.sort(heat)
    if not np.isfinite(heat).all() or 2 * distance_from_one_mode(heat) * np.sqrt(len(heat)) <= _KUIPER:
        return ""
    # the two groups within which the heat varies least
    sizes = np.arange(1, len(heat))
    sums = np.cumsum(heat)[:-1]
    lower, upper = sums / sizes, (heat.sum() - sums) / (len(heat) - sizes)
    k = int(np.argmax(sizes * (len(heat) - sizes) * (upper - lower) ** 2))
    if upper[k] - lower[k] <= min(abs(lower[k]), abs(upper[k])):
        return ""  # apart, as different images may be, but alike
    share, high, low = 100 * (len(heat) - sizes[k]) / len(heat), significant(upper[k], 3), significant(lower[k], 3)
    return (
        f"the heat of generations falls into two groups: {share:.0f} % release about {high} kT, the others {low} kT, "
        f"so some switch what others leave alone; {_REMEDY}"
    )


def _windows(heat: Array) -> str:
    """Return that one window does most of the work, empty where none does."""
    parts = np.abs(heat).mean(axis=1)
    if len(parts) < _WINDOWS or not parts.max() > _SHARE * parts.sum():
        return ""
    k = int(parts.argmax())
    return (
        f"window {k + 1} of {len(parts)} has {100 * parts[k] / parts.sum():.0f} % of the heat of all (absolute heat, "
        f"mean over generations): what it switches, others should prepare; {_REMEDY}"
    )


def distance_from_one_mode(samples: npt.ArrayLike) -> float:
    """Return how far samples are from every distribution with a single mode.

    A distribution with mode m has a distribution function that is convex up to m and concave from there on. The result
    is the smallest D, over all m among the samples, for which a convex function up to m, and a concave one from m on,
    stay within D of the empirical distribution function. It is a lower bound of the dip of Hartigan and Hartigan (which
    also asks that both meet at m), and at most half of Kuiper's statistic for any distribution with a single mode.

    Parameters
    ----------
    samples : array_like, shape (samples,)
        Samples in any order.

    References
    ----------
    J. A. Hartigan and P. M. Hartigan, The dip test of unimodality, Annals of Statistics 13, 70 (1985).
    N. H. Kuiper, Tests concerning random points on a circle, Indagationes Mathematicae 63, 38 (1960).
    """
    rising = np.sort(real_array("samples", samples, ("samples",)).astype(np.float64))
    falling = -rising[::-1]
    n = len(rising)

    def sides(m: int) -> tuple[float, float]:
        return _convex_gap(rising[: m + 1]), _convex_gap(falling[: n - m])

    low, high = 0, n - 1
    while low < high:  # the farther the mode, the worse the convex side and the better the concave one
        middle = (low + high) // 2
        left, right = sides(middle)
        low, high = (low, middle) if left >= right else (middle + 1, high)
    return min(max(sides(m)) for m in {max(low - 1, 0), low}) / (2 * n)


def _convex_gap(x: Array) -> float:
    """Return how far the steps of sorted samples, from k to k + 1 at x[k], rise above the convex hull of their feet."""
    hull: list[int] = []
    values = x.tolist()
    for k, value in enumerate(values):
        while len(hull) > 1:
            a, b = hull[-2:]
            if (b - a) * (value - values[a]) < (k - a) * (values[b] - values[a]):
                break
            hull.pop()
        hull.append(k)
    return float((np.arange(1, len(x) + 1) - np.interp(x, x[hull], np.array(hull, dtype=np.float64))).max())
