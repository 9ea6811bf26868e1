"""Single values are structured to the type that is declared."""

from __future__ import annotations

from typing import Any

import pytest

from thermozoo.config.faults import Faults, Origin
from thermozoo.config.values import structure_type


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (int | tuple[int, ...], 3, 3),
        (int | tuple[int, ...], [1, 2], (1, 2)),
        (str | tuple[int, ...], "a", "a"),
        (str | None, "a", "a"),
        (Any, {"a": 1}, {"a": 1}),
    ],
)
def test_a_value_or_a_list_of_values(kind, value, expected):
    faults = Faults(Origin("x.toml"))
    assert structure_type(kind, value, "here", faults) == expected
    assert faults.added == 0


@pytest.mark.parametrize("value", ["x", 1.5, [1, "x"], {"a": 1}, True])
def test_neither_a_value_nor_a_list(value):
    faults = Faults(Origin("x.toml"))
    assert structure_type(int | tuple[int, ...], value, "here", faults) is None
    assert faults.lines[0].startswith("x.toml: here: expected an integer or a list of integers, got")
