"""The suite itself is tested: every check fails for a wrong subject, and as far as possible only that one."""

from __future__ import annotations

import attrs
import pytest
from table import SUBJECTS
from wrong_engines import Sound
from wrong_integrators import SoundStep
from wrong_spins import SoundBath, SoundSpin
from wrong_subjects import caught

from thermozoo import Connectivity
from thermozoo.interfaces import INTERFACES
from thermozoo.testing import Status, checks_for, verify
from thermozoo.testing.outcomes import ONLY_FULL
from thermozoo.testing.runner import context_for, run_check


def title(subject):
    return f"{subject.check}: {subject.title}"


def by_level(subjects):
    """Checks of the full profile take longer than a default test run allows."""
    return [pytest.param(s, id=title(s), marks=[pytest.mark.long] * (s.named.level == "full")) for s in subjects]


@pytest.mark.parametrize("subject", by_level(SUBJECTS))
def test_the_named_check_fails(subject):
    outcome = subject.named_outcome()
    assert outcome.status is Status.FAILED, (outcome.status, outcome.reason, outcome.details)
    assert outcome.reason
    assert outcome.line


def test_a_connectivity_that_refuses_every_layout_is_quoted():
    @attrs.frozen
    class Absent(Connectivity):
        name = "absent"

        def edges(self, layout):
            return layout.slice("input")

    [check] = [c for c in checks_for(Absent) if c.name == "pairs"]
    outcome = run_check(check, context_for(Absent))
    assert outcome.status is Status.FAILED
    assert "refuses every layout that was tried; of the last it says: no group is called 'input'" in outcome.reason


#: Checks of a whole step, path or training, which meet the faults that others are about as well.
BROAD = {"same-driven-states", "heat", "path-ratio", "training-loss", "training-minimum", "side-effects"}


@pytest.mark.long
@pytest.mark.parametrize("subject", SUBJECTS, ids=title)
def test_no_other_check_fails(subject):
    found = caught(subject.report())
    assert subject.check in found
    assert found - BROAD == ({subject.check} | subject.also) - BROAD


def test_every_check_has_a_wrong_subject():
    covered = {subject.function for subject in SUBJECTS}
    missing = [
        f"{kind} {check.name}" for kind in INTERFACES for check in checks_for(kind) if check.function not in covered
    ]
    assert missing == []


def test_some_checks_are_for_the_full_profile_only():
    full = [check.name for check in checks_for(SoundStep) if check.level == "full"]
    assert full == ["long-run"]
    report = verify(SoundStep, engines=())
    assert [o.check for o in report.with_status(Status.NOT_RUN) if o.reason == ONLY_FULL] == full


FAULTY_ENGINES = [s for s in SUBJECTS if s.engines and s.plugin in (Sound, SoundStep, SoundSpin, SoundBath)]


@pytest.mark.parametrize("subject", by_level(FAULTY_ENGINES))
def test_the_plugin_that_carries_a_faulty_engine_is_sound(subject):
    assert attrs.evolve(subject, engines=None).named_outcome().status is Status.PASSED
