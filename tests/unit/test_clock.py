"""Clocks that are set back or forth: durations stay sane, signals are heeded, and what is computed does not change."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import signal
import time

import numpy as np
import pytest

from thermozoo.cli import progress
from thermozoo.cli.signals import Stoppable
from thermozoo.clock import since
from thermozoo.runs.phase import Clock
from thermozoo.runs.stopwatch import along_a_line, seconds
from thermozoo.symbolic.time_limit import time_limit

CLOCKS = ("perf_counter", "monotonic", "time", "process_time")


@pytest.fixture
def jumping(monkeypatch):
    """Every other reading of every clock is an hour behind, or ahead, of the one before."""
    real = {name: getattr(time, name) for name in CLOCKS}
    jumps = itertools.cycle([0.0, -3600.0, 7200.0, -1e5])

    def jump(name):
        return lambda: real[name]() + next(jumps)

    for name in CLOCKS:
        monkeypatch.setattr(time, name, jump(name))


def sane(found):
    return math.isfinite(found) and found >= 0.0


def test_durations_are_never_negative(jumping):
    clock = Clock()
    for _ in range(20):
        with clock.phase("one"):
            pass
        assert sane(since(time.perf_counter()))
        assert sane(seconds(int, 3))
        assert sane(along_a_line(lambda n: None, 2, 5, 1000))
    assert sane(clock.seconds["one"])
    assert sane(clock.rounded["one"])


def test_progress_never_speaks_of_negative_times(jumping, capsys, monkeypatch):
    monkeypatch.setattr(progress, "_PATIENCE", 0.001)
    monkeypatch.setattr(progress, "_EVERY", 0.001)
    for _ in range(5):
        with progress.Bars().phase("training", 10) as advance:
            for _ in range(5):
                advance(1)
                np.linalg.eigh(np.eye(60))
    lines = capsys.readouterr().err.splitlines()
    assert any("training" in line for line in lines)
    assert not any("-" in line or "nan" in line for line in lines)


def test_a_signal_is_heeded_after_a_clock_was_set_back(monkeypatch):
    """A second one within two seconds of the first is not, so that it does not stop the removal of half a file."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with Stoppable() as stoppable:
        for clock, heeded in ((1000.0, True), (1001.0, False), (10.0, True), (11.0, False), (13.0, True)):
            now[0] = clock
            before = len(stoppable.received)
            with contextlib.suppress(KeyboardInterrupt):
                stoppable._stop(signal.SIGINT, None)
            assert (len(stoppable.received) > before) is heeded, clock


@pytest.mark.parametrize("jump", [0.0, -1e6, 1e6])
def test_a_time_limit_within_another_leaves_the_outer_one_its_time(monkeypatch, jump):
    class OuterError(BaseException):
        pass

    real, readings = time.monotonic, itertools.count()
    monkeypatch.setattr(time, "monotonic", lambda: real() + jump * (next(readings) % 2))
    before = signal.getsignal(signal.SIGALRM)
    with time_limit(50.0, OuterError):
        with pytest.raises(TimeoutError), time_limit(0.02):
            signal.pause()
        left = signal.getitimer(signal.ITIMER_REAL)[0]
        assert 45.0 < left <= 50.0
    with pytest.raises(OuterError), time_limit(0.1, OuterError), time_limit(50.0):
        signal.pause()
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.long
def test_a_run_whose_clocks_jump_is_the_same_run(tmp_path, request):
    """The same samples, bit for bit; every time in the report is one."""
    import thermozoo as tz

    config = {
        "seed": 1,
        "task": {"plugin": "sample", "chains": 4, "observe_every": 10, "coupling": 0.1},
        "computer": {
            "temperature": 0.5,
            "units": {"spins": 4},
            "potential": {"plugin": "double-well"},
            "connectivity": {"plugin": "dense"},
        },
        "dynamics": {"integrator": "euler-maruyama", "dt": 0.01, "duration": 5, "engine": "reference"},
    }
    runs = [tz.run(config, out=tmp_path / "steady", quiet=True)]
    request.getfixturevalue("jumping")
    runs.append(tz.run(config, out=tmp_path / "jumping", quiet=True))
    kept = [one.samples for one in runs]
    assert kept[0].equals(kept[1])
    report = json.loads((tmp_path / "jumping" / "report.json").read_text())
    assert report["seconds"]
    assert all(sane(value) for value in report["seconds"].values())
