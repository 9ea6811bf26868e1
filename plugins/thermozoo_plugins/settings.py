"""Whole numbers that plugins take as settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thermozoo.errors import ParameterError

__all__ = ["is_whole", "whole"]


def is_whole(value: Any, at_least: int) -> bool:
    """Tell whether a value is a whole number of at least so much; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= at_least


def whole(name: str, at_least: int = 1) -> Callable[[Any], int]:
    """Return a converter that refuses what is no whole number of at least so much."""

    def convert(value: Any) -> int:
        if not is_whole(value, at_least):
            raise ParameterError(f"{name} must be a whole number of {at_least} or more, got {value!r}")
        return int(value)

    return convert
