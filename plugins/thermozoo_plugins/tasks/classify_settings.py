"""Settings of the task `classify`."""

from __future__ import annotations

from typing import Any

from thermozoo.errors import ParameterError

__all__ = ["between", "path_of_teacher"]


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


def path_of_teacher(value: Any) -> str:
    """Return the path of a teacher."""
    if not isinstance(value, str):
        raise ParameterError(f"teacher must be the path of an .npz file, got {value!r}")
    return value
