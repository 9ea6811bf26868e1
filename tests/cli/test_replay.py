"""``thermozoo replay``: one trajectory of a run again, the same bits; what has changed is named before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from thermozoo_plugins.tasks.generate import Generate

import thermozoo as tz
from thermozoo.cli.app import run
from thermozoo.computer.datasets import read_dataset
from thermozoo.dynamics.noise import NoiseKey, normals

EXAMPLES = Path(__file__).parents[2] / "examples"

#: The run's plugin file, which is a program, has to be asked for.
REPLAY = ("replay", "--plugin", str(EXAMPLES / "stripes.py"))

#: Windows whose switching does work, a schedule, a device that is read with noise, and what samples are asked for.
DEVICE = (
    "training.windows=3",
    "training.by_class=true",
    "generation.equilibration=5",
    "hardware.imperfections.spread={plugin='mismatch', sigma=0.1}",
    "hardware.imperfections.eye={plugin='readout-noise', sigma=0.2}",
)


def toy(folder, *values):
    words = ["run", str(EXAMPLES / "small-toy.toml"), "--plugin", str(EXAMPLES / "stripes.py"), "--out", str(folder)]
    for value in ("dynamics.duration=0.2", "dynamics.engine=reference", "generation.samples=5", *values):
        words += ["--set", value]
    assert run(words) == 0
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return toy(tmp_path_factory.mktemp("replay") / "run")


@pytest.fixture
def folder(whole, tmp_path):
    """A copy of it."""
    return Path(shutil.copytree(whole, tmp_path / "run"))


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refused(words, capsys):
    """Return what is said on standard error by a command that does nothing."""
    capsys.readouterr()
    assert run(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    return said.err.splitlines()


@pytest.mark.parametrize("values", [(), pytest.param(DEVICE, marks=pytest.mark.long)], ids=["plain", "device"])
def test_a_sample_is_generated_again(whole, tmp_path, values, capsys):
    """Oracle: the run's own samples; every sample is replayed among others, and alone."""
    made = toy(tmp_path / "other", *values) if values else whole
    before, kept = contents(made), read_dataset(made / "samples.nc")
    for number in (0, 4):
        out = tmp_path / f"again-{number}"
        assert run([*REPLAY, str(made), "--trajectory", str(number), "--out", str(out), "--every", "3"]) == 0
        said = capsys.readouterr().out
        assert "state: the same bits as in samples.nc" in said
        assert "heat: the same bits as in samples.nc" in said
        assert sorted(contents(out)) == ["replay.json", "trajectory.nc", "trajectory.png"]
        found, about = read_dataset(out / "trajectory.nc"), json.loads((out / "replay.json").read_text("utf-8"))
        last = found.isel(part=-1)
        assert last.part_heat == kept.heat[number]
        here = found.isel(observation=found.part_of_observation.values == found.part.values[-1])
        assert here.step.values[:2].tolist() == [0, 3]
        np.testing.assert_allclose(here.heat.sum("term")[-1], kept.heat[number], rtol=1e-12)
        # the first law, at every observation
        change = here.energy.sum("term") - here.energy.sum("term")[0]
        np.testing.assert_allclose(here.work.sum("term") - change, here.heat.sum("term"), atol=1e-9)
        assert about["compared"]["state"]["same_bits"] is True
        if not values:
            assert np.array_equal(found.state.values[-1], kept.state.values[number])
    assert contents(made) == before


def test_a_chain_is_that_of_a_loop_by_hand(tmp_path):
    """Two coupled quadratic units by Euler-Maruyama, written out: the noise is the counters', all else is not."""
    kT, dt, steps, J, chain = 0.5, 0.01, 40, 0.3, 3
    tables = {
        "seed": 7,
        "task": {"plugin": "sample", "chains": 6, "relaxation": 0.5, "observe_every": 2},
        "computer": {
            "temperature": kT,
            "units": {"units": 2},
            "potential": {"plugin": "quadratic", "J2": 1.5},
            "connectivity": {"plugin": "edges", "path": str(tmp_path / "edges.csv")},
        },
        "dynamics": {
            "integrator": "euler-maruyama",
            "dt": dt,
            "duration": dt * steps,
            "engine": "reference",
            "precision": "double",
        },
    }
    (tmp_path / "edges.csv").write_text(f"i,j,strength\n0,1,{J}\n")
    made = tz.run(tables, out=tmp_path / "run", quiet=True)
    found = made.replay(chain, every=1)
    x, states, heats = np.zeros(2), [], []
    for stream, coupling, count in ((100, 0.0, 20), (101, J, 20), (102, J, steps)):

        def energy(x, coupling=coupling):
            return 1.5 * (x @ x) + coupling * x[0] * x[1]

        start = energy(x)
        states.append(x)
        for step in range(count):
            xi = normals(NoiseKey(7, stream), step, np.array([chain]), 2)[0]
            x = x - (3.0 * x + coupling * x[::-1]) * dt + np.sqrt(2 * kT * dt) * xi
            states.append(x)
        heats.append(start - energy(x))
    np.testing.assert_allclose(found.state.values, states, rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.part_heat.values, heats, rtol=0, atol=1e-13)
    other = made.replay(chain + 1, every=1)
    assert np.abs(other.state.values[1] - found.state.values[1]).min() > 0


def test_nothing_is_replaced(folder, tmp_path, capsys, monkeypatch):
    (tmp_path / "taken").write_text("mine")
    for out in (tmp_path / "taken", folder):
        [line] = refused([*REPLAY, str(folder), "--trajectory", "1", "--out", str(out)], capsys)
        assert "exists: a replay replaces nothing; give another name with --out" in line
    for more in ("", "-2"):
        assert run([*REPLAY, str(folder), "--trajectory", "1"]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == f"trajectory: {folder}-trajectory-1{more}"
    # one that fails leaves nothing
    monkeypatch.setattr("thermozoo.runs.replay_folder.write_dataset", lambda *_: 1 / 0)
    before = sorted(tmp_path.iterdir())
    assert run([*REPLAY, str(folder), "--trajectory", "1"]) == 70
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("number", [5, 2**40])
def test_a_trajectory_that_is_not_there(folder, number, tmp_path, capsys):
    [line] = refused([*REPLAY, str(folder), "--trajectory", str(number)], capsys)
    assert f"has 5 trajectories, numbered from 0 to 4, got {number}" in line
    assert sorted(tmp_path.iterdir()) == [folder]


def test_what_is_no_number_or_no_run(folder, tmp_path, capsys):
    [line] = refused([*REPLAY, str(folder), "--trajectory", "-1"], capsys)
    assert "--trajectory" in line
    [line] = refused([*REPLAY, str(folder), "--trajectory", "1", "--every", "0"], capsys)
    assert "--every" in line
    [line] = refused(["replay", str(tmp_path), "--trajectory", "1"], capsys)
    assert "is not the folder of a run: it has no config.toml, manifest.json, computer.nc" in line


def test_a_task_that_keeps_none(folder, monkeypatch, capsys):
    monkeypatch.setattr(Generate, "replayable", lambda self, config: 0)
    [line] = refused([*REPLAY, str(folder), "--trajectory", "1"], capsys)
    assert "the task 'generate' keeps no single trajectories" in line


def change(folder, edit):
    path = folder / "manifest.json"
    table = json.loads(path.read_text("utf-8"))
    edit(table)
    path.write_text(json.dumps(table), "utf-8")


def test_what_has_changed_is_named_before_anything_runs(folder, tmp_path, capsys):
    change(folder, lambda table: table["versions"].update(thermozoo="0.0.1"))
    change(folder, lambda table: table["plugins"][0].update(version="9.9", distribution="elsewhere"))
    change(folder, lambda table: table["engine"].update(blas=["openblas 0.1 Other"]))
    (folder / "config.toml").write_text((folder / "config.toml").read_text("utf-8") + "\n", "utf-8")
    lines = refused([*REPLAY, str(folder), "--trajectory", "1"], capsys)
    for expected in (
        f"thermozoo: the run had 0.0.1, here is {tz.__version__}",
        "distribution was elsewhere, here it is thermozoo",
        "engine reference: blas was openblas 0.1 Other, here it is",
        "config.toml is not the one of the run",
        "so bits may be others, and nothing was done: --anyway goes on",
    ):
        assert sum(expected in line for line in lines) == 1, (expected, lines)
    assert len(lines) == 5
    assert sorted(tmp_path.iterdir()) == [folder]
    assert run([*REPLAY, str(folder), "--trajectory", "1", "--anyway", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr()
    assert said.err.count("bits may be others") == 4
    assert "the same bits as in samples.nc" in said.out
    assert len(json.loads((tmp_path / "out" / "replay.json").read_text("utf-8"))["changes"]) == 4


def test_a_plugin_that_was_edited_is_named(folder, tmp_path, capsys):
    edited = tmp_path / "stripes.py"
    edited.write_text((EXAMPLES / "stripes.py").read_text("utf-8") + "# edited\n", "utf-8")
    lines = refused(["replay", str(folder), "--trajectory", "1", "--plugin", str(edited)], capsys)
    assert "the SHA-256 of its file was" in lines[0]
    copy = next((folder / "plugins").iterdir())
    copy.write_text(copy.read_text("utf-8") + "# edited\n", "utf-8")
    lines = refused(["replay", str(folder), "--trajectory", "1"], capsys)
    assert len(lines) == 1
    assert "is not the plugin file that the run in this folder used" in lines[0]


def test_samples_that_are_missing_or_of_another_run(folder, tmp_path, capsys):
    read_dataset(folder / "samples.nc").drop_vars("state").to_netcdf(folder / "other.nc", engine="h5netcdf")
    (folder / "other.nc").replace(folder / "samples.nc")
    [line] = refused([*REPLAY, str(folder), "--trajectory", "1"], capsys)
    assert "samples.nc does not hold what the run kept of a trajectory: KeyError" in line
    (folder / "samples.nc").unlink()
    [line] = refused([*REPLAY, str(folder), "--trajectory", "1"], capsys)
    assert "samples.nc is missing, with which the trajectory is compared: restore it" in line
    assert sorted(tmp_path.iterdir()) == [folder]


def test_samples_that_are_others_are_told(folder, tmp_path, capsys):
    samples = read_dataset(folder / "samples.nc")
    samples["state"].values[1, 3] += 1
    samples.to_netcdf(folder / "samples.nc", engine="h5netcdf")
    out = tmp_path / "out"
    assert run([*REPLAY, str(folder), "--trajectory", "1", "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert "state: 1 of 44 numbers differ from samples.nc, by up to 1" in said.out
    assert "not what samples.nc holds, though nothing that is known has changed" in said.err
    assert (out / "trajectory.nc").is_file()


CLASSIFIER = """
seed = 3
[task]
plugin = "classify"
passes = 5
[computer]
temperature = 1.0
units = {pixels = {size = "auto", clamped = true}, hidden = 4, outputs = "auto"}
potential = {plugin = "quartic"}
connectivity = {plugin = "layered"}
[dynamics]
integrator = "euler-maruyama"
dt = 0.01
duration = 0.1
engine = "reference"
[data]
plugin = "digits"
side = 8
classes = [0, 1]
per_class = 20
[hardware.imperfections.spread]
plugin = "mismatch"
sigma = 0.3
"""


@pytest.mark.parametrize("read", [False, True], ids=["states", "readings"])
def test_what_a_device_made_of_a_trained_computer_is_replayed(read, tmp_path, capsys):
    """``computer.nc`` keeps what was trained, and the device ran; noise of reading is none of a single trajectory."""
    eye = '[hardware.imperfections.eye]\nplugin = "readout-noise"\nsigma = 0.1\n' if read else ""
    (tmp_path / "classifier.toml").write_text(CLASSIFIER + eye)
    made = tmp_path / "run"
    assert run(["run", str(tmp_path / "classifier.toml"), "--out", str(made), "--quiet"]) == 0
    assert run(["replay", str(made), "--trajectory", "10", "--out", str(tmp_path / "again")]) == 0
    said = capsys.readouterr().out
    assert ("keeps nothing of a single trajectory to compare with, but what was read with noise" in said) is read
    assert ("output: the same bits as in samples.nc" in said) is not read
