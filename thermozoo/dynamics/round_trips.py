"""Round trips of replicas along a ladder of temperatures: how often each has come back from the hottest rung."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["RoundTrips"]

Indices = npt.NDArray[np.int64]

#: What a replica did last: it was never at the coldest rung, it left it, or it has been at the hottest one since.
_NOWHERE, _RISING, _FALLING = range(3)


class RoundTrips:
    """Counts how often a replica went from the coldest rung to the hottest and back.

    Half a trip counts for nothing: a replica that began elsewhere than at the coldest rung sets out when it comes there
    for the first time.

    Parameters
    ----------
    replicas : ndarray of int, shape (rungs, ladders)
        Which replica of its ladder is at each rung at first, coldest first.

    Attributes
    ----------
    counts : ndarray of int, shape (rungs, ladders)
        Round trips of each replica of each ladder.

    References
    ----------
    H. G. Katzgraber, S. Trebst, D. A. Huse and M. Troyer, Feedback-optimized parallel tempering Monte Carlo, J. Stat.
    Mech. P03018 (2006).

    Examples
    --------
    Two replicas that change places twice:

    >>> import numpy as np
    >>> from thermozoo.dynamics.round_trips import RoundTrips
    >>> trips = RoundTrips(np.array([[0], [1]]))
    >>> for there in ([[1], [0]], [[0], [1]]):
    ...     trips.observe(np.array(there))
    >>> trips.counts.ravel().tolist()
    [1, 0]
    """

    def __init__(self, replicas: Indices) -> None:
        self.counts: Indices = np.zeros(replicas.shape, dtype=np.int64)
        self._last = np.full(replicas.shape, _NOWHERE)
        self._ladders = np.arange(replicas.shape[1])
        self.observe(replicas)

    def observe(self, replicas: Indices) -> None:
        """Take note of which replica is at each rung, shape (rungs, ladders), after every exchange."""
        hottest, coldest = (replicas[-1], self._ladders), (replicas[0], self._ladders)
        self._last[hottest] = np.where(self._last[hottest] == _RISING, _FALLING, self._last[hottest])
        self.counts[coldest] += self._last[coldest] == _FALLING
        self._last[coldest] = _RISING
