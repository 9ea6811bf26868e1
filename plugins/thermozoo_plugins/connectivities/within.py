"""Groups whose own units are coupled, beside those of different groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from thermozoo.errors import ParameterError, nearest
from thermozoo.interfaces import UnitLayout

__all__ = ["group_names", "pairs_within"]


def group_names(value: str | Iterable[str]) -> tuple[str, ...]:
    """Return names as a tuple; a string is one name, not its letters."""
    return (value,) if isinstance(value, str) else tuple(value)


def pairs_within(connectivity: str, within: Sequence[str], layout: UnitLayout) -> list[tuple[str, str]]:
    """Return each of the groups that are named with itself, in the order of the groups.

    Raises
    ------
    ParameterError
        When a group that is named does not exist.
    """
    for group in within:
        if group not in layout.sizes:
            raise ParameterError(
                f"{connectivity}: within names the group {group!r}{nearest(group, layout.sizes)}; groups: "
                f"{', '.join(layout.sizes)}"
            )
    return [(group, group) for group in layout.sizes if group in within]
