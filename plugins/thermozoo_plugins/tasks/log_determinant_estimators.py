"""Free energies from the work of a protocol: by Jarzynski's equality, and by Bennett's acceptance ratio."""

from __future__ import annotations

import math

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["Estimate", "acceptance_ratio", "jarzynski"]

Array = npt.NDArray[np.float64]


@attrs.frozen
class Estimate:
    """A free energy difference, in kT.

    Parameters
    ----------
    value, error : float
        Itself and its standard error.
    """

    value: float
    error: float


def jarzynski(work: Array) -> Estimate:
    r"""Return the free energy difference from the work in one direction.

    .. math:: \Delta F = -k_B T \ln \langle e^{-W / k_B T} \rangle

    The error is that of the mean, divided by the mean. Both fail where rare work decides about the mean: it takes
    many times exp(D / kT) trajectories, with D what the other direction dissipates.

    Parameters
    ----------
    work : ndarray, shape (trajectories,)
        Work on independent trajectories that begin in equilibrium [kT].

    References
    ----------
    C. Jarzynski, Phys. Rev. Lett. 78, 2690 (1997); Rare events and the convergence of exponentially averaged work
    values, Phys. Rev. E 73, 046105 (2006).

    Examples
    --------
    >>> import numpy as np
    >>> jarzynski(np.array([1.0, 1.0, 1.0]))
    Estimate(value=1.0, error=0.0)
    """
    least = float(work.min())
    weight = np.exp(least - work)
    mean = float(weight.mean())
    return Estimate(least - math.log(mean), _relative_error(weight))


def acceptance_ratio(forward: Array, backward: Array) -> tuple[Estimate, float]:
    r"""Return the free energy difference from as much work in either direction, and the overlap of both.

    .. math:: \left\langle f(W_f - \Delta F) \right\rangle = \left\langle f(W_b + \Delta F) \right\rangle, \qquad
              f(w) = \frac{1}{1 + e^{w / k_B T}}

    It is the estimate of least variance that work in both directions has; the error is the asymptotic one, by the
    spread of f on either side. The overlap is twice either mean: of the densities p of W_f and q of -W_b it is
    the integral of 2 p q / (p + q), which is 1 where they are the same, and 0 where nowhere both are.

    Parameters
    ----------
    forward, backward : ndarray, shape (trajectories,)
        Work on independent trajectories that begin in equilibrium [kT].

    References
    ----------
    C. H. Bennett, Efficient estimation of free energy differences from Monte Carlo data, J. Comput. Phys. 22, 245
    (1976); M. R. Shirts, E. Bair, G. Hooker, V. S. Pande, Phys. Rev. Lett. 91, 140601 (2003).

    Examples
    --------
    >>> import numpy as np
    >>> found, overlap = acceptance_ratio(np.array([2.0, 2.0]), np.array([-2.0, -2.0]))
    >>> (round(found.value, 12), round(overlap, 12))
    (2.0, 1.0)
    """
    from scipy.optimize import brentq

    def accepted(change: float) -> tuple[Array, Array]:
        """Return ln f of either side: f itself may be too small for a number."""
        return _log_fermi(forward - change), _log_fermi(backward + change)

    def imbalance(change: float) -> float:
        there, back = accepted(change)
        return _log_mean(there) - _log_mean(back)

    # the left side is below f(1) and the right one above f(-1) at the lower end, and the other way round at the upper
    both = np.concatenate([forward, -backward])
    change = float(brentq(imbalance, both.min() - 1, both.max() + 1, xtol=1e-12))
    there, back = accepted(change)
    error = math.hypot(*(_relative_error(np.exp(one - one.max())) for one in (there, back)))
    return Estimate(change, error), 2 * math.exp(_log_mean(there))


def _log_fermi(work: Array) -> Array:
    found: Array = -np.logaddexp(0.0, work)
    return found


def _log_mean(logarithms: Array) -> float:
    largest = float(logarithms.max())
    return largest + math.log(float(np.exp(logarithms - largest).mean()))


def _relative_error(values: Array) -> float:
    """Return the standard error of a mean, over the mean."""
    return float(values.std(ddof=1) / (math.sqrt(len(values)) * values.mean()))
