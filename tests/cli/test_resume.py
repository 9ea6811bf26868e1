"""Runs that are killed at any moment and go on: the same bits as if nothing had happened.

A real process is sent SIGKILL, SIGTERM or SIGINT, or finds its disk full, at seeded moments that are spread over all of
its phases; it is resumed, killed again, and so on. Then digests of parameters and samples are those of the undisturbed
run. There is no statistics in it: a single other bit fails.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray

from thermozoo.checkpoints.store import FOLDER, Store, read_index
from thermozoo.cli.app import run

EXAMPLES = Path(__file__).parents[2] / "examples"

#: Of somebody who knows nothing of checkpoints; one phase computes by itself, one in rounds, one keeps what it has.
STRANGER = '''
"""A task."""
import attrs
import numpy as np
import xarray
from thermozoo import Key, Phase, Task, hookimpl
from typing import Annotated


@attrs.frozen
class Figures:
    mean: Annotated[float, Key("mean of all that was seen", "1")]


class Watch:
    def __init__(self, computer):
        self.computer, self.random, self.seen = computer, np.random.default_rng(3), {}

    def start(self):
        self.seen["start"] = []

    def observe(self, step, x):
        chosen = self.random.integers(len(x))
        self.seen["start"].append((step, float(x[chosen].sum()), self.computer.energy(x).mean()))

    def bytes_needed(self, observations, trajectories, n, itemsize):
        return 24 * observations


@attrs.frozen
class Wander(Task):
    """Wanders."""

    name = "wander"
    figures = Figures

    def phases(self, config):
        return [
            Phase("walk", "walk", self.walk, lambda of: 1.0),
            Phase("count", "count", self.count, lambda of: 1.0),
            Phase("think", "think", self.think, lambda of: 1.0),
        ]

    def walk(self, run, progress):
        watch = Watch(run.machine.computer)
        x = np.zeros((6, run.machine.computer.n))
        for stream in range(3):
            x = run.simulate(x, run.config.steps, stream=stream, every=10, observers=watch, progress=progress).final
        run.outcome = x, watch.seen["start"]

    def count(self, run, progress):
        sums = np.zeros(3)
        def put(value):
            sums[:] = value
        for k in run.rounds("sums", 300, sums.copy, put):
            sums += np.sin(k) * np.sort(np.random.default_rng(k).normal(size=(200, 3)), axis=0)[17]
        run.outcome = *run.outcome, sums

    def think(self, run, progress):
        x, seen, sums = run.outcome
        kept = run.kept("norms", lambda: np.linalg.svd(np.outer(np.arange(150.0), x.sum(axis=0)))[1])
        run.figures = Figures(float(np.mean(seen)))
        run.samples = xarray.Dataset({"x": (("a", "b"), x), "seen": (("c", "d"), seen), "sums": ("e", sums),
                                      "norms": ("f", kept)})

    def small(self):
        return {}


@hookimpl
def thermozoo_tasks():
    return [Wander]
'''

PAIR = "seed = 5\n[computer]\ntemperature = 0.5\n[computer.units]\npair = 3\n"
TOY = """
seed = 5
[computer]
temperature = 0.1
[computer.units]
visible = 36
hidden = 4
[computer.connectivity]
plugin = "dense"
[data]
plugin = "stripes"
classes = [0, 1]
[generation]
samples = 8
"""
REFERENCE = '[dynamics]\nengine = "reference"\n'
SPINS = """
seed = 5
[computer]
temperature = 1.0
[computer.potential]
plugin = "spin"
"""

#: Small configs of all kinds of work: trainings, simulations, ladders, rounds.
CONFIGS = {
    "exact": TOY + REFERENCE + 'dt = 0.01\nduration = 2.0\n[training]\nmethod = "exact"\nwindows = 6\nheld_out = 4\n',
    "online": TOY
    + REFERENCE
    + 'dt = 0.01\nduration = 1.0\n[training]\nmethod = "online"\ncycles = 12\nheld_out = 4\nlearning_rate = 1e-3\n',
    "compared": TOY
    + REFERENCE
    + 'dt = 0.01\nduration = 0.5\n[training]\nmethod = "descent"\ncompare = ["descent", "moments", "exact"]\n'
    + "cycles = 10\nheld_out = 4\nlearning_rate = 1e-3\n",
    "compiled": TOY
    + '[dynamics]\nengine = "compiled"\ndt = 0.01\nduration = 5.0\n[training]\nmethod = "descent"\ncycles = 60\n'
    + "learning_rate = 1e-4\n",
    "wander": PAIR.replace("seed = 5\n", 'seed = 5\n[task]\nplugin = "wander"\n')
    + REFERENCE
    + "dt = 0.01\nduration = 10.0\n",
    "sample": PAIR.replace("seed = 5\n", 'seed = 5\n[task]\nplugin = "sample"\nchains = 8\ncoupling = -0.3\n')
    + REFERENCE
    + 'integrator = "stochastic-heun"\ndt = 0.01\nduration = 20.0\n',
    "rungs": PAIR.replace(
        "seed = 5\n",
        'seed = 5\n[task]\nplugin = "sample"\nmethod = "tempering"\ntemperatures = [0.5, 0.8, 1.2]\nchains = 8\n'
        "coupling = -0.3\n",
    )
    + REFERENCE
    + 'integrator = "stochastic-heun"\ndt = 0.01\nduration = 20.0\n',
    "tempering": SPINS.replace(
        "seed = 5\n",
        'seed = 5\n[task]\nplugin = "anneal"\nmethod = "tempering"\ngraph = "FOLDER/ring.txt"\nreads = 6\n'
        "exchange_every = 2\n"
        "temperatures = [0.3, 0.6, 1.2, 2.4]\n",
    )
    + '[computer.units]\nspins = "auto"\n'
    + REFERENCE
    + 'integrator = "heat-bath"\ndt = 1.0\nduration = 300.0\n',
    "anneal": SPINS.replace("seed = 5\n", 'seed = 5\n[task]\nplugin = "anneal"\ngraph = "FOLDER/ring.txt"\nreads = 6\n')
    + '[computer.units]\nspins = "auto"\n'
    + REFERENCE
    + 'integrator = "heat-bath"\ndt = 1.0\nduration = 400.0\n'
    + '[schedule]\ntemperature = {protocol = "ramp", initial = 3.0, final = 0.3}\n',
    "linear-system": 'seed = 5\n[task]\nplugin = "linear-system"\n[computer]\ntemperature = 0.1\n[computer.units]\n'
    + 'x = "auto"\n[computer.potential]\nplugin = "quadratic"\n'
    + REFERENCE
    + "dt = 0.05\nduration = 60.0\n",
    "boltzmann": 'seed = 5\n[task]\nplugin = "boltzmann"\nupdates = 40\nchains = 10\nsamples = 10\n[computer]\n'
    + 'temperature = 1.0\n[computer.units]\nvisible = 36\nhidden = 3\n[computer.potential]\nplugin = "spin"\n'
    + '[computer.connectivity]\nplugin = "bipartite"\n[data]\nplugin = "stripes"\nclasses = [0, 1]\n'
    + REFERENCE
    + 'integrator = "heat-bath"\ndt = 1.0\nduration = 30.0\n',
    "classify": 'seed = 5\n[task]\nplugin = "classify"\n[computer]\ntemperature = 1.0\n[computer.units]\n'
    + 'pixels = {size = "auto", clamped = true}\nhidden = 4\noutputs = "auto"\n'
    + '[computer.potential]\nplugin = "quartic"\n'
    + '[computer.connectivity]\nplugin = "layered"\n[data]\nplugin = "digits"\nside = 8\nclasses = [0, 1]\n'
    + "per_class = 20\n"
    + REFERENCE
    + "dt = 0.002\nduration = 0.4\n",
}

#: What every change is tested with: a training with generation, and the phases of a stranger.
QUICK = ("exact", "wander")

BY = ("SIGKILL", "SIGTERM", "SIGINT", "full")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture(scope="module")
def killer(tmp_path_factory):
    """What runs the command line in processes of their own, and kills them."""
    arguments = [sys.executable, str(Path(__file__).with_name("killing.py"))]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "TMPDIR": str(tmp_path_factory.mktemp("tmp")),
    }
    process = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        cwd=tmp_path_factory.mktemp("cwd"),
    )  # fmt: skip

    def do(arguments, log, **more):
        process.stdin.write(json.dumps({"arguments": [str(a) for a in arguments], "log": str(log), **more}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield do
    process.stdin.close()
    process.wait()
    process.stdout.close()


def digests(folder):
    """Return what has to be the same: parameters, every array of the samples, and the report without seconds."""
    report = json.loads((folder / "report.json").read_text())
    parameters = report["parameter_digest"]
    sha = hashlib.sha256()
    with xarray.open_dataset(folder / "samples.nc", engine="h5netcdf") as samples:
        for name in sorted(samples.variables):
            values = samples[name].values
            sha.update(
                name.encode() + (values.tobytes() if values.dtype.kind != "O" else repr(values.tolist()).encode())
            )
    # the page of a run that had computed nothing worth saving may have been interrupted
    names = sorted({p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {"report.html"})
    return parameters, sha.hexdigest(), report.get("config_digest"), names


class Subject:
    """A config, its plugins, and its undisturbed run."""

    def __init__(self, name, folder, killer):
        self.name, self.folder, self.killer, self.log = name, folder, killer, folder / "log.txt"
        (folder / "ring.txt").write_text(
            "9 9\n" + "".join(f"{k + 1} {(k + 1) % 9 + 1} {1 + k % 2}\n" for k in range(9))
        )
        (folder / "wander.py").write_text(STRANGER)
        self.config = folder / "config.toml"
        self.config.write_text(CONFIGS[name].replace("FOLDER", str(folder)))
        self.plugins = ["--plugin", EXAMPLES / "stripes.py"] if "stripes" in CONFIGS[name] else []
        self.plugins += ["--plugin", folder / "wander.py"] if name == "wander" else []
        done = self.begin(folder / "undisturbed")
        assert done["code"] == 0, self.log.read_text()
        self.took, self.digests = done["took"], digests(folder / "undisturbed")

    def begin(self, target, **more):
        often = ["--set", "dynamics.checkpoint_interval=0"]
        return self.killer(["run", self.config, "--out", target, "--quiet", *often, *self.plugins], self.log, **more)

    def resume(self, target, **more):
        return self.killer(["run", "--resume", target, "--quiet", *self.plugins], self.log, **more)

    def killed(self, draw, kills, target):
        """Kill a run so often, at any moments, let it end, and return what was done to it."""
        done, story = {"code": 1}, []
        for _ in range(kills):
            exists = (target / FOLDER).is_dir()
            moment, by = draw.uniform(0.0, self.took), draw.choice(BY)
            begin = self.resume if exists else self.begin
            done = begin(target, at=moment, by=by)
            story.append((round(moment, 3), by, done["code"], round(done["after"], 3)))
            if not (target / FOLDER).is_dir() and (done["code"] == 0 or (target / "manifest.json").is_file()):
                done["code"] = 0  # all was done, but for the last words
                break
            if not exists and target.is_dir() and not list(target.glob(f"{FOLDER}/checkpoint-*.json")):
                assert done["code"] == -9, story  # killed within milliseconds; of any other end nothing stays
                assert {p.name for p in target.iterdir()} <= {".thermozoo-claim", FOLDER}, story
                shutil.rmtree(target)
        if done["code"] != 0 or (target / FOLDER).is_dir():  # whose page, say, was interrupted
            done = self.resume(target) if (target / FOLDER).is_dir() else self.begin(target)
        assert done["code"] == 0, f"{story}: {self.log.read_text()}"
        return story


def check(subject, draw, kills, target):
    story = subject.killed(draw, kills, target)
    parameters, samples, _, names = digests(target)
    assert (parameters, samples, names) == (subject.digests[0], subject.digests[1], subject.digests[3]), story
    assert not any(code == 70 for _, _, code, _ in story), subject.log.read_text()
    assert "does not fit what the run does" not in subject.log.read_text(), story
    assert "Traceback" not in subject.log.read_text()
    return story


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.long) for n in CONFIGS])
def test_a_run_that_is_killed_goes_on_to_the_same_bits(name, tmp_path, killer):
    subject = Subject(name, tmp_path, killer)
    check(subject, random.Random(name), 2, tmp_path / "killed")


@pytest.mark.parametrize(
    "moments", [pytest.param(50, marks=pytest.mark.long), pytest.param(1000, marks=pytest.mark.endurance)]
)
def test_moments_over_all_phases(moments, tmp_path, killer):
    """Fifty, and a thousand, kills in turn of all configs."""
    draw, subjects, stories = random.Random(moments), [], []
    for name in CONFIGS:
        (tmp_path / name).mkdir()
        subjects.append(Subject(name, tmp_path / name, killer))
    while sum(map(len, stories)) < moments:
        subject = draw.choice(subjects)
        stories.append(check(subject, draw, draw.randint(1, 4), tmp_path / f"killed-{len(stories)}"))
    kills = [one for story in stories for one in story]
    for by in BY:
        lived = [after for _, one, code, after in kills if one == by and code != 0]
        print(f"{by}: {len(lived)} kills, the longest life after one {max(lived, default=0):.2f} s")


@pytest.mark.parametrize("moment", [1, 2])
def test_an_interruption_before_the_first_checkpoint_leaves_nothing(moment, tmp_path, monkeypatch, capsys):
    """While the folder of checkpoints is begun, each of its files is on its way down to the disk."""
    (tmp_path / "c.toml").write_text(CONFIGS["sample"])
    real, calls = os.fsync, []

    def interrupted(handle):
        calls.append(handle)
        if len(calls) == moment:
            raise KeyboardInterrupt
        real(handle)

    monkeypatch.setattr(os, "fsync", interrupted)
    assert run(["run", str(tmp_path / "c.toml"), "--out", str(tmp_path / "run"), "--quiet"]) == 130
    assert len(calls) == moment
    assert "nothing was written" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


# -- what is refused ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, killer):
    """A run that was stopped by Ctrl-C while it worked, its config and what it said."""
    folder = tmp_path_factory.mktemp("stopped")
    subject = Subject("wander", folder, killer)
    moment = subject.took / 2
    for attempt in range(20):
        subject.target = folder / f"run-{attempt}"
        done = subject.begin(subject.target, at=moment, by="SIGINT")
        if done["code"] == 130 and (subject.target / FOLDER).is_dir():
            return subject
        moment = done["took"] / 2 if done["code"] == 0 else 1.3 * moment
    raise AssertionError(subject.log.read_text())


def test_ctrl_c_says_what_was_saved_and_how_to_go_on(stopped):
    last = stopped.log.read_text().splitlines()[-1]
    assert last.startswith("interrupted: the work up to ")
    plugins = " ".join(map(str, stopped.plugins))
    assert last.endswith(f"is saved; go on with thermozoo run --resume {stopped.target} {plugins}")


def test_a_stopped_run_is_not_replaced_unasked(stopped, capsys):
    target = stopped.target
    assert run(["run", str(stopped.config), "--out", str(target), *map(str, stopped.plugins)]) == 2
    assert f"go on with it by thermozoo run --resume {target}" in capsys.readouterr().err


@pytest.fixture
def changed(stopped, tmp_path):
    """A copy of the stopped run, whose checkpoint says something else; returns the command line's words on it."""
    target = tmp_path / "copy"
    shutil.copytree(stopped.target, target)

    def change(function):
        for path in (target / FOLDER).glob("checkpoint-*.json"):
            about, _, _ = read_index(path)
            function(about)
            content = json.loads(path.read_text()) | {"about": about}
            content.pop("digest")
            from thermozoo.checkpoints.store import _digest

            path.write_text(json.dumps({"digest": _digest(content), **content}))
        return target

    return change


def older(about):
    about["versions"]["thermozoo"] = "0.0.1"


def other_python(about):
    about["python"] = "3.99.0"


def other_plugin(about):
    for one in about["plugins"]:
        if one["name"] == "quartic":
            one["version"] = "9.9"


def other_code(about):
    about["code"]["thermozoo"] = "0" * 64


def other_engine(about):
    about["engine"] = {"name": "compiled", "details": {"vector_bytes": 4096, "threads": 77}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (older, "thermozoo was 0.0.1 and is "),
        (other_python, "python was 3.99.0 and is 3."),
        (other_plugin, "plugin quartic, version was 9.9 and is "),
        (other_code, "the code of thermozoo was changed since"),
        (other_engine, "engine compiled, vector_bytes was 4096 and is "),
    ],
)
def test_another_version_or_plugin_is_refused_by_name(stopped, changed, capsys, change, said):
    target = changed(change)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert run(["run", "--resume", str(target), "--quiet", *map(str, stopped.plugins)]) == 2
    error = capsys.readouterr().err
    assert f"thermozoo: cannot go on with {target}: {said}" in error
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "dynamics.dt=0.02"], "config: dynamics.dt was 0.01 and is 0.02"),
        (["--seed", "6"], "config: seed was 5 and is 6"),
        (["CONFIG", "--set", "computer.temperature=0.6"], "config: computer.temperature was 0.5 and is 0.6"),
    ],
)
def test_another_config_is_refused_by_its_keys(stopped, changed, capsys, words, said):
    target = changed(lambda about: None)
    words = [str(stopped.config) if word == "CONFIG" else word for word in words]
    assert run(["run", *words, "--resume", str(target), "--quiet", *map(str, stopped.plugins)]) == 2
    assert f"thermozoo: cannot go on with {target}: {said}" in capsys.readouterr().err


def test_a_plugin_file_that_was_changed_is_refused(changed, capsys):
    target = changed(lambda about: None)
    (copy,) = (target / FOLDER / "plugins").glob("*.py")
    copy.write_text(copy.read_text() + "\n")
    assert run(["run", "--resume", str(target)]) == 2
    assert "its SHA-256 differs" in capsys.readouterr().err


def test_damaged_checkpoints_are_refused(changed, capsys):
    target = changed(lambda about: None)
    for path in (target / FOLDER).glob("checkpoint-*.json"):
        path.write_bytes(path.read_bytes()[:-100])
    assert run(["run", "--resume", str(target)]) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1
    assert "no checkpoint in" in error[0]


@pytest.mark.long
def test_the_same_config_may_be_given_again(stopped, changed):
    target = changed(lambda about: None)
    words = ["--resume", target, "--quiet", "--set", "dynamics.checkpoint_interval=7"]
    assert stopped.killer(["run", stopped.config, *words, *stopped.plugins], stopped.log)["code"] == 0
    assert digests(target)[:2] == stopped.digests[:2]


def test_there_has_to_be_something_to_go_on_with(stopped, tmp_path, capsys):
    for target, said in (
        (tmp_path / "none", "there is no such folder"),
        (stopped.folder / "undisturbed", "its run is complete"),
        (tmp_path, "it holds no checkpoint of a run"),
    ):
        (tmp_path / "mine.txt").write_text("mine")
        assert run(["run", "--resume", str(target)]) == 2
        assert f"cannot go on with {target}: {said}" in capsys.readouterr().err
    assert run(["run", "--resume", str(tmp_path), "--force"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.long
def test_what_somebody_put_into_the_folder_is_not_replaced(stopped, changed):
    """Even where it is called as a file of the run: the results go elsewhere, and the run says where."""
    target = changed(lambda about: None)
    (target / "samples.nc").write_text("mine")
    assert stopped.resume(target)["code"] == 0
    assert (target / "samples.nc").read_text() == "mine"
    assert "samples.nc was put there, or changed, while the run was on" in stopped.log.read_text()
    assert digests(target.with_name("copy-2"))[:2] == stopped.digests[:2]


def test_a_disk_that_is_full_is_a_clear_error_and_leaves_the_checkpoints(stopped, changed):
    target = changed(lambda about: None)
    before = {path.name: path.read_bytes() for path in (target / FOLDER).iterdir() if path.is_file()}

    def refused(target, words, plugins=()):
        log = target.with_name(f"{target.name}.txt")  # which is not full yet
        done = stopped.killer(["run", *words, target, "--quiet", *plugins], log, full=2000)
        said = log.read_text().splitlines()
        assert len(said) == 1 or said[1].startswith("thermozoo: the work of before is saved; go on with")
        return done["code"] == 2 and said[0].startswith("thermozoo: cannot") and said[0].endswith(": File too large")

    assert refused(target, ["--resume"], stopped.plugins)
    assert {path.name: path.read_bytes() for path in (target / FOLDER).iterdir() if path.is_file()} == before
    assert stopped.resume(target)["code"] == 0
    assert digests(target)[:2] == stopped.digests[:2]
    assert refused(target.with_name("new"), [stopped.config, "--out"], stopped.plugins)
    assert not target.with_name("new").exists()


def test_a_checkpoint_holds_no_pickle_and_only_known_files(stopped):
    store = Store.read(stopped.target / FOLDER, pytest.fail)
    assert store.entries
    for path in (stopped.target / FOLDER).glob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype.kind in "biufcUS" for name in arrays)
