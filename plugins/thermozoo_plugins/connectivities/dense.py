"""All to all."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import attrs

from thermozoo import Connectivity
from thermozoo.interfaces import UnitLayout


@attrs.frozen
class Dense(Connectivity):
    r"""Every pair of units is coupled.

    .. math:: V_J(x) = \sum_{i<j} J_{ij} x_i x_j, \qquad N (N - 1) / 2 \text{ couplings}

    with N the number of units, of all groups.

    References
    ----------
    S. Whitelam, Generative thermodynamic computing, arXiv:2506.15121, eq. 2.

    Examples
    --------
    >>> from thermozoo.computer.layout import Layout
    >>> from thermozoo_plugins.connectivities import Dense
    >>> Dense().blocks(Layout({"a": 2, "b": 3}))
    [('a', 'a'), ('a', 'b'), ('b', 'b')]
    """

    name = "dense"

    def blocks(self, layout: UnitLayout) -> Sequence[tuple[str, str]]:
        """Return every pair of groups, and each group with itself."""
        return list(itertools.combinations_with_replacement(layout.sizes, 2))
