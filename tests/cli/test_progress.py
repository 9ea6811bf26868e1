"""What is said while a command is at work, where there is no terminal: a line a phase, and the time left."""

from __future__ import annotations

import threading

import pytest

from thermozoo.cli import progress
from thermozoo.cli.progress import Bars


@pytest.fixture
def impatient(monkeypatch):
    """Let no phase be short; return an event that is set when a line has been printed."""
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    printed = threading.Event()
    line = progress._line

    def told(*arguments):
        printed.set()
        return line(*arguments)

    monkeypatch.setattr(progress, "_line", told)
    return printed


@pytest.mark.parametrize(
    ("done", "total", "elapsed", "said"),
    [
        (25, 100, 30.0, "training: 25 % after 30.0 s, about 90.0 s left"),
        (1, 3, 600.0, "training: 33 % after 10.0 min, about 20.0 min left"),
        (0, 100, 30.0, "training: at work for 30.0 s"),
        (7, None, 2.0, "training: at work for 2.0 s"),
        (100, 100, 2.0, "training: 100 % after 2.0 s, about 0.0 s left"),
    ],
)
def test_the_time_left_is_told_where_it_can_be(done, total, elapsed, said):
    assert progress._line("training", done, total, elapsed) == said


def test_a_phase_says_that_it_is_under_way_and_how_long_it_took(impatient, capsys):
    with Bars().phase("held-out noising", None):
        assert impatient.wait(30)
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("held-out noising: at work for 0.")
    assert last.startswith("held-out noising: took 0.")


def test_a_long_phase_speaks_again(impatient, monkeypatch, capsys):
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    with Bars().phase("training", 4) as advance:
        advance(1)
        for _ in range(2):
            impatient.clear()
            assert impatient.wait(30)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 3
    assert any(line.startswith("training: 25 % after 0.") for line in lines)


def test_short_phases_leave_no_line(capsys):
    with Bars().phase("judging", None):
        pass
    assert capsys.readouterr().err == ""


def test_a_phase_that_fails_does_not_say_how_long_it_took(impatient, capsys):
    def fail():
        impatient.wait(30)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Bars().phase("judging", None):
        fail()
    assert "took" not in capsys.readouterr().err
    assert not any(thread.name == "phase" for thread in threading.enumerate())


def test_quiet_silences_all_but_warnings(impatient, capsys):
    bars = Bars(quiet=True)
    bars.note("memory: about 1 GiB")
    with bars.phase("training", 4) as advance:
        advance(1)
    bars.warn("figure loss: missing [of] [data]")
    assert capsys.readouterr().err == "figure loss: missing [of] [data]\n"


def test_a_dumb_terminal_gets_lines(impatient, monkeypatch, capsys):
    monkeypatch.setenv("TERM", "dumb")
    bars = Bars()
    monkeypatch.setattr(type(bars.console), "is_terminal", True)
    with bars.phase("training", 4):
        assert impatient.wait(30)
    assert "\x1b" not in capsys.readouterr().err
