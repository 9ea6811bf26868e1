"""What a caller gives is checked by one function a kind: right values pass unchanged, others are refused in a line."""

from __future__ import annotations

import fractions

import numpy as np
import pytest

from thermozoo import Potential, arguments
from thermozoo.errors import ArgumentError, ParameterError, ShapeError, ThermozooError


@pytest.mark.parametrize("value", [0, 3, np.int64(3), np.uint8(200), np.array(4), 2**70])
def test_counts(value):
    found = arguments.count("steps", value)
    assert type(found) is int
    assert found == int(value)


@pytest.mark.parametrize(
    "value", [3.5, 3.0, np.float64(3), True, np.bool_(1), "3", None, int, [3], np.arange(2), 1e20, 3j]
)
def test_what_is_no_count(value):
    with pytest.raises(ArgumentError, match=r"^steps must be a whole number of 0 or more, got "):
        arguments.count("steps", value)


@pytest.mark.parametrize(
    ("value", "said"),
    [(-1, "got -1$"), (-(10**5000), r"got an integer of about 5,00\d digits$")],
    ids=["short", "long"],
)
def test_counts_out_of_range(value, said):
    with pytest.raises(ParameterError, match=said):
        arguments.count("steps", value)


def test_a_bound_that_fills_a_word_is_written_as_a_power():
    with pytest.raises(ParameterError, match=r"seed must be a whole number from 0 to 2\^64 - 1, got"):
        arguments.count("seed", 2**64, at_most=2**64 - 1)
    with pytest.raises(ParameterError, match=r"threads must be a whole number from 1 to 15, got 16"):
        arguments.count("threads", 16, at_least=1, at_most=15)


@pytest.mark.parametrize("value", [2, 2.5, np.float32(0.5), np.array(1.5), fractions.Fraction(1, 2), np.int8(3)])
def test_numbers(value):
    found = arguments.positive("dt", value)
    assert type(found) is float
    assert found == float(value)


@pytest.mark.parametrize("value", ["1", True, None, 1j, [1.0], np.arange(1.0), np.array("1"), float])
def test_what_is_no_number(value):
    with pytest.raises(ArgumentError, match=r"^dt must be positive and finite, got "):
        arguments.positive("dt", value)


@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf, -np.inf, 10**400, np.array(np.nan)])
def test_numbers_that_cannot_be_meant(value):
    with pytest.raises(ParameterError, match=r"^dt must be positive and finite, got "):
        arguments.positive("dt", value)


def test_names():
    assert arguments.names_of("clamped", "visible") == ("visible",)
    assert arguments.names_of("clamped", ["a", "b"]) == ("a", "b")
    assert arguments.names_of("clamped", ()) == ()
    for value in (3, [3], None, ["a", None]):
        with pytest.raises(ArgumentError, match=r"^clamped must be names, such as \['visible'\], got "):
            arguments.names_of("clamped", value)


def test_instances():
    class Something:
        pass

    one = Something()
    assert arguments.instance("it", one, Something) is one
    with pytest.raises(ArgumentError, match=r"^it must be a Something, got the class Something: give an instance, Som"):
        arguments.instance("it", Something, Something)
    with pytest.raises(ArgumentError, match=r"^it must be a Something, got 5: make one$"):
        arguments.instance("it", 5, Something, "make one")
    with pytest.raises(
        ArgumentError, match=r"got 'quartic': give an instance; catalogue\(\).get\(Potential, 'quartic'\)"
    ):
        arguments.instance("potential", "quartic", Potential)


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        ([1, np.nan, 2], ParameterError, "values must be finite, got nan at 1$"),
        ([1, 2, -np.inf], ParameterError, "values must be finite, got -inf at 2$"),
        ([1, 2], ShapeError, r"values must have shape \(3,\), got \(2,\): count them$"),
        ([[1, 2, 3]], ShapeError, r"values must have shape \(3,\), got \(1, 3\): count them$"),
        (5.0, ShapeError, r"values must have shape \(3,\), got \(\): count them$"),
        ([1, 2, 3j], ArgumentError, "values must be real numbers, got complex128$"),
        (["1", "2", "3"], ArgumentError, "values must be real numbers, got strings$"),
        ([True, False, True], ArgumentError, "values must be real numbers, got booleans$"),
        ([None, 1, 2], ArgumentError, "values must be real numbers, got Python objects$"),
        ([[1], [1, 2], []], ShapeError, "values must be real numbers, got rows of unequal length$"),
    ],
)
def test_arrays(value, error, said):
    with pytest.raises(error, match=f"^{said}"):
        arguments.finite_array("values", value, (3,), "count them")


def test_arrays_keep_their_precision():
    assert arguments.finite_array("x", np.ones(2, np.float32), ("n",)).dtype == np.float32
    assert arguments.finite_array("x", [1, 2], ("n",)).dtype == np.float64
    assert arguments.real_array("x", [np.nan, 2], ("n",)).size == 2
    states = np.ones((4, 5, 3))
    assert arguments.real_array("x", states, ("...", 3)) is states
    with pytest.raises(ShapeError, match=r"x must have shape \(..., 4\), got \(4, 5, 3\)"):
        arguments.real_array("x", states, ("...", 4))
    with pytest.raises(ShapeError, match=r"x must have shape \(..., 4\), got \(\)"):
        arguments.real_array("x", 1.0, ("...", 4))


def test_whole_numbers():
    found = arguments.integer_array("which", np.array([0, 2], np.uint8), ("trajectories",), at_most=2)
    assert found.dtype == np.int64
    with pytest.raises(ParameterError, match="which must be whole numbers from 0 to 2, got 3"):
        arguments.integer_array("which", [0, 3], ("trajectories",), at_most=2)
    with pytest.raises(ArgumentError, match="which must be whole numbers, got float64"):
        arguments.integer_array("which", [0.0, 1.5], ("trajectories",), at_most=2)


def test_every_message_is_one_short_line():
    class Loud:
        def __repr__(self):
            return "loud\n" * 1000

    for value in (Loud(), "x" * 10**5, 10**5000, [[1] * 1000] * 1000, np.zeros((100, 100)), {"a": Loud()}):
        with pytest.raises(ThermozooError) as caught:
            arguments.count("steps", value, at_most=3)
        assert len(str(caught.value)) < 400
        assert "\n" not in str(caught.value)
