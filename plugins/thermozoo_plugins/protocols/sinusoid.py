"""An oscillation about a value."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Protocol, parameter


@attrs.frozen
class Sinusoid(Protocol):
    r"""An oscillation about a value.

    .. math:: c(t) = c_0 + A \sin\left(2 \pi n\, \frac{t}{t_f} + \varphi\right)

    with c_0 the mean, A the amplitude, n the number of periods in the duration t_f, phi the phase at the start, and t
    the time.

    References
    ----------
    L. Gammaitoni, P. Haenggi, P. Jung and F. Marchesoni, Stochastic resonance, Rev. Mod. Phys. 70, 223 (1998).

    Examples
    --------
    >>> from thermozoo_plugins.protocols import Sinusoid
    >>> protocol = Sinusoid(mean=1.0, amplitude=0.5, periods=1.0)
    >>> [round(float(protocol.intensity(t, 1.0)), 12) for t in (0.0, 0.25, 0.5, 0.75)]
    [1.0, 1.5, 1.0, 0.5]
    """

    name = "sinusoid"

    mean: float = parameter(0.0, unit="energy or 1", doc="value about which it oscillates", symbol="c_0")
    amplitude: float = parameter(1.0, unit="energy or 1", doc="largest distance from the mean", symbol="A")
    periods: float = parameter(
        1.0, unit="1", at_least=0, at_most=1e6, doc="number of periods in the duration", symbol="n"
    )
    phase: float = parameter(
        0.0, unit="1", at_least=-1e6, at_most=1e6, doc="phase at the start [rad]", symbol=r"\varphi"
    )

    def intensity(self, t: Any, duration: Any) -> Any:
        """Return c(t)."""
        return self.mean + self.amplitude * sympy.sin(2 * sympy.pi * self.periods * t / duration + self.phase)
