"""First-party connectivities."""

from __future__ import annotations

from thermozoo import Connectivity, hookimpl
from thermozoo_plugins.connectivities.bipartite import Bipartite
from thermozoo_plugins.connectivities.dense import Dense
from thermozoo_plugins.connectivities.edges import Edges
from thermozoo_plugins.connectivities.lattice import Lattice
from thermozoo_plugins.connectivities.layered import Layered
from thermozoo_plugins.connectivities.random_regular import RandomRegular
from thermozoo_plugins.connectivities.ring import Ring

__all__ = ["Bipartite", "Dense", "Edges", "Lattice", "Layered", "RandomRegular", "Ring"]


@hookimpl
def thermozoo_connectivities() -> list[type[Connectivity]]:
    """Return the first-party connectivities."""
    return [Dense, Bipartite, Ring, Lattice, Layered, RandomRegular, Edges]
