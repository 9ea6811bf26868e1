"""Groups of units, in order."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.arguments import count, names_of, told
from thermozoo.errors import ArgumentError, ShapeError, nearest

__all__ = ["Layout"]

#: Units of a group, at most: NumPy's arrays and the blocks of noise can index no more.
_MOST = 2**31 - 1


def _sizes(value: Any) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise ArgumentError(f"sizes must be units by group, such as {{'visible': 4}}, got {told(value)}")
    names_of("groups", value)
    return {name: count(f"size of group {name!r}", size, at_most=_MOST) for name, size in value.items()}


def _clamped(value: Any) -> frozenset[str]:
    return frozenset(names_of("clamped", value))


@attrs.frozen
class Layout:
    """Groups of units in order; unit i belongs to the group whose slice holds i.

    Parameters
    ----------
    sizes : mapping of str to int
        Units a group; a group may be empty.
    clamped : iterable of str, or str
        Groups whose states are clamped: they act on others and do not move.

    Raises
    ------
    ArgumentError, ParameterError
        When a size is no whole number of 0 or more.
    ShapeError
        When there is no unit at all, or a clamped group does not exist.

    Examples
    --------
    >>> layout = Layout({"visible": 4, "hidden": 2}, clamped=["visible"])
    >>> layout.n, layout.slice("hidden"), int(layout.free.sum())
    (6, slice(4, 6, None), 2)
    """

    sizes: dict[str, int] = attrs.field(converter=_sizes, hash=False)
    clamped: frozenset[str] = attrs.field(default=frozenset(), converter=_clamped)
    # where each group begins: pairs of groups ask for it, and of thousands of groups there are millions
    _starts: dict[str, int] = attrs.field(init=False, repr=False, eq=False)

    @_starts.default
    def _first_units(self) -> dict[str, int]:
        return dict(zip(self.sizes, itertools.accumulate(self.sizes.values(), initial=0), strict=False))

    def __attrs_post_init__(self) -> None:
        if self.n == 0:
            raise ShapeError("a computer needs at least one unit, got none")
        for name in sorted(self.clamped):
            self._known(name)

    def _known(self, group: str) -> None:
        if group not in self.sizes:
            raise ShapeError(
                f"no group is called {told(group)}{nearest(str(group), self.sizes)}; groups: {', '.join(self.sizes)}"
            )

    @property
    def n(self) -> int:
        """Number of units."""
        return sum(self.sizes.values())

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups, in order."""
        return tuple(self.sizes)

    def slice(self, group: str) -> slice:
        """Return the positions of a group's units."""
        self._known(group)
        start = self._starts[group]
        return slice(start, start + self.sizes[group])

    def mask(self, groups: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Return which units belong to any of the groups (a string is one of them), shape (n,)."""
        chosen = np.zeros(self.n, dtype=bool)
        for group in names_of("groups", groups):
            chosen[self.slice(group)] = True
        return chosen

    @property
    def free(self) -> npt.NDArray[np.bool_]:
        """Which units move (are not clamped), shape (n,)."""
        moves: npt.NDArray[np.bool_] = ~self.mask(self.clamped)
        return moves
