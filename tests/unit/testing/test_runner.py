"""What becomes of a check: passed, failed, crashed, does not apply, not run, expected failure."""

from __future__ import annotations

import attrs
import pytest

from thermozoo import Protocol, parameter
from thermozoo.errors import DataError, FormulaError, ParameterError
from thermozoo.testing import CheckFailed, DoesNotApply, Measured, Status, checks_for, verify
from thermozoo.testing.outcomes import ONLY_FULL
from thermozoo.testing.registry import Check
from thermozoo.testing.report import explained, summary
from thermozoo.testing.runner import context_for, run_check


@attrs.frozen
class Ramp(Protocol):
    r"""A ramp.

    .. math:: a(t) = A t / t_f

    References
    ----------
    None.
    """

    name = "ramp"
    amplitude: float = parameter(1.0, unit="energy", doc="final force")

    def intensity(self, t, duration):
        return self.amplitude * t / duration


def run(function, level="quick"):
    check = Check("probe", ("protocol",), "It holds.", level, (), function)
    return run_check(check, context_for(Ramp, engines=()))


def raising(error):
    def function(context):
        raise error

    return function


@pytest.mark.parametrize(
    ("function", "status"),
    [
        (lambda context: None, Status.PASSED),
        (lambda context: Measured("number", 3.0, 3.0, 0.0), Status.PASSED),
        (raising(CheckFailed("no", {"x": 1.0})), Status.FAILED),
        (raising(FormulaError("no formula")), Status.FAILED),
        (raising(DoesNotApply("no claim")), Status.DOES_NOT_APPLY),
        (raising(DataError("no data")), Status.NOT_RUN),
        (raising(ZeroDivisionError("oh")), Status.CRASHED),
        (raising(AssertionError("of its own")), Status.CRASHED),
    ],
)
def test_outcomes_are_kept_apart(function, status):
    assert run(function).status is status


def test_a_crash_keeps_its_traceback_and_a_failure_its_case():
    crash = run(raising(ZeroDivisionError("oh")))
    assert crash.reason.startswith("ZeroDivisionError: oh (")
    assert "test_runner.py, line" in crash.reason
    assert "Traceback" in crash.details
    failure = run(raising(CheckFailed("no", {"x": 1.0, "parameters": {"amplitude": 2.0}})))
    text = explained(failure)
    assert "at x = 1.0" in text
    assert "with amplitude = 2.0" in text
    assert "return self.amplitude * t / duration" in failure.line


def test_a_formula_that_several_plugins_share_is_quoted():
    class Shared:
        __slots__ = ()

        def intensity(self, t, duration):
            return 1 - t / duration

    @attrs.frozen
    class Fade(Shared, Protocol):
        name = "fade"

    assert "return 1 - t / duration" in context_for(Fade, engines=()).line


def test_mpmath_precision_is_put_back():
    import mpmath

    before = mpmath.mp.dps
    verify(Ramp, engines=())
    assert mpmath.mp.dps == before


def test_expected_failures_carry_their_reason_and_are_strict():
    @attrs.frozen
    class Undocumented(Protocol):
        name = "undocumented"

        def intensity(self, t, duration):
            return t

    report = verify(Undocumented, engines=(), expected_failures={"documented": "a toy"})
    first = report.outcomes[0]
    assert first.status is Status.EXPECTED_FAILURE
    assert first.reason.startswith("a toy (")
    assert report.holds
    strict = verify(Ramp, engines=(), expected_failures={"documented": "a toy"})
    assert strict.outcomes[0].status is Status.FAILED
    assert "but holds" in strict.outcomes[0].reason
    assert not strict.holds
    with pytest.raises(ParameterError, match=r"no check of a protocol is called 'documentd'"):
        verify(Ramp, expected_failures={"documentd": "?"})


def test_what_needs_a_failed_check_is_not_run_and_what_the_profile_leaves_out_does_not_count(monkeypatch):
    from thermozoo.testing import runner

    def check(name, function, needs=(), level="quick"):
        return Check(name, ("protocol",), "It holds.", level, needs, function)

    plan = (
        check("first", raising(CheckFailed("no"))),
        check("second", lambda context: None, needs=("first",)),
        check("third", lambda context: None, needs=("second",)),
        check("long", lambda context: None, level="full"),
        check("after", lambda context: None, needs=("long",)),
    )
    monkeypatch.setattr(runner, "checks_for", lambda plugin: plan)
    report = verify(Ramp, engines=())
    assert [str(o.status) for o in report.outcomes] == ["failed", "not-run", "not-run", "not-run", "passed"]
    assert [o.reason for o in report.outcomes[1:4]] == ["needs first", "needs second", ONLY_FULL]
    assert "1 left to the full profile" in summary(report)
    monkeypatch.setattr(runner, "checks_for", lambda plugin: plan[3:])
    assert verify(Ramp, engines=()).holds


def test_the_report_is_plain_data():
    import json

    table = json.loads(json.dumps(verify(Ramp, engines=()).as_json()))
    assert table["name"] == "ramp"
    assert {c["status"] for c in table["checks"]} <= {str(s) for s in Status}


def test_same_seed_same_report():
    def without_times(report):
        return [attrs.evolve(o, seconds=0.0) for o in report.outcomes]

    assert without_times(verify(Ramp, seed=4)) == without_times(verify(Ramp, seed=4))


def test_a_class_that_needs_settings():
    @attrs.frozen
    class Needy(Protocol):
        name = "needy"
        gain: float = attrs.field()

        def intensity(self, t, duration):
            return self.gain * t

    with pytest.raises(ParameterError, match=r"settings without a default: gain"):
        verify(Needy)


def test_every_check_has_a_claim_of_one_sentence_and_a_level():
    for kind in ("potential", "integrator", "objective", "connectivity", "protocol", "encoding", "dataset"):
        checks = checks_for(kind)
        assert len({c.name for c in checks}) == len(checks)
        for check in checks:
            assert check.claim.endswith(".")
            assert check.level in ("quick", "full")
            assert set(check.needs) <= {c.name for c in checks}
