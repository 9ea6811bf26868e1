"""What templates of the page write numbers and settings with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from thermozoo.digits import count, decimals, fixed, is_number, plain, plus_minus, quantity, significant

__all__ = ["FILTERS", "duration", "loss_pair"]

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def loss_pair(initial: float, final: float) -> tuple[str, str]:
    """Write two losses with as many decimals as three digits of their difference need."""
    difference = abs(initial - final)
    if not math.isfinite(difference) or difference == 0:
        return significant(initial, 6), significant(final, 6)
    places = min(8, max(2, decimals(difference, 3)))
    return fixed(initial, places), fixed(final, places)


def duration(seconds: float) -> str:
    """Write a time on the clock: in seconds, and from two minutes on also in minutes or hours."""
    text = f"{significant(seconds, 3)} s"
    if not math.isfinite(seconds) or seconds < 120:
        return text
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{text} ({hours} h {minutes} min)" if hours else f"{text} ({minutes} min {rest} s)"


def short(value: float) -> str:
    """Write a setting with at most four digits."""
    return plain(float(f"{value:.4g}"))


def percent(fraction: float) -> str:
    """Write a fraction in percent, without decimals where there are none to write."""
    if not math.isfinite(fraction):
        return significant(fraction)
    return f"{100 * fraction:.1f}".removesuffix(".0") + " %"


def share(fraction: float, of: int) -> str:
    """Write a fraction of so many in percent with its 95 % interval, that of Wilson, which stays between 0 and 1.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, Journal of the American
    Statistical Association 22, 209 (1927).
    """
    if not (math.isfinite(fraction) and of > 0):
        return percent(fraction)
    z2 = 1.959964**2 / of
    center, half = fraction + z2 / 2, math.sqrt(z2 * (fraction * (1 - fraction) + z2 / 4))
    low, high = ((center + side * half) / (1 + z2) for side in (-1, 1))
    return f"{percent(fraction)} ({100 * low:.0f} to {100 * high:.0f} %)"


def in_words(value: int) -> str:
    """Write a small number as a word."""
    return _WORDS[value] if 0 <= value < len(_WORDS) else count(value)


def settings(table: Mapping[str, Any]) -> list[str]:
    """Write the settings of the plugin that a table of the config names."""
    return [
        f"{key} = {_setting(value)}"
        for key, value in table.items()
        if key not in ("plugin", "protocol") and not isinstance(value, Mapping)
    ]


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as in the config
    if is_number(value):
        return plain(value)
    if isinstance(value, list):
        shown = ", ".join(_setting(item) for item in value[:12])
        return shown + (f", … ({len(value)} in all)" if len(value) > 12 else "")
    return str(value)


#: What templates of the page write numbers with.
FILTERS = (count, duration, fixed, in_words, percent, plain, plus_minus, quantity, settings, share, short, significant)
