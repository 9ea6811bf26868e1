"""The energy of modern Hopfield networks."""

from __future__ import annotations

from typing import Any

import attrs
import sympy

from thermozoo import Projection, parameter


@attrs.frozen
class ModernHopfield(Projection):
    r"""The modern Hopfield energy; its force is the attention of the state to the patterns.

    .. math:: V_p = -\frac{1}{\beta} \ln \sum_k w_k \exp(\beta\, m_k \cdot x)

    with :math:`m_k` the patterns, :math:`w_k` their weights, x the states and :math:`\beta` the sharpness [1 / energy].
    The force is :math:`\sum_k p_k m_k` with p the softmax of :math:`\ln w_k + \beta\, m_k \cdot x`. With potentials
    :math:`x^2 / 2` and patterns of one length, every pattern that is far enough from the others is a minimum.

    References
    ----------
    H. Ramsauer et al., Hopfield networks is all you need, arXiv:2008.02217, eq. 1;
    A. Alswaidan and J. D. Varner, arXiv:2603.06875.

    Examples
    --------
    >>> import thermozoo as tz
    >>> from thermozoo_plugins.projections import ModernHopfield
    >>> print(tz.formulas(ModernHopfield()).energy)
    -log(sum_0)/beta
    """

    name = "modern-hopfield"

    beta: float = parameter(10.0, unit="1/energy", above=0, doc="sharpness", symbol=r"\beta")

    def energy(self, s: Any) -> Any:
        """Return the energy of sums over patterns."""
        return -sympy.log(s.sum(sympy.exp(self.beta * s.z))) / self.beta
