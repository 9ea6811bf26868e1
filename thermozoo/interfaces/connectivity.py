"""The interface of a connectivity: which tuples of units are coupled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from thermozoo.errors import PluginClassError
from thermozoo.interfaces.plugin import Plugin

__all__ = ["Connectivity", "UnitLayout"]


class UnitLayout(Protocol):
    """Groups of units in order, as a connectivity sees them."""

    @property
    def n(self) -> int:
        """Number of units."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Units a group, in order."""

    def slice(self, group: str) -> slice:
        """Return the positions of a group's units."""


class Connectivity(
    Plugin, kind="connectivity", formula=("edges", "blocks"), plural="connectivities", table="computer.connectivity"
):
    """Which tuples of units are coupled, most often pairs; their strengths J are the computer's.

    The author writes `edges` or `blocks`; parameter vector, products and symmetry are derived from it. Where the
    strengths are known as well, `strengths` states those that the computer begins with.
    """

    __slots__ = ()

    def edges(self, layout: UnitLayout) -> npt.NDArray[np.integer[Any]] | None:
        """Return the coupled tuples of k units, each once, in any order: integers of shape (E, k); None: see `blocks`.

        Pairs have k = 2. No unit comes twice in a tuple; k is what the interaction couples, see its order.
        """
        return None

    def blocks(self, layout: UnitLayout) -> Sequence[tuple[str, str]] | None:
        """Return pairs of groups that are coupled all to all, each pair once; None: see `edges`.

        A pair of one group with itself couples all of its units with each other.
        """
        return None

    def strengths(self, layout: UnitLayout) -> npt.NDArray[np.floating[Any]] | None:
        """Return the strength of each tuple in the order of `edges`, shape (E,) [energy]; None, the default: all zero.

        Where `blocks` says what is coupled: block after block, row by row, of a group with itself the upper triangle.
        """
        return None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a connectivity that has neither edges nor blocks."""
        super().__init_subclass__(**kwargs)
        if cls.edges is Connectivity.edges and cls.blocks is Connectivity.blocks:
            raise PluginClassError(
                f"{cls.__qualname__} defines neither edges(layout) nor blocks(layout): write one of them."
            )
