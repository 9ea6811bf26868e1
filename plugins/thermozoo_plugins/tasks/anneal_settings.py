"""Settings of the task `anneal`, each with what is said of a value that it cannot have."""

from __future__ import annotations

import math
from typing import Any

from thermozoo.errors import ParameterError
from thermozoo_plugins.settings import whole

__all__ = ["AUTO", "fraction", "kind", "multiple", "side", "target"]

#: What may be asked of a problem.
_KINDS = ("max-cut", "ising", "qubo")

AUTO = "auto"


def kind(value: Any) -> str:
    """Return what is asked."""
    if value not in ("", *_KINDS):
        raise ParameterError(f'problem must be "" (as the file says), {", ".join(map(repr, _KINDS))}, got {value!r}')
    return str(value)


def side(value: Any) -> int:
    """Return the side of a planted lattice."""
    found = whole("side", 4)(value)
    if found % 2:
        raise ParameterError(f"side must be even, got {found}: the planted lattice has plaquettes of two colors")
    return found


def multiple(value: Any) -> float:
    """Return by what energies are multiplied."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1e-9 <= value <= 1e9:
        raise ParameterError(f"strength must be a number from 1e-9 to 1e9, got {value!r}")
    return float(value)


def target(value: Any) -> str | float:
    """Return a number, or what stands for what is known."""
    if value == AUTO:
        return AUTO
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ParameterError(f'target must be a finite number, or "auto" for what is known, got {value!r}')
    return float(value)


def fraction(value: Any) -> float:
    """Return how far from a target one may be."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ParameterError(f"within must be a number from 0 to below 1, got {value!r}")
    return float(value)
