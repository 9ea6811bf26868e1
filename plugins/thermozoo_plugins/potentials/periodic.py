"""The phase."""

from __future__ import annotations

import math
from typing import Any

import attrs
import sympy

from thermozoo import Potential, parameter


@attrs.frozen
class Periodic(Potential):
    r"""Phase with a two-fold anisotropy: the element of oscillator computers, a bit where second harmonics lock it.

    .. math:: U(x) = K \cos 2x

    with x the state of the unit, a phase on the circle of circumference :math:`2\pi`, and K the strength of the
    anisotropy, in units of energy. For K > 0 the stable states are :math:`\pm\pi/2`, for K < 0 they are 0 and
    :math:`\pi`; with K = 0 the phase is free. At equilibrium :math:`\langle \cos 2x \rangle = -I_1(K/k_BT)/I_0(K/k_BT)`
    with the modified Bessel functions.

    References
    ----------
    T. Wang and J. Roychowdhury, OIM: oscillator-based Ising machines for solving combinatorial optimisation problems,
    arXiv:1903.07163 (2019).

    Examples
    --------
    >>> from thermozoo_plugins.potentials import Periodic
    >>> float(Periodic(K=-2.0).energy(0.0))
    -2.0
    """

    name = "periodic"
    period = 2 * math.pi

    K: float = parameter(1.0, unit="energy", doc="strength of the anisotropy")

    def energy(self, x: Any) -> Any:
        """Return U(x)."""
        return self.K * sympy.cos(2 * x)
