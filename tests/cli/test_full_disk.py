"""A disk that becomes full at any moment: one clear line, exit 2, nothing half written, and nothing lost of before.

It is a small tmpfs in a mount namespace of its own, which ends with the process that works there.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_resume import CONFIGS, REFERENCE, Subject, digests

from thermozoo.checkpoints.store import FOLDER, Store

pytestmark = pytest.mark.long

#: What makes a namespace in which a disk can be mounted: root may, and others where the system lets them.
NAMESPACE = ("unshare", "--mount", *(() if hasattr(os, "geteuid") and os.geteuid() == 0 else ("--map-root-user",)))


class Disk:
    """A small disk: what works on it, and where it is seen from here."""

    def __init__(self, folder, size):
        (folder / "disk").mkdir()
        self.inside = folder / "disk"
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "TMPDIR": str(folder)}
        script = f'mount -t tmpfs -o size={size} tmpfs "$0" && exec "$@"'
        killing = Path(__file__).with_name("killing.py")
        self.process = subprocess.Popen(
            [*NAMESPACE, "sh", "-c", script, str(self.inside), sys.executable, str(killing)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder,
        )  # fmt: skip
        self.outside = Path(f"/proc/{self.process.pid}/root{self.inside}")
        self.log = folder / "log.txt"
        while self.process.poll() is None and not self._mounted(folder):
            time.sleep(0.01)

    def _mounted(self, folder):
        try:
            return self.outside.stat().st_dev != folder.stat().st_dev
        except OSError:
            return False

    def do(self, *words, **more):
        """Run the command line there; return its exit code and what it said."""
        self.log.unlink(missing_ok=True)
        asked = {"arguments": [str(word) for word in words], "log": str(self.log), **more}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["code"], self.log.read_text().splitlines()

    def filled_after(self, name, number):
        """Be filled by somebody else once there are so many checkpoints in a run folder."""
        once = [str(self.inside / name / FOLDER), number]
        return {"at": 0.0, "once": once if number else None, "by": "fill", "fill": str(self.inside / "balloon")}

    def make_room(self):
        (self.outside / "balloon").unlink(missing_ok=True)

    def files(self):
        """Everything on the disk but what fills it."""
        found = {p.relative_to(self.outside).as_posix(): p.read_bytes() for p in self.outside.rglob("*") if p.is_file()}
        found.pop("balloon", None)
        return found

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def disk(tmp_path):
    """A disk of 8 MiB."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare, of util-linux, to mount a small disk")
    (tmp_path / "try").mkdir()
    tried = subprocess.run(
        [*NAMESPACE, "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path / "try")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if tried.returncode:
        pytest.skip(f"no small disk can be mounted here: {tried.stderr.strip()}")
    found = Disk(tmp_path, "8m")
    yield found
    found.close()


def clear(lines):
    """Whether a command says that the disk is full, in a line of its own, and nothing else but how to go on."""
    errors = [line for line in lines if line.startswith("thermozoo")]
    return (
        1 <= len(errors) <= 2
        and ("No space left on device" in errors[0] or "its disk has room for" in errors[0])
        and all("; go on with thermozoo" in line for line in errors[1:])
        and not any("Traceback" in line or "rror:" in line for line in lines)
    )


def whole(disk, name):
    """Whether a run folder holds a checkpoint that can be gone on from, and no results nor anything half written."""
    folder = disk.outside / name
    notes = []
    Store.read(folder / FOLDER, notes.append)
    return notes == [] and all(one.startswith(f"{name}/{FOLDER}/") for one in disk.files())


@pytest.mark.parametrize("name", ["exact", "wander"])
def test_a_run_and_one_that_goes_on(name, disk, tmp_path):
    subject = Subject(name, tmp_path, lambda words, log, **more: killed(disk, words, **more))
    target, refusals = disk.inside / "run", 0
    begin = ["run", subject.config, "--out", target, "--quiet", "--set", "dynamics.checkpoint_interval=0"]
    resume = ["run", "--resume", target, "--quiet"]
    for number in (2, 4):
        words = resume if (disk.outside / "run").is_dir() else begin
        code, said = disk.do(*words, *subject.plugins, **disk.filled_after("run", number))
        if code == 0:
            break
        assert (code, clear(said)) == (2, True), said
        refusals += 1
        before = disk.files()
        if (disk.outside / "run").is_dir():
            assert whole(disk, "run")
            code, said = disk.do(*resume, *subject.plugins)  # no room has been made
            assert (code, clear(said), disk.files() == before) == (2, True, True), said
        else:
            assert before == {}
        disk.make_room()
    else:
        code, said = disk.do(*(resume if (disk.outside / "run").is_dir() else begin), *subject.plugins)
        assert code == 0, said
    assert refusals
    parameters, samples, _, names = digests(disk.outside / "run")
    assert (parameters, samples, names) == (subject.digests[0], subject.digests[1], subject.digests[3])


def killed(disk, words, **more):
    """Run the undisturbed one in the same process, as a `Subject` wants to know of it."""
    began = time.monotonic()
    code, said = disk.do(*words, **more)
    Path(disk.log.parent / "log.txt").write_text("\n".join(said))
    return {"code": code, "took": time.monotonic() - began}


def test_a_disk_that_is_too_small_is_refused_before_the_run(disk, tmp_path):
    (tmp_path / "c.toml").write_text(CONFIGS["sample"])
    (disk.outside / "mine").write_bytes(bytes(7 * 2**20))
    code, said = disk.do("run", tmp_path / "c.toml", "--out", disk.inside / "run", "--quiet")
    assert (code, clear(said)) == (2, True), said
    assert list(disk.files()) == ["mine"]


def test_a_replay(disk, tmp_path):
    subject = Subject("exact", tmp_path, lambda words, log, **more: killed(disk, words, **more))
    shutil.copytree(tmp_path / "undisturbed", disk.outside / "run")
    before = disk.files()
    words = ["--trajectory", "3", "--quiet", "--out", disk.inside / "again", *subject.plugins]
    replay = ["replay", disk.inside / "run", *words]
    code, said = disk.do(*replay, **disk.filled_after("run", 0))
    assert (code, clear(said), disk.files() == before) == (2, True, True), said
    assert not (disk.outside / "again").exists()
    disk.make_room()
    code, said = disk.do(*replay)
    assert code == 0
    assert any("the same bits as in samples.nc" in line for line in said), said


SWEPT = CONFIGS["sample"]


def test_a_sweep(disk, tmp_path):
    """Points that are done stay done, the one under way keeps its checkpoints, and the others are not begun."""
    assert REFERENCE in SWEPT
    (tmp_path / "c.toml").write_text(SWEPT)
    over = ["--over", "task.coupling=-0.3,0.1", "--set", "dynamics.checkpoint_interval=0", "--quiet"]
    sweep = ["sweep", tmp_path / "c.toml", *over, "--out"]
    done = killed(disk, [*sweep, tmp_path / "undisturbed"])
    assert done["code"] == 0, disk.log.read_text()
    target, refusals = disk.inside / "sweep", 0
    resume = ["sweep", "--resume", target, "--quiet"]
    for number, checkpoints in (("0001", 3), ("0002", 3)):
        words = resume if (disk.outside / "sweep").is_dir() else [*sweep, target]
        code, said = disk.do(*words, **disk.filled_after(f"sweep/points/{number}", checkpoints))
        if code == 0:
            break
        refusals += 1
        assert (code, clear(said)) == (2, True), said
        before = disk.files()
        code, said = disk.do(*resume)
        assert (code, clear(said)) == (2, True), said
        assert {name: one for name, one in disk.files().items() if "table" not in name} == {
            name: one for name, one in before.items() if "table" not in name
        }
        disk.make_room()
    assert refusals
    code, said = disk.do(*resume)
    assert code == 0, said
    for number in ("0001", "0002"):
        ours, theirs = disk.outside / "sweep/points" / number, tmp_path / "undisturbed/points" / number
        assert digests(ours)[:2] == digests(theirs)[:2]
    assert states(disk.outside / "sweep") == states(tmp_path / "undisturbed") == ["completed"] * 2


def states(folder):
    with (folder / "table.csv").open() as file:
        return [row["state"] for row in csv.DictReader(file)]
