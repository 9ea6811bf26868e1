"""``thermozoo sweep``: what is completed is kept, what failed is run again, and the table is what the points report."""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from thermozoo.cli.app import run
from thermozoo.computer.datasets import read_dataset
from thermozoo.runs.claim import take_claim
from thermozoo.sweeps import experiment

EXAMPLES = Path(__file__).parents[2] / "examples"

#: Fifty units in double wells, and a short time: a run takes no time at all.
BASE = (
    *("sweep", str(EXAMPLES / "escape.toml"), "--plugin", str(EXAMPLES / "escape.py"), "--quiet"),
    *("--set", "task.followed=40", "--set", "dynamics.engine=reference", "--set", "dynamics.duration=0.5"),
)

GRID = ("--over", "computer.temperature=0.2,0.4", "--over", "dynamics.dt=0.01,0.02,0.05")


def sweep(folder, *words, base=BASE):
    return run([*base, *words, "--out", str(folder)])


def rows(folder):
    with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def reported(folder, number):
    return json.loads((folder / "points" / f"{number:04d}" / "report.json").read_text("utf-8"))


def written(folder):
    return {p: p.stat().st_mtime_ns for p in (folder / "points").rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A grid of two keys."""
    folder = tmp_path_factory.mktemp("sweep") / "grid"
    assert sweep(folder, *GRID) == 0
    return folder


@pytest.fixture
def grid(done, tmp_path):
    """A copy of it."""
    return Path(shutil.copytree(done, tmp_path / "grid"))


def test_every_point_is_a_run_with_its_values(done):
    table = rows(done)
    assert [(one["computer.temperature"], one["dynamics.dt"]) for one in table] == [
        (kT, dt) for kT in ("0.2", "0.4") for dt in ("0.01", "0.02", "0.05")
    ]
    for number, row in enumerate(table, 1):
        config = (done / "points" / f"{number:04d}" / "config.toml").read_text("utf-8")
        assert f"temperature = {row['computer.temperature']}\n" in config
        assert f"dt = {row['dynamics.dt']}\n" in config
        assert (row["point"], row["state"]) == (str(number), "completed")
        assert float(row["escape.rate"]) == reported(done, number)["escape"]["rate"]


def test_a_point_is_the_run_of_its_values(done, tmp_path):
    alone = ["run", *BASE[1:], "--out", str(tmp_path / "alone")]
    assert run([*alone, "--set", "computer.temperature=0.4", "--set", "dynamics.dt=0.02"]) == 0
    alone = json.loads((tmp_path / "alone/report.json").read_text("utf-8"))
    point = reported(done, 5)
    assert alone["escape"] == point["escape"]
    assert alone["config_digest"] == point["config_digest"]


def test_the_netcdf_table_has_a_dimension_for_each_key(done):
    table = read_dataset(done / "table.nc")
    assert dict(table.sizes) == {"computer.temperature": 2, "dynamics.dt": 3}
    assert table["dynamics.dt"].values.tolist() == [0.01, 0.02, 0.05]
    one = table.sel({"computer.temperature": 0.4, "dynamics.dt": 0.05})
    assert int(one["point"]) == 6
    assert float(one["escape.rate"]) == reported(done, 6)["escape"]["rate"]
    assert (done / "sweep.png").read_bytes().startswith(b"\x89PNG")


def test_completed_points_are_not_run_again(grid, capsys):
    before = written(grid)
    assert sweep(grid, *GRID) == 0
    assert run(["sweep", "--plugin", str(EXAMPLES / "escape.py"), "--resume", str(grid), "--quiet"]) == 0
    assert written(grid) == before
    assert "6 points: 6 completed" in capsys.readouterr().out


def test_what_is_not_completed_is_run(grid):
    before = {number: reported(grid, number)["escape"] for number in (2, 4, 5)}
    shutil.rmtree(grid / "points/0002")  # to do
    (grid / "points/0004/manifest.json").unlink()  # interrupted before its last file, with its claim
    claim = take_claim(grid / "points/0004")
    claim_text = claim.path.read_bytes()
    claim.release()
    claim.path.write_bytes(claim_text)
    kept = written(grid)
    assert sweep(grid, *GRID) == 0
    assert [row["state"] for row in rows(grid)] == ["completed"] * 6
    assert {number: reported(grid, number)["escape"] for number in (2, 4, 5)} == before
    again = {path for path, when in kept.items() if written(grid).get(path) != when}
    assert again <= {path for path in kept if "0004" in path.parts}


def test_an_interrupted_point_goes_on_from_its_checkpoint(grid, monkeypatch, capsys):
    """The second point is stopped in its pictures, when its simulation is done and saved: that is not done again."""
    from thermozoo.runs import surroundings
    from thermozoo.sweeps import experiment

    before = reported(grid, 2)["escape"]
    shutil.rmtree(grid / "points/0002")

    def interrupt(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(surroundings, "task_report_json", interrupt)
        assert sweep(grid, *GRID) == 130
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("interrupted: 6 points: 5 completed, 1 interrupted; go on with thermozoo sweep --resume ")
    assert said.endswith(f"{grid} --plugin {EXAMPLES / 'escape.py'}")
    assert rows(grid)[1]["state"] == "interrupted"
    went_on = []
    original = experiment.resume_experiment
    monkeypatch.setattr(experiment, "resume_experiment", lambda *a, **k: went_on.append(a[0].name) or original(*a, **k))
    assert sweep(grid, *GRID) == 0
    assert went_on == ["0002"]
    assert reported(grid, 2)["escape"] == before


def test_a_point_in_other_hands_is_left_to_them(grid, capsys):
    shutil.rmtree(grid / "points/0003")
    (grid / "points/0003").mkdir()
    claim = take_claim(grid / "points/0003")
    try:
        assert sweep(grid, *GRID) == 0
    finally:
        claim.release()
    assert rows(grid)[2]["state"] == "in flight"
    assert "6 points: 5 completed, 1 in flight" in capsys.readouterr().out


def test_further_values_get_further_numbers(grid):
    before = written(grid)
    assert sweep(grid, "--over", "computer.temperature=0.3", "--over", "dynamics.dt=0.01,0.05") == 0
    assert [row["point"] for row in rows(grid)] == list("12345678")
    assert before.items() <= written(grid).items()
    table = read_dataset(grid / "table.nc")
    assert dict(table.sizes) == {"computer.temperature": 3, "dynamics.dt": 3}
    numbers = table["point"].sel({"computer.temperature": 0.3}).values.tolist()
    assert numbers == [7, 0, 8]  # nobody asked for the one in the middle
    assert math.isnan(table["escape.rate"].sel({"computer.temperature": 0.3, "dynamics.dt": 0.02}))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "task.followed=41"], "task.followed: it has 40, and now 41"),
        (["--seed", "2"], "seed: it has 1, and now 2"),
        (["--over", "seed=1,2"], "it goes over computer.temperature and dynamics.dt, and now over"),
        (["--together"], "--together: expected as many values of every key"),
    ],
    ids=["a key", "the seed", "another key", "together"],
)
def test_another_sweep_is_refused_with_the_difference(grid, capsys, words, said):
    before = written(grid)
    table = (grid / "table.csv").read_bytes()
    assert sweep(grid, *GRID, *words) == 2
    assert said in capsys.readouterr().err
    assert (written(grid), (grid / "table.csv").read_bytes()) == (before, table)


def test_another_version_or_plugin_is_refused(grid, capsys, tmp_path):
    known = json.loads((grid / "sweep.json").read_text("utf-8"))
    (grid / "sweep.json").write_text(json.dumps(known | {"thermozoo": "0.0.1"}))
    assert sweep(grid, *GRID) == 2
    assert "thermozoo 0.0.1 began it, and this is" in capsys.readouterr().err
    (grid / "sweep.json").write_text(json.dumps(known))
    changed = tmp_path / "escape.py"
    changed.write_text((EXAMPLES / "escape.py").read_text("utf-8") + "\n# changed\n")
    base = [str(changed) if word.endswith("escape.py") else word for word in BASE]
    assert sweep(grid, *GRID, base=base) == 2
    assert "the plugin file escape.py has changed" in capsys.readouterr().err


def test_a_point_that_fails_is_said_kept_and_tried_again(tmp_path, capsys):
    """With one trajectory of one unit in a hot well, half of the units are over: the logarithm of zero is no rate."""
    folder = tmp_path / "failing"
    words = ("--over", "task.followed=1,30", "--set", "computer.units.units=1", "--set", "computer.temperature=3")
    assert sweep(folder, *words) == 1
    told = capsys.readouterr()
    assert "point 1: task.followed = 1: " in told.err
    assert "2 points: 1 completed, 1 failed" in told.out
    assert "math domain error" in (folder / "points/0001.error.txt").read_text("utf-8")
    assert [row["state"] for row in rows(folder)] == ["failed", "completed"]
    assert rows(folder)[0]["escape.rate"] == ""
    before = written(folder)
    assert sweep(folder, *words) == 1
    assert "point 1: task.followed = 1: " in capsys.readouterr().err
    assert {p for p, when in written(folder).items() if before.get(p) != when} == {folder / "points/0001.error.txt"}


def test_fail_fast_stops_at_the_first(tmp_path):
    folder = tmp_path / "failing"
    words = ("--over", "task.followed=1,30", "--set", "computer.units.units=1", "--set", "computer.temperature=3")
    assert sweep(folder, *words, "--fail-fast") == 1
    assert [row["state"] for row in rows(folder)] == ["failed", "to do"]


@pytest.mark.parametrize(
    ("over", "said"),
    [
        (["computer.temprature=1,2"], "--over computer.temprature: unknown key; did you mean 'temperature'?"),
        (["computer.temperature=0.2,-1"], "--over computer.temperature: "),
        (["computer.temperature"], "expected table.key=v1,v2,..."),
        (["computer.temperature=1,1"], "got 1 more than once"),
        (["computer.temperature=1,"], "expected a value, got nothing"),
        (["seed=1", "seed=2"], "the key is swept already"),
        (["computer=1", "computer.temperature=2"], "lies in computer, which is swept as well"),
        ([], "--over KEY=V1,V2,... is missing"),
    ],
    ids=["no such key", "one point", "no values", "twice", "nothing", "again", "inside", "no key"],
)
def test_faults_are_said_before_anything_is_made(tmp_path, capsys, over, said):
    words = [word for one in over for word in ("--over", one)]
    assert sweep(tmp_path / "none", *words) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_points_without_faults_are_run_on_demand(tmp_path):
    folder = tmp_path / "some"
    assert sweep(folder, "--over", "computer.temperature=-1,0.2", "--allow-faulty") == 1
    assert [row["state"] for row in rows(folder)] == ["failed", "completed"]


def test_tables_are_values_too(tmp_path):
    folder = tmp_path / "tables"
    potentials = '{plugin = "double-well"},{plugin = "double-well", J2 = -2.0}'
    assert sweep(folder, "--over", f"computer.potential={potentials}") == 0
    rates = [float(row["escape.rate"]) for row in rows(folder)]
    assert rates[0] > rates[1]  # a barrier of 1/4 E0, and one of 1 E0
    assert "J2 = -2.0" in (folder / "points/0002/config.toml").read_text("utf-8")


def test_values_that_go_together_are_a_list(tmp_path):
    folder = tmp_path / "list"
    words = ("--over", "computer.temperature=0.2,0.2,0.4", "--over", "dynamics.dt=0.01,0.02,0.02", "--together")
    assert sweep(folder, *words) == 0
    table = read_dataset(folder / "table.nc")
    assert dict(table.sizes) == {"point": 3}
    assert table["dynamics.dt"].values.tolist() == [0.01, 0.02, 0.02]
    assert np.isfinite(table["escape.rate"].values).all()


def test_a_folder_with_something_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert sweep(tmp_path, *GRID) == 2
    assert "is not the folder of a sweep" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format": 9}', '{"format": 1, "points": [{}]}'])
def test_a_damaged_identity_is_a_line(grid, capsys, content):
    (grid / "sweep.json").write_text(content)
    assert run(["sweep", "--resume", str(grid)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_column_that_nobody_reports_is_named(grid, capsys):
    assert sweep(grid, *GRID, "--show", "escape.rat") == 0
    assert "--show escape.rat: no point reports it; did you mean 'escape.rate'?" in capsys.readouterr().err


@pytest.mark.parametrize("there", [None, 1, 2**50])
def test_memory_of_the_largest_points_together_is_said_before_the_first(tmp_path, monkeypatch, capsys, there):
    """Two of three at the same time, of which each would fit alone; what a point holds is not of this test."""
    held = iter([3 * 2**20, 2**20, 4 * 2**20])
    monkeypatch.setattr(experiment, "check_memory", lambda config, machine: next(held))
    monkeypatch.setattr(experiment, "machine_memory", lambda: there)
    monkeypatch.setattr(experiment, "work_together", lambda *arguments, **options: None)
    sweep(tmp_path / "new", "--over", "seed=1,2,3", "--workers", "2", base=[word for word in BASE if word != "--quiet"])
    said = "".join(capsys.readouterr())
    assert "2 points at the same time hold about 7 MiB of memory at most" in said
    assert (", and this machine has 1 byte: take fewer --workers" in said) == (there == 1)
