"""Times that are continued along a line."""

from __future__ import annotations

import pytest

from thermozoo.runs import stopwatch


def test_time_is_continued_along_a_line(monkeypatch):
    """A clock that counts work: 5 s to start and 2 s a unit of work."""
    clock = [0.0]
    monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: clock[0])

    def work(size):
        clock[0] += 5.0 + 2.0 * size

    done = []
    assert stopwatch.along_a_line(work, 10, 30, 1000, progress=done.append) == pytest.approx(2005.0)
    assert done == [1, 1]
    assert stopwatch.along_a_line(work, 10, 30, 20, progress=done.append) == pytest.approx(45.0)
    assert done == [1, 1, 2]
