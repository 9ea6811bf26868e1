"""Numbers are written with the digits that mean something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermozoo.digits import count, plain, plus_minus, quantity
from thermozoo.digits import significant as digits
from thermozoo.runs.page.numbers import duration, loss_pair

SPACE = "\u00a0"


@pytest.mark.parametrize(
    ("value", "n", "text"),
    [
        (0, 3, "0"),
        (1351.4, 3, "1,350"),
        (1351.4, 4, "1,351"),
        (9.999, 3, "10.0"),
        (0.6912, 3, "0.691"),
        (-0.0012345, 3, "\u22120.00123"),
        (3.877e11, 2, f"3.9{SPACE}×{SPACE}10¹¹"),
        (5e-7, 1, f"5{SPACE}×{SPACE}10⁻⁷"),
        (9.999e6, 2, f"1.0{SPACE}×{SPACE}10⁷"),
        (float("nan"), 3, "not defined"),
        (float("inf"), 3, "not defined"),
    ],
)
def test_significant(value, n, text):
    assert digits(value, n) == text


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1351.4, 198.2, "1,351 ± 198"),
        (12407.3, 154.2, "12,407 ± 154"),
        (0.69123, 0.0812, "0.6912 ± 0.0812"),
        (-12.345, 1.5, "\u221212.35 ± 1.50"),
        (1351.4, None, "1,351"),
        (1351.4, 0.0, "1,351 ± 0"),
    ],
)
def test_plus_minus(value, error, text):
    assert plus_minus(value, error) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.5e-6, "s", "2.50 µs"),
        (999.99, "W", "1.00 kW"),
        (0, "J", "0 J"),
        (5.597e-18, "J", "5.60 aJ"),
        (1.0, "s", "1.00 s"),
        (3e-30, "J", f"3.00{SPACE}×{SPACE}10⁻³⁰ J"),
    ],
)
def test_quantity(value, unit, text):
    assert quantity(value, unit) == text


def test_losses_show_a_difference_of_parts_in_a_thousand():
    assert loss_pair(652.8712, 647.9134) == ("652.87", "647.91")
    assert loss_pair(648.0, 647.998) == ("648.00000", "647.99800")
    assert loss_pair(648.0, 648.0) == ("648.000", "648.000")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (1.0, "1"), (1e-3, "0.001"), (0, "0"), (2500, "2,500"), (0.75, "0.75")],
)
def test_settings_are_written_as_given(value, text):
    assert plain(value) == text


def test_duration():
    assert duration(1.93) == "1.93 s"
    assert duration(171.2) == "171 s (2 min 51 s)"
    assert duration(7300) == "7,300 s (2 h 1 min)"


def test_count():
    assert count(1000) == "1,000"
    assert count(-3) == "\u22123"


@given(st.floats(min_value=1e-3, max_value=9.9e6), st.integers(1, 8))
def test_significant_is_right_to_its_digits(value, n):
    read = float(digits(value, n).replace(",", "").replace(f"{SPACE}×{SPACE}10⁷", "e7"))
    assert read == pytest.approx(value, rel=0.5000001 * 10 ** (1 - n))


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-3, max_value=9.9e6))
def test_settings_lose_nothing(value):
    assert float(plain(value).replace(",", "")) == value
