"""Noise of reading."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo import Imperfection, parameter
from thermozoo.interfaces import Random

__all__ = ["ReadoutNoise"]


@attrs.frozen
class ReadoutNoise(Imperfection):
    r"""Readings that are off by a normal number each, while the states stay what they are.

    .. math:: x_i^\mathrm{read} = x_i + \sigma z_i, \qquad z_i \sim N(0, 1)

    with x the states and sigma the standard deviation of a reading. Heat is that of the states, not of their readings.

    References
    ----------
    W. M. Leach, Fundamentals of low-noise analog circuit design, Proc. IEEE 82, 1515 (1994).

    Examples
    --------
    >>> import numpy as np
    >>> from thermozoo.dynamics.counter_random import CounterRandom
    >>> from thermozoo.dynamics.noise import NoiseKey
    >>> from thermozoo_plugins.imperfections import ReadoutNoise
    >>> ReadoutNoise(sigma=0.0).read(np.ones((2, 3)), CounterRandom(NoiseKey(1), 2)).sum()
    np.float64(6.0)
    """

    name = "readout-noise"

    sigma: float = parameter(
        0.1, unit="1", at_least=0, at_most=1e6, doc="standard deviation of a reading", symbol=r"\sigma"
    )

    def read(self, states: npt.NDArray[np.floating[Any]], random: Random) -> npt.NDArray[np.floating[Any]]:
        """Return the readings, in double precision."""
        rows = int(np.prod(states.shape[:-1]))
        noise = random.normal(rows, states.shape[-1]).reshape(states.shape)
        return states.astype(np.float64) + self.sigma * noise
