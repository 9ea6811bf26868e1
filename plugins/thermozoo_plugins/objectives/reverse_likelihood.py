"""The reverse-trajectory likelihood."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Objective
from thermozoo.interfaces import LossSymbols


@attrs.frozen
class ReverseLikelihood(Objective):
    r"""Negative log-likelihood that the computer takes the reverse of an observed step, less its constant.

    .. math:: \ell = \frac{(-\Delta x + \mu\, \partial_i V(x')\, \Delta t)^2}{4 \mu k_B T \Delta t}, \qquad
        \Delta x = x' - x

    with x and x' the states of a unit before and after the observed (noising) step, V the energy of the computer
    being trained, mu its mobility, kT its temperature and dt the time step. The force is evaluated at x', where the
    reversed step starts. For a computer whose dynamics is the exact reverse, the expected loss is N/2 a step.
    Quadratic in couplings and biases.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, Phys. Rev. Lett. 136, 037101 (2026), arXiv:2506.15121, eq. 7.

    Examples
    --------
    >>> from thermozoo.symbolic.derive import loss_gradients
    >>> from thermozoo_plugins.objectives import ReverseLikelihood
    >>> loss_gradients(ReverseLikelihood()).quadratic
    True
    """

    name = "reverse-likelihood"
    quadratic = True
    likelihood = True

    def step_loss(self, s: LossSymbols) -> Any:
        """Return the loss of one unit for one step."""
        residual = -(s.x_next - s.x) + s.mobility * s.gradient_next * s.dt
        return residual**2 / (4 * s.mobility * s.kT * s.dt)
