"""Checkpoints and run folders that somebody made to do harm are gone on with or refused, and nothing of them is run."""

from __future__ import annotations

import json
import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from forged import CONFIGS, FOLDER, Touch, campaign, done, forge, in_time, leave, resealed, stopped, without_pictures

from thermozoo.cli.app import run


def shares(counts, said):
    return sum(number for (_, one), number in counts.items() if one == said)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", [5, pytest.param(45, marks=pytest.mark.long)])
def test_folders_that_were_damaged_or_forged(number, tmp_path):
    names = ("sample",) if number < 10 else tuple(CONFIGS)
    counts, failures = forge(number, 17, names, tmp_path)
    assert not failures, failures
    assert sum(counts.values()) == number
    assert shares(counts, "refused") > 1
    assert shares(counts, "went on") > 0


@pytest.mark.endurance
def test_thousands_of_folders_that_were_damaged_or_forged():
    """In processes that may hold 6 GiB, each command in at most half a minute."""
    counts, failures = campaign(2000, portion=500, work=forge)
    assert not failures, failures
    assert sum(counts.values()) == 2000
    assert all(shares(counts, said) > 100 for said in ("refused", "went on"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The files of a run that was stopped amid a simulation."""
    with without_pictures():
        return stopped("sample", tmp_path_factory.mktemp("sample"))


@pytest.fixture
def forged(sample, tmp_path, capsys, monkeypatch):
    """Go on from a checkpoint of which an array, by how it is called, is replaced, and return code and errors."""
    monkeypatch.chdir(tmp_path)

    def do(change):
        folder = tmp_path / "run"
        shutil.rmtree(folder, ignore_errors=True)
        leave(resealed(sample, change), folder)
        with without_pictures():
            code = run(["run", "--resume", str(folder), "--quiet"])
        return SimpleNamespace(code=code, said=capsys.readouterr().err, left=sorted(p.name for p in tmp_path.iterdir()))

    return do


def simulation(members, tree):
    """Return the numbers of the arrays that the simulation under way has left, by name."""
    [held] = [value for _, value in tree["mapping"] if "mapping" in value]
    found = dict(held["mapping"])
    return {key: value["array"] for key, value in found["trajectories"]["mapping"]}, found


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("step", np.array(-(10**15)), "step must be a whole number of 0 or more"),
        ("step", np.array(10**15), "it is at step 1000000000000000, expected 0 to "),
        ("x", np.zeros((5, 2), "f4"), "must have shape (5,)"),
        ("x", np.array(["x"]), "states of a batch must have shape"),
        ("trajectories", np.array([4, 5, 6, 7]), "its noise is that of other trajectories"),
        ("seed", np.array(6), "its noise is that of other trajectories"),
    ],
)
def test_a_state_that_is_not_on_the_way_is_refused(forged, name, value, said):
    """An earlier step would be gone on from for ever; other noise would be that of another run."""

    def change(members, tree):
        numbers, _ = simulation(members, tree)
        members[f"a{numbers[name]}.npy"] = value

    found = forged(change)
    assert found.code == 2
    assert found.said.startswith("thermozoo: ")
    assert len(found.said.splitlines()) == 1
    assert said in found.said


@pytest.mark.parametrize("seen", [-(10**12), 10**12, 0.5, None, "x"])
def test_a_number_of_observations_that_cannot_be_is_refused(forged, seen):
    def change(members, tree):
        _, held = simulation(members, tree)
        held["seen"] = seen
        pairs = next(value for _, value in tree["mapping"] if "mapping" in value)["mapping"]
        pairs[:] = [[key, held[key]] for key, _ in pairs]

    found = forged(change)
    assert (found.code, len(found.said.splitlines())) == (2, 1)
    assert "the checkpoint of simulation does not fit" in found.said


def test_work_that_fits_nothing_is_refused_where_it_fails(forged):
    """Nobody can foresee what every observer would have kept: what fails in the end says so."""

    def change(members, tree):
        for name, one in members.items():
            if name != "tree.npy" and np.ndim(one) > 1:
                members[name] = np.asarray(one)[:, :1]

    found = forged(change)
    assert (found.code, len(found.said.splitlines())) == (2, 1)
    assert "does not fit" in found.said
    assert "begin the run again with --force" in found.said


def test_an_object_in_an_array_is_not_made(forged):
    """NumPy would unpickle it."""

    def change(members, tree):
        members["a0.npy"] = np.array([Touch()], dtype=object)

    found = forged(change)
    assert (found.code, found.left) == (2, ["run"])
    assert "does not hold" in found.said


def test_rounds_that_were_never_done_are_refused(tmp_path, capsys):
    """So many rounds too many: none would be left to do, and what they should have computed is not there."""
    with without_pictures():
        files = stopped("boltzmann", tmp_path)

    def change(members, tree):
        [(_, value)] = [(key, one) for key, one in tree["mapping"] if "tuple" in one]
        value["tuple"][0] = 10**9

    leave(resealed(files, change), tmp_path / "forged")
    assert run(["run", "--resume", str(tmp_path / "forged"), "--quiet"]) == 2
    assert "1000000000 of 6 rounds are done" in capsys.readouterr().err


def test_a_forgery_that_says_the_same_is_gone_on_with(forged):
    """What refuses those above is not their digests."""
    assert forged(lambda members, tree: None).code == 0


@pytest.mark.parametrize("kind", ["pipe", "zeros"])
def test_a_record_that_is_no_plain_file_is_not_waited_for(kind, sample, tmp_path, capsys):
    """A pipe nobody writes to would be read for ever, and /dev/zero until there is no memory."""
    leave(sample, tmp_path / "run")
    record = tmp_path / "run" / FOLDER / "written.json"
    record.unlink()
    os.mkfifo(record) if kind == "pipe" else record.symlink_to("/dev/zero")
    with without_pictures(), in_time():
        assert run(["run", "--resume", str(tmp_path / "run"), "--quiet"]) in (0, 2)
    assert "Traceback" not in capsys.readouterr().err


def test_a_manifest_whose_names_are_lists_is_refused(tmp_path, capsys):
    with without_pictures():
        files = done(tmp_path)
    manifest = json.loads(files["manifest.json"])
    manifest["plugins"][0]["name"] = [1]
    leave(files | {"manifest.json": json.dumps(manifest).encode()}, tmp_path / "forged")
    assert run(["replay", str(tmp_path / "forged"), "--trajectory", "0", "--quiet"]) == 2
    assert "so bits may be others" in capsys.readouterr().err
