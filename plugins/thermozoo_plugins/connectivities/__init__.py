"""First-party connectivities."""

from __future__ import annotations

from thermozoo import Connectivity, hookimpl
from thermozoo_plugins.connectivities.bipartite import Bipartite
from thermozoo_plugins.connectivities.dense import Dense

__all__ = ["Bipartite", "Dense"]


@hookimpl
def thermozoo_connectivities() -> list[type[Connectivity]]:
    """Return the first-party connectivities."""
    return [Dense, Bipartite]
