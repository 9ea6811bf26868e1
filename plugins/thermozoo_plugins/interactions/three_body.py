"""The product of three states."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Interaction


@attrs.frozen
class ThreeBody(Interaction):
    r"""The product of the states of three units.

    .. math:: V_J = \sum_{e} J_e\, x_{e_1} x_{e_2} x_{e_3}

    with J the strength of a triple [energy] and x the states. It couples a unit to the product of two others: gates,
    terms of third order of a cost function. On its own it is not bounded below: potentials must grow faster than
    :math:`|x|^3`.

    References
    ----------
    T. Kanao and H. Goto, Simulated bifurcation for higher-order cost functions, Appl. Phys. Express 16, 014501 (2023).

    Examples
    --------
    >>> from thermozoo_plugins.interactions import ThreeBody
    >>> ThreeBody().energy(2.0, 3.0, -1.0)
    -6.0
    """

    name = "three-body"
    order = 3
    symmetric = True

    def energy(self, *x: Any) -> Any:
        """Return the energy of a triple of strength one."""
        return x[0] * x[1] * x[2]
