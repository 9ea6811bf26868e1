"""Parameters: declared once, checked everywhere."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermozoo import option, parameter
from thermozoo.errors import ParameterError
from thermozoo.parameters import doc_of, is_symbolic, parameters_of


@attrs.frozen
class Spring:
    stiffness: float = parameter(1.0, unit="energy", above=0, doc="how stiff", symbol="k")
    share: float = parameter(0.5, unit="1", at_least=0, at_most=1, doc="which part")
    depth: float = parameter(-1.0, unit="energy", below=0, doc="how deep")
    path: str = option("", doc="where")


def test_declarations_are_read_in_order():
    stiffness, share, depth = parameters_of(Spring)
    assert (stiffness.name, stiffness.symbol, stiffness.unit, stiffness.doc) == (
        "stiffness", "k", "energy", "how stiff",
    )  # fmt: skip
    assert share.symbol == "share"
    assert (stiffness.range, share.range, depth.range) == ("(0, inf)", "[0, 1]", "(-inf, 0)")
    assert doc_of(attrs.fields(Spring).path) == "where"
    assert parameters_of(object()) == ()


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_bounds_exclude_and_include_their_ends(value):
    finite = math.isfinite(value)
    for name, inside in (
        ("stiffness", finite and value > 0),
        ("share", finite and 0 <= value <= 1),
        ("depth", finite and value < 0),
    ):
        if inside:
            assert getattr(Spring(**{name: value}), name) == value
        else:
            with pytest.raises(ParameterError, match=f"Spring.{name} must lie in"):
                Spring(**{name: value})


@given(st.lists(st.floats(-1, 3), min_size=1, max_size=5))
def test_one_value_per_unit_is_checked_entry_by_entry(values):
    if min(values) > 0:
        spring = Spring(stiffness=values)
        assert np.array_equal(spring.stiffness, values)
        assert not spring.stiffness.flags.writeable
        assert spring == Spring(stiffness=list(values))
    else:
        with pytest.raises(ParameterError, match=r"Spring.stiffness must lie in"):
            Spring(stiffness=values)


@pytest.mark.parametrize(
    "wrong",
    [
        "2",
        True,
        [[1.0], [2.0]],
        [],
        ["a"],
        {"a": 1},
        ["1", "2"],
        [True, False],
        1j,
        np.complex128(2),
        [1, [2]],
        np.bool_(1),
    ],
)
def test_what_is_no_number_is_refused(wrong):
    with pytest.raises(ParameterError, match=r"^Spring\.stiffness must (be a number or one value|have at least one)"):
        Spring(stiffness=wrong)


def test_a_number_that_no_float_holds():
    with pytest.raises(ParameterError, match=r"stiffness must be a number .*, got an integer of about 401 digits"):
        Spring(stiffness=10**400)


def test_declarations_that_contradict_themselves_are_refused():
    with pytest.raises(ParameterError, match="one bound a side"):
        parameter(1.0, unit="1", doc="", above=0, at_least=0)
    with pytest.raises(ParameterError, match=r"^parameter\(\)\.default must lie in"):
        parameter(-1.0, unit="1", doc="", above=0)


def test_a_default_out_of_bounds_names_the_field():
    with pytest.raises(ParameterError, match=r"^depth\.default must lie in \(-inf, 0\), got 1"):

        class Well:
            depth: float = parameter(1.0, unit="energy", below=0, doc="how deep")


def test_symbols_pass_unchecked():
    import sympy

    k = sympy.Symbol("k")
    assert is_symbolic(k)
    assert not is_symbolic(1.0)
    assert Spring(stiffness=k).stiffness is k
