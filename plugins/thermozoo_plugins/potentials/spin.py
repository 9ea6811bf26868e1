"""The p-bit."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Potential, parameter


@attrs.frozen
class Spin(Potential):
    r"""Ising spin (p-bit): a discrete unit with two states.

    .. math:: U(x) = -h x, \qquad x \in \{-1, 1\}

    with x the state of the unit and h its field, in units of energy: at h > 0 the state 1 is the likelier one. With
    the pair energy J x y of `bilinear` couplings, which is added, J < 0 is ferromagnetic. The integrators
    `heat-bath` and `metropolis` update it.

    References
    ----------
    K. Y. Camsari, R. Faria, B. M. Sutton and S. Datta, Stochastic p-bits for invertible logic, Phys. Rev. X 7, 031014
    (2017), arXiv:1610.00377.

    Examples
    --------
    >>> from thermozoo_plugins.potentials import Spin
    >>> Spin(h=0.5).energy(-1), Spin.states
    (0.5, (-1, 1))
    """

    name = "spin"
    states = (-1, 1)

    h: float = parameter(0.0, unit="energy", doc="field")

    def energy(self, x: Any) -> Any:
        """Return U(x)."""
        return -self.h * x
