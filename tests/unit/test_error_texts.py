"""What error messages quote of what a user gave."""

from __future__ import annotations

from pathlib import Path

import pytest

from thermozoo.errors import shown


@pytest.mark.parametrize("given", ["J2", 3, 1.5, Path("runs/first"), -(10**30)])
def test_what_is_short_is_quoted_whole(given):
    assert shown(given) == str(given)


def test_a_long_text_is_cut_and_its_length_told():
    assert shown("x" * 100_000, 12) == "xxxxxxxxxxxx... (100,000 characters)"


@pytest.mark.parametrize("digits", [5_000, 40_000])
def test_long_integers_are_told_by_their_length(digits):
    """Python itself refuses to write out more than 4,300 digits."""
    assert shown(-(10**digits)) == f"an integer of about {digits:,} digits"


def test_a_quotation_stays_on_one_line_and_can_be_written_anywhere():
    assert shown("a\nb\t\x00\udcff") == r"a\nb\t\x00\udcff"
