"""Strengths that change while they are used."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from thermozoo import Imperfection, Protocol, option, parameter
from thermozoo_plugins.protocols.ramp import Ramp

__all__ = ["Drift"]


@attrs.frozen
class Drift(Imperfection):
    r"""Strengths of a term of the energy that grow or fade together from the beginning to the end.

    .. math:: J_e(t) = \left(1 + \delta\, \frac{t}{t_f}\right) J_e

    with J_e the strengths [energy], delta their relative change in the end, t the time and t_f the duration [time].
    Such a change does work, which the ledger counts like that of a schedule.

    References
    ----------
    M. Le Gallo and A. Sebastian, An overview of phase-change memory device physics, J. Phys. D 53, 213002 (2020).

    Examples
    --------
    >>> from thermozoo_plugins.imperfections import Drift
    >>> Drift(change=-0.1).driven()
    {'coupling': Ramp(initial=1.0, final=0.9, start=0.0, stop=1.0)}
    """

    name = "drift"

    change: float = parameter(
        -0.1, unit="1", at_least=-1, at_most=1e3, doc="relative change of the strengths in the end", symbol=r"\delta"
    )
    term: str = option("coupling", doc="the term of the energy that drifts")

    def driven(self) -> Mapping[str, Protocol]:
        """Return the factor of the term's energy."""
        return {self.term: Ramp(initial=1.0, final=1.0 + self.change)}
