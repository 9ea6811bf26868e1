"""Between groups, and within some."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import attrs

from thermozoo import Connectivity, option
from thermozoo.interfaces import UnitLayout
from thermozoo_plugins.connectivities.within import group_names, pairs_within


@attrs.frozen
class Bipartite(Connectivity):
    r"""All units of different groups are coupled; units of one group only where the group is listed in `within`.

    .. math:: J_{ij} \neq 0 \text{ only if } g(i) \neq g(j) \text{ or } g(i) = g(j) \in \text{within}

    with g(i) the group of unit i. With groups ``visible`` and ``hidden`` and ``within = ["hidden"]`` this is the
    connectivity of the generative computer: visible-hidden and hidden-hidden couplings, none visible-visible.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv:2506.15121, fig. 1.

    Examples
    --------
    >>> from thermozoo.computer.layout import Layout
    >>> from thermozoo_plugins.connectivities import Bipartite
    >>> Bipartite(within=["hidden"]).blocks(Layout({"visible": 784, "hidden": 512}))
    [('visible', 'hidden'), ('hidden', 'hidden')]
    """

    name = "bipartite"

    within: tuple[str, ...] = option((), converter=group_names, doc="groups whose own units are coupled too")

    def blocks(self, layout: UnitLayout) -> Sequence[tuple[str, str]]:
        """Return the pairs of groups."""
        within = pairs_within(self.name, self.within, layout)
        return [*itertools.combinations(layout.sizes, 2), *within]
