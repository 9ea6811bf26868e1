"""A signal that fades."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Protocol, parameter


@attrs.frozen
class LinearFade(Protocol):
    r"""A signal that falls linearly to nothing.

    .. math:: a(t) = A \max\left(0,\; 1 - \frac{t}{\varphi\, t_f}\right)

    with A the amplitude (the force on a pixel of value one at the start), phi the fraction of the duration t_f after
    which nothing is left, and t the time.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv:2506.15121, section on noising.

    Examples
    --------
    >>> from thermozoo_plugins.protocols import LinearFade
    >>> float(LinearFade(amplitude=2.0, fade=0.5).intensity(0.25, 1.0))
    1.0
    """

    name = "linear-fade"

    amplitude: float = parameter(2.0, unit="energy", doc="force on a pixel of value one at the start", symbol="A")
    fade: float = parameter(
        0.75, unit="1", above=0, at_most=1, doc="fraction of the duration after which nothing is left",
        symbol=r"\varphi",
    )  # fmt: skip

    def intensity(self, t: Any, duration: Any) -> Any:
        """Return a(t)."""
        return self.amplitude * sympy.Max(0, 1 - t / (self.fade * duration))
