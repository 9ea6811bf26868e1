"""The forward-trajectory likelihood."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Objective
from thermozoo.interfaces import LossSymbols


@attrs.frozen
class ForwardLikelihood(Objective):
    r"""Negative log-likelihood that the computer takes an observed step, less its constant.

    .. math:: \ell = \frac{(\Delta x + \mu\, \partial_i V(x)\, \Delta t)^2}{4 \mu k_B T \Delta t}, \qquad
        \Delta x = x' - x

    with x and x' the states of a unit before and after the observed step, V the energy of the computer being trained,
    mu its mobility, kT its temperature and dt the time step. The force is evaluated at x, where the step starts. Summed
    over a trajectory it is the Onsager-Machlup action: the computer of least loss is the one most likely to take the
    steps that it is shown. Quadratic in couplings and biases.

    References
    ----------
    S. Whitelam, Training thermodynamic computers by gradient descent, arXiv:2509.15324. L. Onsager and S. Machlup,
    Fluctuations and irreversible processes, Phys. Rev. 91, 1505 (1953).

    Examples
    --------
    >>> from thermozoo.symbolic.derive import loss_gradients
    >>> from thermozoo_plugins.objectives import ForwardLikelihood
    >>> loss_gradients(ForwardLikelihood()).quadratic
    True
    """

    name = "forward-likelihood"
    direction = "forward"
    quadratic = True
    likelihood = True

    def step_loss(self, s: LossSymbols) -> Any:
        """Return the loss of one unit for one step."""
        residual = (s.x_next - s.x) + s.mobility * s.gradient * s.dt
        return residual**2 / (4 * s.mobility * s.kT * s.dt)
