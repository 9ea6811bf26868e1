"""Whole numbers that encodings take as settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thermozoo.errors import ParameterError

__all__ = ["copies_a_level", "whole"]


def _is_whole(value: Any, at_least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= at_least


def whole(name: str, at_least: int = 1) -> Callable[[Any], int]:
    """Return a converter that refuses what is no whole number of at least so much."""

    def convert(value: Any) -> int:
        if not _is_whole(value, at_least):
            raise ParameterError(f"{name} must be a whole number of {at_least} or more, got {value!r}")
        return int(value)

    return convert


def copies_a_level(value: Any) -> int | tuple[int, ...]:
    """Return one number of copies for every level, or a number for each.

    Raises
    ------
    ParameterError
        When it is neither.
    """
    if isinstance(value, (list, tuple)) and value and all(_is_whole(one, 1) for one in value):
        return tuple(value)
    if not _is_whole(value, 1):
        raise ParameterError(
            f"copies must be a whole number of 1 or more, or a list with one for each level, got {value!r}"
        )
    return int(value)
