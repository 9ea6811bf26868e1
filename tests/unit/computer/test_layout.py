"""Groups of units."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermozoo.computer.layout import Layout
from thermozoo.errors import ShapeError

SIZES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 5), min_size=1).filter(lambda d: sum(d.values()) > 0)


@given(SIZES, st.data())
def test_slices_tile_the_units_in_order(sizes, data):
    layout = Layout(sizes, frozen=data.draw(st.sets(st.sampled_from(sorted(sizes)))))
    units = np.arange(layout.n)
    assert np.concatenate([units[layout.slice(g)] for g in layout.groups]).tolist() == units.tolist()
    for group in layout.groups:
        assert len(units[layout.slice(group)]) == sizes[group]
        assert np.all(layout.moving[layout.slice(group)] == (group not in layout.frozen))
    assert layout.mask(layout.groups).all()
    assert not layout.mask([]).any()


@pytest.mark.parametrize(
    ("sizes", "frozen", "said"),
    [
        ({"a": -1}, (), "group 'a' must have 0 or more units, got -1"),
        ({}, (), "at least one unit"),
        ({"a": 0}, (), "at least one unit"),
        ({"visible": 1}, ("visble",), "no group is called 'visble'; did you mean 'visible'"),
    ],
)
def test_bad_layouts(sizes, frozen, said):
    with pytest.raises(ShapeError, match=said):
        Layout(sizes, frozen=frozen)


def test_an_unknown_group():
    with pytest.raises(ShapeError, match="no group is called 'hiden'; did you mean 'hidden'"):
        Layout({"hidden": 2}).slice("hiden")
