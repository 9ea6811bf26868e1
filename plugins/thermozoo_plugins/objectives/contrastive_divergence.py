"""Contrastive divergence."""

from __future__ import annotations

from typing import Any

import attrs

from thermozoo import Objective
from thermozoo.interfaces import ContrastSymbols


@attrs.frozen
class ContrastiveDivergence(Objective):
    r"""Energy of states that show the data less that of the model's own states, in kT: a Boltzmann machine's gradient.

    .. math:: c = \frac{V(x_\text{data}) - V(x_\text{model})}{k_B T}, \qquad
        \left\langle \frac{\partial c}{\partial J_{ij}} \right\rangle
        = \frac{\langle x_i x_j \rangle_\text{data} - \langle x_i x_j \rangle_\text{model}}{k_B T}

    with V the energy of the computer being trained and kT its temperature. In states of the data visible units are
    clamped to an image, and hidden ones are in equilibrium with it; in states of the model no unit is clamped. In
    equilibrium of both the mean of the gradient is that of the negative log-likelihood of the data. Chains of the model
    that were begun at the data, and not followed until they forget it, give a gradient that is too small (CD-k); chains
    that go on from one update to the next (persistent) lag behind by what changed meanwhile.

    References
    ----------
    D. H. Ackley, G. E. Hinton and T. J. Sejnowski, A learning algorithm for Boltzmann machines, Cogn. Sci. 9, 147
    (1985); G. E. Hinton, Training products of experts by minimizing contrastive divergence, Neural Comput. 14, 1771
    (2002); T. Tieleman, Training restricted Boltzmann machines using approximations to the likelihood gradient, Proc.
    ICML (2008).

    Examples
    --------
    >>> import thermozoo as tz
    >>> from thermozoo_plugins.objectives import ContrastiveDivergence
    >>> tz.contrast_weights(ContrastiveDivergence(), 0.1)
    (10.0, -10.0)
    """

    name = "contrastive-divergence"
    likelihood = True

    def contrast(self, s: ContrastSymbols) -> Any:
        """Return the difference of the energies in kT."""
        return (s.energy_data - s.energy_model) / s.kT
