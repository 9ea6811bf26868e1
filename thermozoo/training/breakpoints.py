"""Where the intensity of a protocol has a kink or a jump."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from thermozoo.interfaces import Protocol
from thermozoo.interfaces.tree import values_of
from thermozoo.symbolic.smoothness import switches
from thermozoo.symbolic.trace import trace_intensity

__all__ = ["breakpoints"]

#: Points at which the sign of a switching expression is looked at: what switches on and off between two is missed.
_PROBES = 4001


def breakpoints(protocol: Protocol, duration: float) -> tuple[float, ...]:
    r"""Return the times at which a(t) may not be smooth, in increasing order.

    A formula can only fail to be smooth where one of its switches vanishes (`thermozoo.symbolic.smoothness`): each is
    bracketed and bisected.

    Parameters
    ----------
    protocol : Protocol
        The plugin.
    duration : float
        Its duration [time].

    Examples
    --------
    >>> from thermozoo_plugins.protocols import LinearFade
    >>> [round(t, 12) for t in breakpoints(LinearFade(fade=0.75), 2.0)]
    [1.5]
    """
    formula = trace_intensity(protocol)
    turning = [switch for switch in switches(formula.intensity) if switch.has(formula.t)]
    if not turning:
        return ()
    function = formula.bind(values_of(protocol), duration=duration).function("switches", [formula.t], *turning)

    def sides(t: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return which side each switch is on, (switches, times); a zero counts as the upper side."""
        return np.stack([np.where(v < 0, -1.0, 1.0) for v in function(t)])

    t = np.linspace(0.0, duration, _PROBES)
    found = set()
    for cell in np.flatnonzero(np.any(np.diff(sides(t), axis=1) != 0, axis=0)):
        low, high = t[cell], t[cell + 1]
        before = sides(np.array([low]))
        while high - low > 4 * np.spacing(duration):
            middle = (low + high) / 2
            if np.array_equal(sides(np.array([middle])), before):
                low = middle
            else:
                high = middle
        found.add(float(high))
    return tuple(sorted(time for time in found if 0 < time < duration))
