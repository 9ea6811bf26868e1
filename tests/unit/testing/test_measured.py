"""One comparison: value, expectation, tolerance, and what a check does with it."""

from __future__ import annotations

import json
import math

import attrs
import pytest
import sympy

from thermozoo import Objective, Potential, parameter
from thermozoo.testing import CheckFailed, Measured, Status, checks_for
from thermozoo.testing.grades import WORST_FAR_GRADE, WORST_GRADE, code_error
from thermozoo.testing.measured import apart, worst
from thermozoo.testing.outcomes import Outcome
from thermozoo.testing.runner import context_for, run_check


@pytest.mark.parametrize(
    ("measured", "holds"),
    [
        (Measured("grade", 3.9, 0.0, 4.0), True),
        (Measured("grade", 4.1, 0.0, 4.0), False),
        (Measured("order", 0.7, 1.0, 0.25, sense="at least"), False),
        (Measured("order", 9.0, 1.0, 0.25, sense="at least"), True),
        (Measured("chi-square", 0.0, 6.0, 1.0, sense="at most"), True),
        (Measured("ratio", math.nan, 1.0, 0.5), False),
        (Measured("quadratic", "True", "True", 0), True),
        (Measured("quadratic", "True", "False", 0), False),
    ],
)
def test_it_holds_within_its_tolerance_in_its_sense(measured, holds):
    assert measured.holds is holds
    if holds:
        assert measured.require() is measured
    else:
        with pytest.raises(CheckFailed) as caught:
            measured.require("no")
        assert caught.value.measured is measured


def test_numbers_are_written_with_the_digits_that_tell_them_apart():
    assert apart(1.5625, 1.5625 * (1 + 4e-11)) == ("1.5625", "1.56250000006")
    assert apart(0.25, math.nan) == ("0.25", "nan")
    assert apart(2.0, 2.0) == ("2", "2")
    assert Measured("a", 1.0, 1.0 + 2**-52, 1e-9).figure == ("a 1, expected 1.0000000000000002, tolerance 1e-09")


def test_the_worst_is_the_one_that_uses_up_most_of_its_tolerance():
    chosen = worst([Measured("a", 1.0, 0.0, 100.0), Measured("b", 0.5, 0.0, 1.0), Measured("c", 0.1, 0.0, 1.0)])
    assert (chosen.what, chosen.detail) == ("b", "closest to its limit of 3 comparisons")


def test_what_is_infinite_is_still_json():
    outcome = Outcome("a", "A.", "quick", Status.PASSED, value=math.inf, expected=1.0, tolerance=0.1)
    assert json.loads(json.dumps(outcome.as_json(), allow_nan=False))["value"] == "inf"


X, K = sympy.Symbol("x", real=True), sympy.Symbol("k", positive=True)


def error_of(expression, got, x=1.0, k=1.0, excess=0.0):
    return code_error(lambda *a: [[got]], expression, {X: x, K: k}, X, 1.0, excess, 1.0)


def test_beside_an_edge_code_may_give_either_side_and_all_between():
    step = sympy.Heaviside(X - K / 10)
    for right in (0.0, 0.5, 1.0):
        assert error_of(step, right, x=0.1).relative == 0.0
    wrong = error_of(step, 1.2, x=0.1)
    assert not wrong.measured.holds
    assert "jumps here, from 0 to 1" in wrong.cause
    assert not error_of(step, 1.0, x=0.09).measured.holds


def test_states_that_no_unit_visits_are_held_to_half_of_the_digits():
    near, far = (error_of(K * X**2, 1 + 1e-10, excess=excess) for excess in (10.0, 1e5))
    assert (near.limit, near.measured.holds) == (WORST_GRADE, False)
    assert (far.limit, far.measured.holds) == (WORST_FAR_GRADE, True)
    assert not error_of(K * X**2, 1.5, excess=1e5).measured.holds


def test_the_cause_is_what_was_found():
    cancels = (X + 10**6) ** 3 - X**3 - 3 * 10**6 * X**2 - 3 * 10**12 * X - 10**18 + X / 3
    assert "large terms cancel" in error_of(cancels, 64.0, x=1 / 3).cause
    assert "the generated code is not" in error_of(K * X**2, 1.1).cause
    assert "overflows" in error_of(K * X**2, math.inf).cause
    assert "0/0 at this state" in error_of(K * sympy.sin(X) / X, math.nan, x=0.0).cause
    assert error_of(K / X**2, math.inf, x=0.0) is None  # infinite for both


@attrs.frozen
class Counting(Potential):
    """It counts its calls."""

    name = "counting"
    calls = []
    k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")

    def energy(self, x):
        self.calls.append(x)
        return self.k * x**4


def test_a_formula_is_called_a_handful_of_times():
    context = context_for(Counting, engines=())
    Counting.calls.clear()
    for check in checks_for(Counting):
        if check.name in {"finite", "confining", "continuous", "force", "curvature", "parameter-derivatives"}:
            assert run_check(check, context).status is Status.PASSED
    assert len(Counting.calls) <= 3


@attrs.frozen
class Raising(Potential):
    """It raises without a word where its parameter is large."""

    name = "raising"
    k: float = parameter(1.0, unit="energy", above=0, doc="stiffness")

    def energy(self, x):
        return self.k * x**4

    def __attrs_post_init__(self):
        if isinstance(self.k, float) and self.k > 30:
            raise ZeroDivisionError


def test_an_error_out_of_the_plugin_is_its_failure_with_the_case():
    [check] = [c for c in checks_for(Raising) if c.name == "force"]
    outcome = run_check(check, context_for(Raising, engines=()))
    assert outcome.status is Status.FAILED
    assert outcome.reason.startswith("the plugin raised ZeroDivisionError (without a message) (")
    assert outcome.counterexample["parameters"]["k"] > 30


def test_a_taken_name_fails_its_round_trip():
    @attrs.frozen
    class Quartic(Potential):
        name = "quartic"

        def energy(self, x):
            return x**4

    [check] = [c for c in checks_for(Quartic) if c.name == "round-trip"]
    outcome = run_check(check, context_for(Quartic, engines=()))
    assert outcome.status is Status.FAILED
    assert "'quartic' is taken" in outcome.reason


def test_an_objective_without_a_claim_is_told_its_scale():
    @attrs.frozen
    class Halved(Objective):
        name = "halved"

        def step_loss(self, s):
            residual = -(s.x_next - s.x) + s.mobility * s.gradient_next * s.dt
            return residual**2 / (8 * s.mobility * s.kT * s.dt)

    [check] = [c for c in checks_for(Halved) if c.name == "likelihood-scale"]
    outcome = run_check(check, context_for(Halved, engines=()))
    assert outcome.status is Status.DOES_NOT_APPLY
    assert "has 0.25 a unit and step, where a likelihood has 0.5" in outcome.reason
