"""Dense associative memory."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Projection, option
from thermozoo_plugins.settings import whole


@attrs.frozen
class DenseMemory(Projection):
    r"""The energy of dense associative memories: powers of projections.

    .. math:: V_p = -\sum_k w_k (m_k \cdot x)^n

    with :math:`m_k` the patterns, :math:`w_k` their weights [energy], x the states and n the power. n = 2 are the
    pair couplings of a Hopfield network with its self-couplings; a higher power holds more patterns, about
    :math:`N^{n-1}` in N units. It is not bounded below: potentials must grow faster than the power n.

    References
    ----------
    D. Krotov and J. J. Hopfield, Dense associative memory for pattern recognition, NIPS 2016, arXiv:1606.01164, eq. 2.

    Examples
    --------
    >>> import thermozoo as tz
    >>> from thermozoo_plugins.projections import DenseMemory
    >>> tz.formulas(DenseMemory(n=4)).sums[0].expression
    z**4
    """

    name = "dense-memory"

    n: int = option(3, doc="power, at least 2", converter=whole("n", 2))

    def energy(self, s: Any) -> Any:
        """Return the energy of sums over patterns."""
        return -s.sum(s.z**self.n)
