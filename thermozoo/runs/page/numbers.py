"""Numbers as a reader wants them: digits that mean something, thousands apart, with their unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

__all__ = [
    "FILTERS",
    "count",
    "duration",
    "fixed",
    "is_number",
    "loss_pair",
    "plain",
    "plus_minus",
    "quantity",
    "significant",
]

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_PREFIXES = {
    -18: "a",
    -15: "f",
    -12: "p",
    -9: "n",
    -6: "µ",
    -3: "m",
    0: "",
    3: "k",
    6: "M",
    9: "G",
    12: "T",
}


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether `value` is a number to be formatted (a truth value is not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def count(value: int) -> str:
    """Write a whole number, thousands apart."""
    return _typographic(f"{value:,d}")


def fixed(value: float, decimals: int) -> str:
    """Write `value` with so many decimals, thousands apart."""
    return _typographic(f"{value:,.{decimals}f}")


def significant(value: float, digits: int = 3) -> str:
    """Write `value` with `digits` significant digits; powers of ten outside 1e-4 to 1e7."""
    if not math.isfinite(value):
        return "not defined"
    if value == 0:
        return "0"
    # From the rounded number: 9.999 with three digits is 10.0, not 9.99 and not 10.00.
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    exponent = int(power)
    if -4 <= exponent < 7:
        return _typographic(f"{float(f'{mantissa}e{power}'):,.{max(0, digits - 1 - exponent)}f}")
    return _typographic(mantissa) + "\u00a0×\u00a010" + str(exponent).translate(_SUPERSCRIPTS)


def plain(value: float) -> str:
    """Write a setting as a person would: its digits as given, no zeros behind them."""
    digits = next((d for d in range(1, 17) if float(f"{value:.{d - 1}e}") == value), 17)
    if value == int(value) and abs(value) < 1e7:
        return count(int(value))
    return significant(value, digits)


def plus_minus(value: float, error: float | None, digits: int = 3) -> str:
    """Write `value` ± `error`: `digits` of the error, and as many decimals of the value."""
    if error is None or not math.isfinite(error):
        return significant(value, 4)
    if error <= 0 or not math.isfinite(value) or max(abs(value), error) >= 1e7 or error < 1e-6:
        return f"{significant(value, 4)} ± {significant(error, digits)}"
    decimals = max(0, digits - 1 - math.floor(math.log10(error)))
    return _typographic(f"{value:,.{decimals}f} ± {error:,.{decimals}f}")


def loss_pair(initial: float, final: float) -> tuple[str, str]:
    """Write two losses with as many decimals as three digits of their difference need."""
    difference = abs(initial - final)
    if not math.isfinite(difference) or difference == 0:
        return significant(initial, 6), significant(final, 6)
    decimals = min(8, max(2, 2 - math.floor(math.log10(difference))))
    return _typographic(f"{initial:,.{decimals}f}"), _typographic(f"{final:,.{decimals}f}")


def quantity(value: float, unit: str, digits: int = 3) -> str:
    """Write `value` [`unit`] with the prefix of the International System that suits it."""
    if value == 0 or not math.isfinite(value):
        return f"{significant(value)} {unit}"
    exponent = 3 * math.floor(math.log10(float(f"{abs(value):.{digits - 1}e}")) / 3)
    if exponent not in _PREFIXES:
        return f"{significant(value, digits)} {unit}"
    return f"{significant(value / 10.0**exponent, digits)} {_PREFIXES[exponent]}{unit}"


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
    return f"{100 * fraction:.1f}".removesuffix(".0") + " %"


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
    if is_number(value):
        return plain(value)
    if isinstance(value, list):
        shown = ", ".join(_setting(item) for item in value[:12])
        return shown + (f", … ({len(value)} in all)" if len(value) > 12 else "")
    return str(value)


#: What templates of the page write numbers with.
FILTERS = (count, duration, in_words, percent, plain, plus_minus, quantity, settings, short, significant)


def _typographic(text: str) -> str:
    """Replace the hyphen of a negative number by a minus sign."""
    return text.replace("-", "\u2212")
