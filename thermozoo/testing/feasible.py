"""Parameter values that satisfy the constraints of a plugin, found from values that do not.

Where a constraint leaves a small part of the bounds, drawing until it holds would take for ever. So a draw is mended:
one parameter after another is moved as little as the constraints ask, the others left as drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.constraints import Constraint, constraints_of
from thermozoo.interfaces import Plugin
from thermozoo.interfaces.tree import values_of

__all__ = ["Feasible"]

Array = npt.NDArray[np.float64]

#: How near to the edge of a constraint a mended value comes, relative to its distance from a value inside; a bound of
#: one parameter is approached as closely.
_NEAR = 1e-3

#: Orders in which all parameters of a constraint are moved, at most.
_MOST_ORDERS = 6


@attrs.frozen(eq=False)
class Feasible:
    """The constraints of a plugin, and values to choose from.

    Parameters
    ----------
    plugin : Plugin
        Its own values satisfy its constraints.
    pools : mapping of str to sequence of float
        Values within the bounds of each parameter, by dotted name.
    """

    plugin: Plugin
    pools: Mapping[str, Sequence[float]]
    constraints: tuple[Constraint, ...] = attrs.field(init=False)

    @constraints.default
    def _constraints(self) -> tuple[Constraint, ...]:
        return constraints_of(self.plugin)

    @property
    def names(self) -> list[str]:
        """Parameters that take part in a constraint."""
        taking_part = {name for one in self.constraints for name in one.names}
        return [name for name in self.pools if name in taking_part]

    def orders(self) -> Iterator[tuple[str, ...]]:
        """Return some orders in which these parameters are moved, each of them first in one at least of the few."""
        names = tuple(self.names)
        turned = [names[k:] + names[:k] for k in range(len(names))]
        return itertools.islice(dict.fromkeys([*turned, *itertools.permutations(names)]), _MOST_ORDERS)

    def holds(self, values: Mapping[str, Any]) -> Any:
        """Tell whether values of all parameters satisfy every constraint, each of several where one has several."""
        held: Any = True
        for one in self.constraints:
            held = held & one.holds(values)
        return held

    def mended(self, values: Mapping[str, float], order: Sequence[str], near: bool) -> dict[str, float]:
        """Return values that satisfy every constraint.

        The first parameter of `order` that can mend them alone takes the value of its pool that is nearest to its own,
        by rank, or one between two edges of the constraints where the pool has none; those before it take the plugin's
        value.

        Parameters
        ----------
        values : mapping
            Values within the bounds.
        order : sequence of str
            In which order parameters are moved, those of broken constraints first.
        near : bool
            Whether the one that mends goes on to the edge of the constraint.
        """
        found = dict(values)
        if self.holds(found):
            return found
        safe = values_of(self.plugin)
        broken_names = {name for one in self.constraints if not one.holds(found) for name in one.names}
        for name in sorted(order, key=lambda name: name not in broken_names):
            broken = found[name]
            ranked = np.unique([*self.pools[name], safe[name], broken])
            good = self._good(found, name, ranked)
            if not good.size:
                ranked = self._between_edges(found, name, ranked)
                good = self._good(found, name, ranked)
            if good.size:
                place = np.searchsorted(ranked, broken)
                found[name] = float(ranked[good[np.argmin(np.abs(good - place))]])
                if near:
                    found[name] = self._near_edge(found, name, beyond=broken)
                return found
            found[name] = safe[name]
        return found

    def _good(self, values: Mapping[str, float], name: str, tried: Array) -> npt.NDArray[np.intp]:
        """Return which values of one parameter satisfy every constraint, the others as they are."""
        return np.flatnonzero(np.broadcast_to(self.holds({**values, name: tried}), tried.shape))

    def _between_edges(self, values: Mapping[str, float], name: str, ranked: Array) -> Array:
        """Return a value of one parameter in each interval in which no comparison changes its truth."""
        edges = [ranked]
        for one in self.constraints:
            for k, difference in enumerate(one.differences({**values, name: ranked})):
                sign = np.sign(np.broadcast_to(difference, ranked.shape))
                (change,) = np.nonzero(sign[:-1] * sign[1:] < 0)
                left, right = ranked[change], ranked[change + 1]
                for _ in range(60 if change.size else 0):
                    middle = left + (right - left) / 2
                    same = np.sign(one.differences({**values, name: middle})[k]) == sign[change]
                    left, right = np.where(same, middle, left), np.where(same, right, middle)
                edges.append(left)
        found = np.unique(np.concatenate(edges))
        return np.unique([*found[:-1] + np.diff(found) / 2, values[name]])

    def _near_edge(self, inside: Mapping[str, float], name: str, beyond: float) -> float:
        """Return a value of one parameter beside the edge that lies between where constraints hold and do not."""
        good, bad = inside[name], beyond
        start = good
        for _ in range(40):
            middle = good + (bad - good) / 2
            if self.holds({**inside, name: middle}):
                good = middle
            else:
                bad = middle
        value = good + (start - good) * _NEAR
        short = float(f"{value:.6g}")
        return next((v for v in (short, value) if self.holds({**inside, name: v})), start)

    def drawn_back(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return values moved toward the plugin's own, all together and by halves, until the constraints hold."""
        found, safe = dict(values), values_of(self.plugin)
        for _ in range(60):
            if self.holds(found):
                return found
            found |= {name: safe[name] + (found[name] - safe[name]) / 2 for name in self.names}
        return found | {name: safe[name] for name in self.names}
