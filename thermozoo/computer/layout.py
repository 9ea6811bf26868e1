"""Groups of units, in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
import numpy as np
import numpy.typing as npt

from thermozoo.errors import ShapeError, nearest

__all__ = ["Layout"]


def _sizes(value: Mapping[str, int]) -> dict[str, int]:
    return {str(name): int(size) for name, size in value.items()}


def _names(value: Iterable[str]) -> frozenset[str]:
    return frozenset(value)


@attrs.frozen
class Layout:
    """Groups of units in order; unit i belongs to the group whose slice holds i.

    Parameters
    ----------
    sizes : mapping of str to int
        Units a group; a group may be empty.
    frozen : iterable of str
        Groups whose states are clamped: they act on others and do not move.

    Raises
    ------
    ShapeError
        When a size is negative, there is no unit at all, or a frozen group does not exist.

    Examples
    --------
    >>> layout = Layout({"visible": 4, "hidden": 2}, frozen=["visible"])
    >>> layout.n, layout.slice("hidden"), int(layout.moving.sum())
    (6, slice(4, 6, None), 2)
    """

    sizes: dict[str, int] = attrs.field(converter=_sizes, hash=False)
    frozen: frozenset[str] = attrs.field(default=frozenset(), converter=_names)

    def __attrs_post_init__(self) -> None:
        for name, size in self.sizes.items():
            if size < 0:
                raise ShapeError(f"group {name!r} must have 0 or more units, got {size}")
        if self.n == 0:
            raise ShapeError("a computer needs at least one unit, got none")
        for name in sorted(self.frozen):
            self._known(name)

    def _known(self, group: str) -> None:
        if group not in self.sizes:
            raise ShapeError(
                f"no group is called {group!r}{nearest(group, self.sizes)}; groups: {', '.join(self.sizes)}"
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
        start = 0
        for name, size in self.sizes.items():
            if name == group:
                break
            start += size
        return slice(start, start + self.sizes[group])

    def mask(self, groups: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Return which units belong to any of the groups, shape (n,)."""
        chosen = np.zeros(self.n, dtype=bool)
        for group in groups:
            chosen[self.slice(group)] = True
        return chosen

    @property
    def moving(self) -> npt.NDArray[np.bool_]:
        """Which units move (are not frozen), shape (n,)."""
        moves: npt.NDArray[np.bool_] = ~self.mask(self.frozen)
        return moves
