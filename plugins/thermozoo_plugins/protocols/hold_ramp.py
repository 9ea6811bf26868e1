"""A signal that holds, then falls."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Protocol, parameter


@attrs.frozen
class HoldRamp(Protocol):
    r"""A signal that holds its full intensity, then falls linearly to nothing.

    .. math:: a(t) = A \min\left(1,\; \max\left(0,\; \frac{\varphi - t / t_f}{w}\right)\right)

    with A the amplitude, phi the fraction of the duration t_f after which nothing is left, w the fraction that the fall
    takes, and t the time. With w = phi it is `linear-fade`. What is generated runs backwards, so a group that fades
    late decides early: it is settled when what fades before it is still noise.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv:2506.15121, section on noising, for the linear fall.

    Examples
    --------
    >>> from thermozoo_plugins.protocols import HoldRamp
    >>> protocol = HoldRamp(amplitude=2.0, fade=0.75, width=0.5)
    >>> [float(protocol.intensity(t, 1.0)) for t in (0.0, 0.25, 0.5, 0.75, 1.0)]
    [2.0, 2.0, 1.0, 0.0, 0.0]
    """

    name = "hold-ramp"

    amplitude: float = parameter(2.0, unit="energy", doc="force on a pixel of value one while it holds", symbol="A")
    fade: float = parameter(
        0.95, unit="1", above=0, at_most=1, doc="fraction of the duration after which nothing is left",
        symbol=r"\varphi",
    )  # fmt: skip
    width: float = parameter(
        0.25, unit="1", above=0, at_most=1, doc="fraction of the duration that the fall takes", symbol="w"
    )

    def intensity(self, t: Any, duration: Any) -> Any:
        """Return a(t)."""
        return self.amplitude * sympy.Min(1, sympy.Max(0, (self.fade - t / duration) / self.width))

    def constraints(self) -> Any:
        """Return that it falls no longer than it is there."""
        return [self.width <= self.fade]
