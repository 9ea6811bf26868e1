"""What the works of all durations say together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo_plugins.tasks.erasure_cycle import Erased
from thermozoo_plugins.tasks.erasure_figures import ErasureFigures

__all__ = ["figures_of", "fit", "landauer"]

#: What has to be left in the state asked for, for a duration to be fitted: the work of erasing less is another one.
_ERASED = 0.995

#: Durations that are fitted at least: one more than the unknowns.
_FITTED = 4


def landauer(success: float) -> float:
    """Return the least mean work that leaves a share of all bits in the state asked for [kT]: ln 2 - H(success)."""
    left = sum(-p * math.log(p) for p in (success, 1 - success) if p > 0)
    return math.log(2) - left


def fit(
    durations: npt.ArrayLike, work: npt.ArrayLike, error: npt.ArrayLike, limit: float | None = None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Fit c + a / t + b / t^2 by least squares, weighted with error bars.

    Parameters
    ----------
    durations, work, error : array_like, shape (durations,)
        Durations t, mean works and their standard errors.
    limit : float, optional
        The value of c, where it is known.

    Returns
    -------
    values, errors : ndarray
        c, a, b, or a, b where c is known, and their standard errors, by those of the works.
    """
    t, w, s = (np.asarray(one, np.float64) for one in (durations, work, error))
    powers = (0, 1, 2) if limit is None else (1, 2)
    design = np.stack([t**-power for power in powers], axis=1) / s[:, None]
    covariance = np.linalg.inv(design.T @ design)
    values = covariance @ design.T @ ((w - (limit or 0.0)) / s)
    return values, np.sqrt(np.diag(covariance))


@attrs.frozen
class _Fits:
    """The two fits, or none of them."""

    fitted: int
    excess: float | None = None
    excess_se: float | None = None
    curvature: float | None = None
    expected: float | None = None
    limit: float | None = None
    limit_se: float | None = None


def _fits(durations: Sequence[float], work: Sequence[float], error: Sequence[float], success: Sequence[float]) -> _Fits:
    failing = [k for k, share in enumerate(success) if share < _ERASED]
    first = failing[-1] + 1 if failing else 0
    fitted = len(durations) - first
    if fitted < _FITTED or min(error[first:]) <= 0:
        return _Fits(fitted if fitted >= _FITTED else 0)
    t, w, s = durations[first:], work[first:], error[first:]
    (excess, curvature), (excess_se, _) = fit(t, w, s, math.log(2))
    (limit, *_), (limit_se, *_) = fit(t, w, s)
    return _Fits(
        fitted,
        float(excess),
        float(excess_se),
        float(curvature),
        float(math.log(2) + excess / t[-1] + curvature / t[-1] ** 2),
        float(limit),
        float(limit_se),
    )


def _mean(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


def _share(found: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the share of what is true, and its standard error.

    The error is that of the share with two more of each kind, by Agresti and Coull: intervals of the plain one cover
    too little where few are of one kind, and none where there is none of it.
    """
    count, all_ = int(found.sum()), len(found)
    share = (count + 2) / (all_ + 4)
    return count / all_, math.sqrt(share * (1 - share) / (all_ + 4))


def figures_of(durations: Sequence[float], found: Sequence[Erased], barrier: float) -> ErasureFigures:
    """Return the figures of erasures, the slowest last; the barrier is in kT."""
    work = [_mean(one.work) for one in found]
    success = [_share(one.final > 0) for one in found]
    # <exp(-W / kT) 1(x_end in S)> = Z_S / Z for any part S of the states: here half of them, as the cycle is closed
    half = [_mean(2 * np.exp(-one.work) * (one.final > 0)) for one in found]
    slowest = found[-1]
    heat, heat_se = _mean(slowest.heat)
    fits = _fits(durations, [w for w, _ in work], [se for _, se in work], [share for share, _ in success])
    known, errors = {"jarzynski": 1.0}, {"jarzynski": half[-1][1]}
    if fits.limit is not None and fits.limit_se is not None:
        known, errors = {"limit_kT": math.log(2), **known}, {"limit_kT": fits.limit_se, **errors}
    return ErasureFigures(
        trajectories=len(slowest.work),
        barrier_kT=barrier,
        durations=tuple(durations),
        work_by_duration_kT=tuple(w for w, _ in work),
        work_by_duration_se_kT=tuple(se for _, se in work),
        success_by_duration=tuple(share for share, _ in success),
        success_by_duration_se=tuple(se for _, se in success),
        bound_by_duration_kT=tuple(landauer(share) for share, _ in success),
        jarzynski_by_duration=tuple(value for value, _ in half),
        jarzynski_by_duration_se=tuple(se for _, se in half),
        work_mean_kT=work[-1][0],
        work_se_kT=work[-1][1],
        success=success[-1][0],
        success_se=success[-1][1],
        heat_mean_kT=heat,
        heat_se_kT=heat_se,
        heat_std_kT=float(slowest.heat.std(ddof=1)),
        heat_below_limit=float((slowest.heat < math.log(2)).mean()),
        jarzynski=half[-1][0],
        jarzynski_se=half[-1][1],
        fitted=fits.fitted,
        excess_kT=fits.excess,
        excess_se_kT=fits.excess_se,
        curvature_kT=fits.curvature,
        expected_kT=fits.expected,
        limit_kT=fits.limit,
        limit_se_kT=fits.limit_se,
        reference=known,
        error_bars=errors,
    )
