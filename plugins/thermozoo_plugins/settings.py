"""Numbers that plugins take as settings."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

from thermozoo.errors import ParameterError

__all__ = ["between", "finite", "is_whole", "numbers", "parts_of_duration", "whole"]

#: The most durations of a run: each is a number of noise.
_DURATIONS = 100


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


def finite(name: str, value: Any) -> float:
    """Return a finite number, or refuse what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ParameterError(f"{name} must be a finite number, got {value!r}")
    return float(value)


def _number(
    name: str, value: Any, low: float, high: float, *, open_low: bool = False, open_high: bool = False
) -> float:
    within = (
        not isinstance(value, bool)
        and isinstance(value, int | float)
        and (low < value or (not open_low and low == value))
        and (value < high or (not open_high and value == high))
    )
    if not within:
        above, below = "above" if open_low else "of at least", "below" if open_high else "at most"
        raise ParameterError(f"{name} must be a number {above} {low:g} and {below} {high:g}, got {value!r}")
    return float(value)


def between(name: str, low: float, high: float, **open_ends: bool) -> Any:
    """Return a converter that refuses what is no number within bounds; `open_low` and `open_high` exclude these."""
    return lambda value: _number(name, value, low, high, **open_ends)


def numbers(name: str) -> Callable[[Any], tuple[float, ...]]:
    """Return a converter of one finite number or a list of them."""

    def convert(value: Any) -> tuple[float, ...]:
        return tuple(finite(f"each of {name}", one) for one in (value if isinstance(value, list | tuple) else [value]))

    return convert


def parts_of_duration(value: Any) -> tuple[float, ...]:
    """Return durations as parts of the longest, which is dynamics.duration and stands last."""
    found = numbers("durations")(value)
    if not found or len(found) > _DURATIONS or found[-1] != 1 or found[0] <= 0:
        raise ParameterError(
            f"durations must be 1 to {_DURATIONS} parts of dynamics.duration, above 0, the last one 1, got {value!r}"
        )
    if any(b <= a for a, b in itertools.pairwise(found)):
        raise ParameterError(f"durations must rise, the slowest last, got {value!r}")
    return found
