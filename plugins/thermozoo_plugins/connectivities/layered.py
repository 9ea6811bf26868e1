"""Group after group."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import attrs

from thermozoo import Connectivity, option
from thermozoo.interfaces import UnitLayout
from thermozoo_plugins.connectivities.within import group_names, pairs_within


@attrs.frozen
class Layered(Connectivity):
    r"""Every unit of a group is coupled with every unit of the next group; units of one group only as `within` lists.

    .. math:: J_{ij} \neq 0 \text{ only if } |g(i) - g(j)| = 1 \text{ or } g(i) = g(j) \in \text{within}

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

    within: tuple[str, ...] = option((), converter=group_names, doc="groups whose own units are coupled too")

    def blocks(self, layout: UnitLayout) -> Sequence[tuple[str, str]]:
        """Return each group with the next, and those whose own units are coupled with themselves."""
        return [*itertools.pairwise(layout.sizes), *pairs_within(self.name, self.within, layout)]
