"""From one value to another along a straight line."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Protocol, parameter


@attrs.frozen
class Ramp(Protocol):
    r"""From one value to another along a straight line.

    .. math:: c(t) = c_0 + (c_1 - c_0) \min\left(1,\; \max\left(0,\; \frac{t / t_f - u_0}{u_1 - u_0}\right)\right)

    with c_0 and c_1 the first and the last value, u_0 and u_1 the fractions of the duration t_f at which the change
    begins and ends, and t the time.

    References
    ----------
    C. Jarzynski, Nonequilibrium equality for free energy differences, Phys. Rev. Lett. 78, 2690 (1997).

    Examples
    --------
    >>> from thermozoo_plugins.protocols import Ramp
    >>> protocol = Ramp(initial=1.0, final=3.0, start=0.5)
    >>> [float(protocol.intensity(t, 1.0)) for t in (0.0, 0.5, 0.75, 1.0)]
    [1.0, 1.0, 2.0, 3.0]
    """

    name = "ramp"

    initial: float = parameter(1.0, unit="energy or 1", doc="value before the change", symbol="c_0")
    final: float = parameter(0.0, unit="energy or 1", doc="value after the change", symbol="c_1")
    start: float = parameter(
        0.0, unit="1", at_least=0, at_most=1, doc="fraction of the duration at which the change begins", symbol="u_0"
    )
    stop: float = parameter(
        1.0, unit="1", at_least=0, at_most=1, doc="fraction of the duration at which the change ends", symbol="u_1"
    )

    def intensity(self, t: Any, duration: Any) -> Any:
        """Return c(t)."""
        done = sympy.Min(1, sympy.Max(0, (t / duration - self.start) / (self.stop - self.start)))
        return self.initial + (self.final - self.initial) * done

    def constraints(self) -> Any:
        """Return that it ends after it has begun."""
        return [self.start + 1e-6 <= self.stop]
