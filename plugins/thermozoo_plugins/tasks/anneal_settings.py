"""Settings of the task `anneal`, each with what is said of a value that it cannot have."""

from __future__ import annotations

import itertools
import math
from typing import Any

from thermozoo.errors import ParameterError
from thermozoo_plugins.settings import whole

__all__ = ["AUTO", "METHODS", "fraction", "kind", "method", "multiple", "side", "target", "temperatures"]

#: What may be asked of a problem, and how it may be searched.
_KINDS = ("max-cut", "ising", "qubo")
METHODS = ("anneal", "tempering")

#: The most rungs of a ladder.
_RUNGS = 1000

AUTO = "auto"


def kind(value: Any) -> str:
    """Return what is asked."""
    if value not in ("", *_KINDS):
        raise ParameterError(f'problem must be "" (as the file says), {", ".join(map(repr, _KINDS))}, got {value!r}')
    return str(value)


def method(value: Any) -> str:
    """Return how it is searched."""
    if value not in METHODS:
        raise ParameterError(f"method must be {' or '.join(map(repr, METHODS))}, got {value!r}")
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


def temperatures(value: Any) -> tuple[float, ...]:
    """Return those of the rungs of a ladder, or none."""
    if value == () or value == []:
        return ()
    found = value if isinstance(value, list | tuple) else [value]
    numbers = all(isinstance(kT, int | float) and not isinstance(kT, bool) and 0 < kT < math.inf for kT in found)
    if not numbers or len(found) == 1 or len(found) > _RUNGS or any(b <= a for a, b in itertools.pairwise(found)):
        raise ParameterError(
            f"temperatures must be 2 to {_RUNGS:,} of rungs, above 0, the coldest first, each above the last, got "
            f"{value!r}"
        )
    return tuple(map(float, found))
