"""A table of the page."""

from __future__ import annotations

import attrs

__all__ = ["Table"]


@attrs.frozen
class Table:
    """Rows of a table; `numbers` aligns all but the first column to the right, `folded` hides it behind these words."""

    rows: list[list[str]]
    head: list[str] = attrs.field(factory=list)
    caption: str = ""
    numbers: bool = True
    total: bool = False
    folded: str = ""
