"""The flux of a superconducting loop."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Potential, parameter


@attrs.frozen
class Cosine(Potential):
    r"""Cosine in a harmonic trap: the flux through a superconducting loop with one Josephson junction (rf SQUID).

    .. math:: U(x) = \tfrac{1}{2} E_L x^2 - E_J \cos(x - \varphi), \qquad E_L > 0,\; E_J \ge 0

    with x the state of the unit, the flux through the loop beyond the imposed one in units of :math:`\Phi_0 / 2\pi` (a
    number on a line, no angle: turns count), EL the inductive and EJ the Josephson energy, in units of energy, and
    :math:`\varphi` the imposed flux in the same units as x, with the opposite sign. For :math:`E_J < E_L` there is one
    stable state; for larger EJ there are several, two of them alike at :math:`\varphi = \pi`.

    References
    ----------
    A. Barone and G. Paterno, Physics and Applications of the Josephson Effect, Wiley (1982), chapter 12.

    Examples
    --------
    >>> from thermozoo_plugins.potentials import Cosine
    >>> float(Cosine(EL=1.0, EJ=2.0, phi=0.0).energy(0.0))
    -2.0
    """

    name = "cosine"

    EL: float = parameter(1.0, unit="energy", above=0, doc="inductive energy", symbol="E_L")
    EJ: float = parameter(1.0, unit="energy", at_least=0, doc="Josephson energy", symbol="E_J")
    phi: float = parameter(0.0, unit="1", doc="imposed flux, as a phase", symbol=r"\varphi")

    def energy(self, x: Any) -> Any:
        """Return U(x)."""
        return self.EL * x**2 / 2 - self.EJ * sympy.cos(x - self.phi)
