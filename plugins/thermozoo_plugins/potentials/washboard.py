"""The driven phase."""

from __future__ import annotations

import math
from typing import Any

import attrs
import sympy

from thermozoo import Potential, parameter


@attrs.frozen
class Washboard(Potential):
    r"""Tilted washboard: a phase that a constant force drives, as a current drives an overdamped Josephson junction.

    .. math:: U(x) = K \cos x - f x

    with x the state of the unit, a phase on the circle of circumference :math:`2\pi` whose turns are counted, K the
    height of the ripples and f the driving force, in units of energy. For :math:`|f| < |K|` there is one stable state
    a turn, and noise makes the phase slip; for :math:`|f| > |K|` there is none and the phase runs. The force has the
    circumference as a period, the energy falls by :math:`2 \pi f` a turn: with a force that is not zero a current
    flows, and there is no Boltzmann weight. Without, it is a phase with one stable state.

    References
    ----------
    R. L. Stratonovich, Topics in the Theory of Random Noise, vol. 2, Gordon and Breach (1967), chapter 9; V. Ambegaokar
    and B. I. Halperin, Voltage due to thermal noise in the dc Josephson effect, Phys. Rev. Lett. 22, 1364 (1969).

    Examples
    --------
    >>> from thermozoo_plugins.potentials import Washboard
    >>> float(Washboard(K=2.0, f=0.5).energy(0.0))
    2.0
    """

    name = "washboard"
    period = 2 * math.pi

    K: float = parameter(1.0, unit="energy", doc="height of the ripples")
    f: float = parameter(0.5, unit="energy", doc="driving force")

    def energy(self, x: Any) -> Any:
        """Return U(x)."""
        return self.K * sympy.cos(x) - self.f * x
