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
from test_resume import CONFIGS, Subject, digests

from thermozoo.checkpoints.store import FOLDER, Store
from thermozoo.sweeps.identity import read_identity
from thermozoo.sweeps.points import points_in

pytestmark = pytest.mark.long

#: What makes a namespace in which a disk can be mounted: root may, and others where the system lets them.
NAMESPACE = ("unshare", "--mount", *(() if hasattr(os, "geteuid") and os.geteuid() == 0 else ("--map-root-user",)))


#: Work for some seconds, so that some of it is worth a checkpoint.
LONGER = CONFIGS["sample"].replace("duration = 20.0", "duration = 40.0")


class Disk:
    """A small disk: what works on it, and where it is seen from here."""

    def __init__(self, folder, size):
        (folder / "disk").mkdir()
        self.inside = folder / "disk"
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "TMPDIR": str(self.inside)}
        script = f'mount -t tmpfs -o size={size} tmpfs "$0" && cd "$0" && exec "$@"'
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
        # Python itself would take /tmp, where results could go
        asked = {"arguments": [str(word) for word in words], "log": str(self.log), "temporary": str(self.inside)} | more
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["code"], self.log.read_text().splitlines()

    def filled(self, name=None, moment=0.0):
        """Be filled by somebody else at a moment, and not before there is work in the checkpoints of a run there."""
        once = None if name is None else str(self.inside / name / FOLDER)
        return {"at": moment, "once": once, "by": "fill", "fill": str(self.inside / "balloon")}

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


def wrong_in(disk, name):
    """Return what is wrong with the folder of a stopped run: work that is not whole, results, or half a file."""
    folder, notes = disk.outside / name, []
    entries = Store.read(folder / FOLDER, notes.append).entries
    strange = [one for one in disk.files() if not one.startswith(f"{name}/{FOLDER}/")]
    half = [one for one in disk.files() if Path(one).name.startswith(".")]
    return [*notes, *strange, *half, *([] if entries else ["no work"])]


def test_a_run_and_one_that_goes_on(disk, tmp_path, monkeypatch):
    monkeypatch.setitem(CONFIGS, "sample", LONGER)
    subject = Subject("sample", tmp_path, lambda words, log, **more: killed(disk, words, **more))
    target = disk.inside / "run"
    often = ["--set", "dynamics.checkpoint_interval=0"]
    begin = ["run", subject.config, "--out", target, "--quiet", *often, *subject.plugins]
    code, said = disk.do(*begin, **disk.filled("run"))
    assert (code, clear(said)) == (2, True), said
    resume = ["run", "--resume", target, "--quiet", *subject.plugins]
    for again in (0.0, 0.3):
        before = disk.files()
        assert wrong_in(disk, "run") == []
        code, said = disk.do(*resume)  # no room has been made
        assert (code, clear(said), disk.files() == before) == (2, True, True), said
        disk.make_room()
        code, said = disk.do(*resume, **disk.filled("run", again * subject.took))
        if code == 0:
            break
        assert (code, clear(said)) == (2, True), said
    else:
        disk.make_room()
        code, said = disk.do(*resume)
        assert code == 0, said
    parameters, samples, _, names = digests(disk.outside / "run")
    assert (parameters, samples, names) == (subject.digests[0], subject.digests[1], subject.digests[3])


def test_results_go_to_another_disk(disk, tmp_path, monkeypatch):
    """They are whole there, and the folder that could not take them is given up."""
    monkeypatch.setitem(CONFIGS, "sample", LONGER)
    subject = Subject("sample", tmp_path, lambda words, log, **more: killed(disk, words, **more))
    words = ["run", subject.config, "--out", disk.inside / "run", "--quiet", *subject.plugins]
    often = ["--set", "dynamics.checkpoint_interval=0"]
    (tmp_path / "elsewhere").mkdir()
    filled = disk.filled("run")
    code, said = disk.do(*words, *often, folder=str(tmp_path / "elsewhere"), **filled)
    disk.make_room()
    assert code == 0, said
    assert any("No space left on device: the results are in run-2" in line for line in said)
    assert digests(tmp_path / "elsewhere" / "run-2") == subject.digests
    assert disk.files() == {}


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
    code, said = disk.do(*replay, **disk.filled())
    assert (code, clear(said), disk.files() == before) == (2, True, True), said
    assert not (disk.outside / "again").exists()
    disk.make_room()
    code, said = disk.do(*replay)
    assert code == 0
    assert any("the same bits as in samples.nc" in line for line in said), said


def test_a_sweep(disk, tmp_path):
    """Points that are done stay done, the one under way keeps its checkpoints, and the others are not begun."""
    (tmp_path / "c.toml").write_text(LONGER)
    over = ["--over", "task.coupling=-0.3,0.1", "--set", "dynamics.checkpoint_interval=0", "--quiet"]
    sweep = ["sweep", tmp_path / "c.toml", *over, "--out"]
    done = killed(disk, [*sweep, tmp_path / "undisturbed"])
    assert done["code"] == 0, disk.log.read_text()
    target, point = disk.inside / "sweep", "sweep/points/0001"
    code, said = disk.do(*sweep, target, **disk.filled(point))
    assert (code, clear(said)) == (2, True), said
    moment = done["took"] / 4
    resume = ["sweep", "--resume", target, "--quiet"]
    for again in (None, moment):
        if again is None:  # no room has been made
            code, said = disk.do(*resume)
        else:
            disk.make_room()
            code, said = disk.do(*resume, **disk.filled(point, again))
        if code == 0:
            break
        assert (code, clear(said)) == (2, True), said
        assert states_of(disk)[0] in ("interrupted", "completed")
        assert states_of(disk)[0] == "completed" or Store.read(disk.outside / point / FOLDER, pytest.fail).entries
    disk.make_room()
    code, said = disk.do(*resume)
    assert code == 0, said
    for number in ("0001", "0002"):
        ours, theirs = disk.outside / "sweep/points" / number, tmp_path / "undisturbed/points" / number
        assert digests(ours)[:2] == digests(theirs)[:2]
    assert states(disk.outside / "sweep") == states(tmp_path / "undisturbed") == ["completed"] * 2


def states(folder):
    with (folder / "table.csv").open() as file:
        return [row["state"] for row in csv.DictReader(file)]


def states_of(disk):
    """Return what has become of the points of the sweep, as their files say."""
    identity = read_identity(disk.outside / "sweep")
    return [point.state for point in points_in(disk.outside / "sweep", identity)]
