"""Numbers as a reader wants them: digits that mean something, thousands apart, with their unit."""

from __future__ import annotations

import math
from typing import Any, TypeGuard

__all__ = [
    "bytes_text",
    "count",
    "decimals",
    "fixed",
    "in_ascii",
    "is_number",
    "number_text",
    "plain",
    "plus_minus",
    "quantity",
    "significant",
    "tick_text",
    "typographic",
]

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
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

_BYTES = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether `value` is a number to be formatted (a truth value is not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def typographic(text: str) -> str:
    """Replace the hyphen of a negative number by a minus sign."""
    return text.replace("-", "\u2212")


def in_ascii(text: str) -> str:
    """Write the signs of a number as a terminal has them."""
    return text.replace("\u2212", "-").replace("±", "+-").replace("\u00a0", " ")


def decimals(of: float, digits: int) -> int:
    """Return the decimals that so many significant digits of a number need, none for those before the point."""
    return max(0, digits - 1 - int(f"{of:.16e}".partition("e")[2]))


def count(value: int) -> str:
    """Write a whole number, thousands apart."""
    return typographic(f"{value:,d}")


def fixed(value: float, places: int) -> str:
    """Write `value` with so many decimals, thousands apart."""
    return typographic(f"{value:,.{places}f}")


def significant(value: float, digits: int = 3) -> str:
    """Write `value` with `digits` significant digits; powers of ten outside 1e-4 to 1e7."""
    if not math.isfinite(value):
        return "not defined"
    if value == 0:
        return "0"
    mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
    exponent = int(power)
    if -4 <= exponent < 7:
        # From the rounded number: 9.999 with three digits is 10.0, not 9.99 and not 10.00.
        rounded = float(f"{mantissa}e{power}")
        return fixed(rounded, decimals(rounded, digits))
    return typographic(mantissa) + "\u00a0×\u00a010" + str(exponent).translate(_SUPERSCRIPTS)


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
    places = decimals(error, digits)
    return f"{fixed(value, places)} ± {fixed(error, places)}"


def quantity(value: float, unit: str, digits: int = 3) -> str:
    """Write `value` [`unit`] with the prefix of the International System that suits it."""
    if value == 0 or not math.isfinite(value):
        return f"{significant(value)} {unit}"
    exponent = 3 * math.floor(math.log10(float(f"{abs(value):.{digits - 1}e}")) / 3)
    if exponent not in _PREFIXES:
        return f"{significant(value, digits)} {unit}"
    return f"{significant(value / 10.0**exponent, digits)} {_PREFIXES[exponent]}{unit}"


def number_text(value: float) -> str:
    """Write a number with three significant digits, or with all before the point if more."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return typographic(text)


def bytes_text(count: float) -> str:
    """Return a number of bytes in a unit that makes it short."""
    if count == 1:
        return "1 byte"
    for unit in _BYTES[:-1]:
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} {_BYTES[-1]}"


def tick_text(value: float, _position: float = 0) -> str:
    """Write the number at a tick in full, without an offset, thousands apart."""
    return typographic(f"{value:,.8g}")
