"""Times in words."""

from __future__ import annotations

__all__ = ["duration_text"]


def duration_text(seconds: float) -> str:
    """Return a time in the unit that makes it short: seconds up to two minutes, minutes up to two hours, ..."""
    for unit, size, most in (("s", 1, 120), ("min", 60, 120), ("h", 3600, 48)):
        if seconds < most * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 86400:,.1f} days"
