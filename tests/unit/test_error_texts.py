"""What error messages quote of what a user gave."""

from __future__ import annotations

from pathlib import Path

import pytest

from thermozoo.errors import shown


@pytest.mark.parametrize("given", ["J2", 3, 1.5, Path("runs/first"), -(10**30)])
def test_what_is_short_is_quoted_whole(given):
    assert shown(given) == str(given)


def test_the_middle_of_a_long_text_is_left_out():
    text = "computer." + "x" * 100_000 + ".J2"
    assert shown(text) == "computer." + "x" * 33 + "..." + "x" * 12 + ".J2"
    assert len(shown(text, limit=200)) == 200


@pytest.mark.parametrize("digits", [150, 300, 5_000, 40_000])
@pytest.mark.parametrize("sign", [1, -1])
def test_long_integers_are_told_by_their_first_digits(digits, sign):
    """Python itself refuses to write out more than 4,300 digits."""
    found = shown(sign * 1234567 * 10 ** (digits - 7))
    assert found.startswith("-123456700000..." if sign < 0 else "123456700000...")
    assert f"about {digits:,} digits" in found or f"about {digits - 1:,} digits" in found


def test_a_quotation_stays_on_one_line_and_can_be_written_anywhere():
    assert shown("a\nb\t\x00\udcff") == r"a\nb\t\x00\udcff"
