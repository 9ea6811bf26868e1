"""Settings that several encodings take."""

from __future__ import annotations

from typing import Any

from thermozoo.errors import ParameterError
from thermozoo_plugins.settings import is_whole

__all__ = ["copies_a_level"]


def copies_a_level(value: Any) -> int | tuple[int, ...]:
    """Return one number of copies for every level, or a number for each.

    Raises
    ------
    ParameterError
        When it is neither.
    """
    if isinstance(value, (list, tuple)) and value and all(is_whole(one, 1) for one in value):
        return tuple(value)
    if not is_whole(value, 1):
        raise ParameterError(
            f"copies must be a whole number of 1 or more, or a list with one for each level, got {value!r}"
        )
    return int(value)
