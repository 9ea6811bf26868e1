"""Biases that nobody asked for."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Imperfection, parameter
from thermozoo.interfaces import Random

__all__ = ["Offset"]


@attrs.frozen
class Offset(Imperfection):
    r"""Units whose zero is off: each that moves has a bias beside the one that was asked for.

    .. math:: b_i \to b_i + \sigma z_i, \qquad z_i \sim N(0, 1)

    with b_i the biases [energy] and sigma the standard deviation of the offsets [energy]. They belong to the device:
    all windows of a program have the same.

    References
    ----------
    M. J. M. Pelgrom, A. C. J. Duinmaijer and A. P. G. Welbers, Matching properties of MOS transistors, IEEE J.
    Solid-State Circuits 24, 1433 (1989).

    Examples
    --------
    >>> import thermozoo as tz
    >>> from thermozoo.dynamics.counter_random import CounterRandom
    >>> from thermozoo.dynamics.noise import NoiseKey
    >>> pair = tz.assemble({"unit": 2}, tz.get("quartic"), tz.get("dense"))
    >>> tz.get("offset", sigma=0.0).realise(pair, CounterRandom(NoiseKey(1), 0)).biases.tolist()
    [0.0, 0.0]
    """

    name = "offset"

    sigma: float = parameter(
        0.05,
        unit="energy",
        at_least=0,
        at_most=1e6,
        doc="standard deviation of the offsets",
        symbol=r"\sigma",
    )

    def realise(self, computer: Any, random: Random) -> Any:
        """Return the computer with further biases on units that move."""
        offsets = self.sigma * random.normal(1, computer.n)[0] * computer.layout.free
        return computer.with_strengths_of("bias", computer.biases + offsets)
