"""``thermozoo sweep --workers``: points in processes of their own, one of which dies, give what one process gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from test_sweep import BASE, EXAMPLES, GRID, reported, rows, sweep

pytestmark = pytest.mark.long

#: The task of the example, which notes every run; its process is killed at 41 trajectories once and at 42 always.
DEADLY = """
    def _escape(self, run, progress):
        import os, pathlib
        notes = pathlib.Path({notes!r})
        with notes.open("a") as file:
            print(self.followed, file=file)
        if self.followed == 42 or notes.read_text().split().count("41") == 1 == self.followed - 40:
            os.kill(os.getpid(), 9)
        if self.followed == 1:
            raise ValueError("one is not enough")
"""


def noting(tmp_path):
    """The words of a sweep of that task, and the file of its notes."""
    path, notes = tmp_path / "escape.py", tmp_path / "notes.txt"
    text = (EXAMPLES / "escape.py").read_text("utf-8")
    head = "    def _escape(self, run, progress):\n"
    assert text.count(head) == 1
    path.write_text(text.replace(head, DEADLY.format(notes=str(notes)).lstrip("\n")), "utf-8")
    return [str(path) if word.endswith("escape.py") else word for word in BASE], notes


def test_points_are_those_of_one_process(tmp_path):
    assert sweep(tmp_path / "one", *GRID) == 0
    assert sweep(tmp_path / "three", *GRID, "--workers", "3") == 0
    for number in range(1, 7):
        one, three = (reported(tmp_path / name, number) for name in ("one", "three"))
        assert one["escape"] == three["escape"]
        assert one["config_digest"] == three["config_digest"]
    assert [row["state"] for row in rows(tmp_path / "three")] == ["completed"] * 6
    assert (tmp_path / "three/sweep.png").is_file()


def test_points_that_fail_are_run_once_and_those_that_lose_their_process_twice(tmp_path, capsys):
    words = ("--over", "task.followed=1,40,41,42,43", "--workers", "2")
    base, notes = noting(tmp_path)
    assert sweep(tmp_path / "deadly", *words, base=base) == 1
    told = capsys.readouterr()
    assert [row["state"] for row in rows(tmp_path / "deadly")] == ["failed", *["completed"] * 2, "failed", "completed"]
    assert sorted(told.err.splitlines()) == [
        "point 1: task.followed = 1: ValueError: one is not enough",
        "point 4: task.followed = 42: its process died: killed by SIGKILL",
    ]
    assert "5 points: 3 completed, 2 failed" in told.out
    ran = ["1", "40", "41", "41", "42", "42", "43"]
    assert sorted(notes.read_text().split()) == ran
    assert sweep(tmp_path / "deadly", *words, "--keep-failed", base=base) == 1
    assert sorted(notes.read_text().split()) == ran


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_signal_stops_all_and_the_sweep_goes_on(tmp_path):
    """SIGTERM: a shell has its background processes ignore SIGINT."""
    slow = [word.replace("duration=0.5", "duration=500") for word in BASE]
    words = [*slow, "--over", "seed=1,2,3", "--out", str(tmp_path / "slow"), "--workers", "2"]
    with subprocess.Popen(
        [sys.executable, "-m", "thermozoo", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 60
        while not list((tmp_path / "slow").glob("points/*/.thermozoo-checkpoint")) and time.monotonic() < until:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate()
    assert process.returncode == 143, said
    assert "terminated: 3 points: " in said
    assert "in flight" not in said  # nobody has a point in hand any more
    assert "Traceback" not in said
    assert f"go on with thermozoo sweep --resume {tmp_path / 'slow'}" in said
