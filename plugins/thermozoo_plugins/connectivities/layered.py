"""Group after group."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import attrs

from thermozoo import Connectivity
from thermozoo.interfaces import UnitLayout


@attrs.frozen
class Layered(Connectivity):
    r"""Every unit of a group is coupled with every unit of the next group, and with no other.

    .. math:: J_{ij} \neq 0 \text{ only if } |g(i) - g(j)| = 1

    with g(i) the number of the group of unit i, in the order in which the config lists them.

    References
    ----------
    R. Salakhutdinov and G. Hinton, Deep Boltzmann machines, AISTATS (2009).

    Examples
    --------
    >>> from thermozoo.computer.layout import Layout
    >>> from thermozoo_plugins.connectivities import Layered
    >>> Layered().blocks(Layout({"inputs": 784, "hidden": 64, "outputs": 10}))
    [('inputs', 'hidden'), ('hidden', 'outputs')]
    """

    name = "layered"

    def blocks(self, layout: UnitLayout) -> Sequence[tuple[str, str]]:
        """Return each group with the next."""
        return list(itertools.pairwise(layout.sizes))
