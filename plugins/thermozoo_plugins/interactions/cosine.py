"""Coupled phases."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Interaction


@attrs.frozen
class Cosine(Interaction):
    r"""The cosine of the difference of two phases: XY models, Kuramoto oscillators, oscillator Ising machines.

    .. math:: V_J = \sum_{i<j} J_{ij} \cos(x_i - x_j)

    with J the strength of a pair [energy] and x the phases [rad]. A negative J aligns phases. Products with J cost
    twice those of bilinear couplings: one with the cosines, one with the sines.

    References
    ----------
    J. A. Acebron, L. L. Bonilla, C. J. Perez Vicente, F. Ritort and R. Spigler, The Kuramoto model: a simple paradigm
    for synchronization phenomena, Rev. Mod. Phys. 77, 137 (2005);
    T. Wang and J. Roychowdhury, OIM: Oscillator-based Ising machines for solving combinatorial optimisation problems,
    arXiv:1903.07163.

    Examples
    --------
    >>> from thermozoo_plugins.interactions import Cosine
    >>> Cosine().energy(0.5, 0.5)
    1
    """

    name = "cosine"
    symmetric = True

    def energy(self, *x: Any) -> Any:
        """Return the energy of a pair of strength one."""
        return sympy.cos(x[0] - x[1])
