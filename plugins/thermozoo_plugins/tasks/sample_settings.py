"""Settings of the task `sample`, each with what is said of a value that it cannot have."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from thermozoo.errors import ParameterError
from thermozoo_plugins.settings import whole

__all__ = ["fraction", "number", "units"]


def number(name: str) -> Callable[[Any], float]:
    """Return a converter that refuses what is no finite number."""

    def convert(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ParameterError(f"{name} must be a finite number, got {value!r}")
        return float(value)

    return convert


def fraction(value: Any) -> float:
    """Return how long chains relax, as a fraction of how long they are observed."""
    found: float = number("relaxation")(value)
    if not 0 < found <= 100:
        raise ParameterError(f"relaxation must lie above 0, and be at most 100 times the duration, got {found:g}")
    return found


def units(value: Any) -> tuple[int, ...]:
    """Return the numbers of units."""
    return tuple(whole("a unit of units", 0)(one) for one in (value if isinstance(value, list | tuple) else (value,)))
