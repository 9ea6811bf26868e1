"""The best cuts that are known of graphs of the G-set, as lists of others have them."""

from __future__ import annotations

import csv
import functools
import importlib.resources
from types import MappingProxyType

import attrs

from thermozoo.arguments import choice

__all__ = ["SOURCES", "BestKnown", "best_known", "named_instances"]

#: Where the cuts of the table are from.
SOURCES = MappingProxyType(
    {
        "Benlic and Hao 2013": "U. Benlic and J.-K. Hao, Breakout local search for the max-cut problem, Eng. Appl. "
        "Artif. Intell. 26, 1162 (2013), from the authors' page leria-info.univ-angers.fr/~jinkao.hao/BLS_max_cut.html",
        "simulated bifurcation 2019": "by simulated bifurcation, as listed by github.com/KULeuven-MICAS/openising",
        "arXiv:2505.18508": "arXiv:2505.18508 (2025), as listed by github.com/KULeuven-MICAS/openising",
        "AOCoptimizer.jl": "the column BestKnown of data/GSet/reference.csv in github.com/microsoft/AOCoptimizer.jl",
    }
)


@attrs.frozen
class BestKnown:
    """What is known of a named graph.

    Lists disagree, and none of the cuts of large graphs is proven to be the largest: say how near an answer comes to
    one of them, and to which, rather than whether it is optimal.

    Parameters
    ----------
    instance : str
        Its name, such as ``"G22"``.
    vertices, edges : int
        Its size: a file of another size is another graph.
    cuts : tuple of (str, int)
        Sources, explained by `SOURCES`, and the cut of each.
    """

    instance: str
    vertices: int
    edges: int
    cuts: tuple[tuple[str, int], ...]

    @property
    def highest(self) -> int:
        """The largest of the cuts."""
        return max(cut for _, cut in self.cuts)


def best_known(instance: str) -> BestKnown:
    """Return what is known of a graph of the G-set.

    Parameters
    ----------
    instance : str
        One of `named_instances`.

    Raises
    ------
    ParameterError
        When the table has no such graph.

    Examples
    --------
    >>> known = best_known("G81")
    >>> known.vertices, known.highest
    (20000, 14060)
    >>> dict(known.cuts)["Benlic and Hao 2013"]
    14030
    """
    return _table()[choice("instance", instance, _table())]


def named_instances() -> tuple[str, ...]:
    """Return the names of the graphs in the table."""
    return tuple(_table())


@functools.cache
def _table() -> dict[str, BestKnown]:
    file = importlib.resources.files("thermozoo.problems") / "best_known.csv"
    found: dict[str, BestKnown] = {}
    for row in csv.DictReader(file.read_text("utf-8").splitlines()):
        name, cut = row["instance"], (row["source"], int(row["cut"]))
        before = found[name].cuts if name in found else ()
        found[name] = BestKnown(name, int(row["vertices"]), int(row["edges"]), (*before, cut))
    return found
