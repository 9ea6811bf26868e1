"""Couplings whose two directions were written one by one."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Imperfection, parameter
from thermozoo.interfaces import Random

__all__ = ["Asymmetry"]


@attrs.frozen
class Asymmetry(Imperfection):
    r"""Couplings that are not symmetric: how j acts on i, and i on j, are written one by one, and each is off.

    .. math:: J_{ij} \to (1 + \sigma z_{ij})\, J_{ij}, \qquad J_{ji} \to (1 + \sigma z_{ji})\, J_{ji}, \qquad
              z_{ij}, z_{ji} \sim N(0, 1) \text{ independent}

    with J the couplings [energy] and sigma the relative spread of each direction. Half of the sum is a mismatch of the
    couplings, with the spread sigma / sqrt(2); half of the difference, :math:`A_{ij} = -A_{ji}`, is a force
    :math:`-A x` that no energy has. It drives currents around that never rest, and its work
    :math:`W = -\sum_k x_{k+1}^T A\, x_k` goes into heat, which is counted by the path:
    :math:`Q = W - (V_\text{end} - V_\text{start})`. The factors belong to the device: all windows of a program have
    the same.

    Raises
    ------
    thermozoo.errors.ParameterError
        When couplings are by another interaction than the product of two states, or units are discrete.

    References
    ----------
    S. A. M. Loos and S. H. L. Klapp, Irreversibility, heat and information flows induced by non-reciprocal
    interactions, New J. Phys. 22, 123051 (2020).

    Examples
    --------
    >>> import thermozoo as tz
    >>> from thermozoo.dynamics.counter_random import CounterRandom
    >>> from thermozoo.dynamics.noise import NoiseKey
    >>> pair = tz.assemble({"unit": 2}, tz.get("quartic"), tz.get("dense")).with_strengths_of("coupling", [2.0])
    >>> device = tz.get("asymmetry", sigma=0.1).nonreciprocal(pair, CounterRandom(NoiseKey(1), 0))
    >>> there, back = tz.directed_strengths(device)
    >>> bool(1.0 < there[0] < 3.0), bool(1.0 < back[0] < 3.0), bool(there[0] != back[0])
    (True, True, True)
    """

    name = "asymmetry"

    sigma: float = parameter(
        0.05, unit="1", at_least=0, at_most=1e3, doc="relative spread of each direction", symbol=r"\sigma"
    )

    def terms(self) -> tuple[str, ...]:
        """Return the couplings."""
        return ("coupling",)

    def nonreciprocal(self, computer: Any, random: Random) -> Any:
        """Return the computer with a strength of its own for each direction of every coupling."""
        from thermozoo import directed_strengths, with_directed_strengths

        there, back = directed_strengths(computer)
        factors = 1.0 + self.sigma * random.normal(2, max(1, there.size))[:, : there.size]
        return with_directed_strengths(computer, factors[0] * there, factors[1] * back)
