"""An exponential approach to a value."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Protocol, parameter


@attrs.frozen
class Exponential(Protocol):
    r"""An exponential approach to a value.

    .. math:: c(t) = c_\infty + (c_0 - c_\infty) \exp\left(-\frac{t}{\tau\, t_f}\right)

    with c_0 the first value, c_inf the value that it tends to, tau the fraction of the duration t_f in which the
    distance falls by e, and t the time.

    References
    ----------
    S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, Optimization by simulated annealing, Science 220, 671 (1983), for the
    exponential cooling.

    Examples
    --------
    >>> from thermozoo_plugins.protocols import Exponential
    >>> protocol = Exponential(initial=1.0, limit=0.0, time=0.5)
    >>> [round(float(protocol.intensity(t, 1.0)), 3) for t in (0.0, 0.5, 1.0)]
    [1.0, 0.368, 0.135]
    """

    name = "exponential"

    initial: float = parameter(1.0, unit="energy or 1", doc="value at the start", symbol="c_0")
    limit: float = parameter(0.0, unit="energy or 1", doc="value that it tends to", symbol=r"c_\infty")
    time: float = parameter(
        0.25, unit="1", above=0, doc="fraction of the duration in which the distance falls by e", symbol=r"\tau"
    )

    def intensity(self, t: Any, duration: Any) -> Any:
        """Return c(t)."""
        return self.limit + (self.initial - self.limit) * sympy.exp(-t / (self.time * duration))
