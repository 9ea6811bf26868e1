"""A signal that stays."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Protocol, parameter


@attrs.frozen
class Constant(Protocol):
    r"""A signal of constant intensity.

    .. math:: a(t) = A

    with A the amplitude, the force on a pixel of value one.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv:2506.15121.

    Examples
    --------
    >>> from thermozoo_plugins.protocols import Constant
    >>> Constant(amplitude=2.0).intensity(0.3, 1.0)
    2.0
    """

    name = "constant"

    amplitude: float = parameter(2.0, unit="energy", doc="force on a pixel of value one", symbol="A")

    def intensity(self, t: Any, duration: Any) -> Any:
        """Return a(t)."""
        return self.amplitude
