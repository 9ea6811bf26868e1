"""Groups of units."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermozoo.computer.layout import Layout
from thermozoo.errors import ArgumentError, ParameterError, ShapeError

SIZES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 5), min_size=1).filter(lambda d: sum(d.values()) > 0)


@given(SIZES, st.data())
def test_slices_tile_the_units_in_order(sizes, data):
    layout = Layout(sizes, clamped=data.draw(st.sets(st.sampled_from(sorted(sizes)))))
    units = np.arange(layout.n)
    assert np.concatenate([units[layout.slice(g)] for g in layout.groups]).tolist() == units.tolist()
    for group in layout.groups:
        assert len(units[layout.slice(group)]) == sizes[group]
        assert np.all(layout.free[layout.slice(group)] == (group not in layout.clamped))
    assert layout.mask(layout.groups).all()
    assert not layout.mask([]).any()


@pytest.mark.parametrize(
    ("sizes", "clamped", "said"),
    [
        ({}, (), "at least one unit"),
        ({"a": 0}, (), "at least one unit"),
        ({"visible": 1}, ("visble",), "no group is called 'visble'; did you mean 'visible'"),
    ],
)
def test_bad_layouts(sizes, clamped, said):
    with pytest.raises(ShapeError, match=said):
        Layout(sizes, clamped=clamped)


@pytest.mark.parametrize("size", [3.5, 3.0, True, "3", None, -1, 10**20, 1e20, np.array([2, 3])], ids=repr)
def test_sizes_that_are_no_count_of_units(size):
    kind = ParameterError if isinstance(size, int) and size is not True else ArgumentError
    with pytest.raises(kind, match=r"size of group 'a' must be a whole number from 0 to 2147483647, got "):
        Layout({"a": size})


@pytest.mark.parametrize("sizes", [3, ["a"], "a", None, {3: 4}])
def test_groups_that_are_none(sizes):
    with pytest.raises(ArgumentError, match=r"must be (units by group|names), such as .*, got "):
        Layout(sizes)


def test_a_string_is_one_group():
    layout = Layout({"visible": np.int64(2), "hidden": 1}, clamped="visible")
    assert layout.clamped == {"visible"}
    assert layout.mask("hidden").tolist() == [False, False, True]
    with pytest.raises(ShapeError, match="no group is called 'v'; groups: visible, hidden"):
        layout.mask("v")
    with pytest.raises(ShapeError, match="no group is called 3; groups"):
        layout.slice(3)


def test_an_unknown_group():
    with pytest.raises(ShapeError, match="no group is called 'hiden'; did you mean 'hidden'"):
        Layout({"hidden": 2}).slice("hiden")


def test_a_slice_costs_the_same_whatever_the_number_of_groups():
    layout = Layout({f"g{k}": 1 for k in range(4_000)})
    started = time.process_time()
    for _ in range(50_000):
        layout.slice("g3999")
    assert layout.slice("g3999") == slice(3999, 4000)
    assert time.process_time() - started < 2  # to walk over the groups each time takes longer by far
