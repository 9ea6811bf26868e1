"""A run of a computer whose energy has further terms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xarray as xr

import thermozoo as tz
from thermozoo.cli.app import run
from thermozoo.dynamics.engines import term_forces

STRIPES = str(Path(__file__).parents[2] / "examples" / "stripes.py")

CONFIG = """
seed = 5
[computer]
temperature = 0.1
[computer.units]
visible = 36
hidden = 2
[computer.terms.memory]
plugin = "modern-hopfield"
beta = 2.0
normalize = true
[computer.terms.phases]
interaction = "cosine"
connectivity = "ring"
[dynamics]
dt = 1e-2
duration = 0.3
[data]
plugin = "stripes"
classes = [0, 1]
[training]
method = "descent"
cycles = 2
held_out = 2
[generation]
samples = 4
"""


def test_what_an_edge_file_of_a_term_says_is_a_fault_of_the_term(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("terms.toml").write_text(CONFIG)
    for line, said in (("0,1\n1,0\n", "line 2: couples the units 0 and 1 again"), ("0,99\n", "line 1: no unit 99")):
        Path("pairs.csv").write_text(line)
        change = 'computer.terms.phases.connectivity={plugin="edges", path="pairs.csv"}'
        assert run(["check", "terms.toml", "--plugin", STRIPES, "--set", change]) == 2
        [fault] = capsys.readouterr().err.splitlines()
        assert "computer.terms.phases.connectivity: " in fault
        assert said in fault


def test_an_engine_without_a_kernel_for_a_term_is_a_fault(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("terms.toml").write_text(CONFIG)
    check = ["check", "terms.toml", "--plugin", STRIPES, "--set", "dynamics.engine=compiled"]
    assert run(check) == 0
    capsys.readouterr()
    # of a kind that is none of the first party's
    monkeypatch.setattr(term_forces, "without_kernel", lambda computer: "no kernel is written for the term 'memory'")
    assert run(check) == 2
    [fault] = capsys.readouterr().err.splitlines()
    assert "dynamics.engine: no kernel is written for the term 'memory'" in fault


@pytest.mark.long
def test_every_result_has_the_terms_by_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("terms.toml").write_text(CONFIG)
    assert run(["check", "terms.toml", "--plugin", STRIPES]) == 0
    said = capsys.readouterr().out
    assert "term memory: 2 patterns (modern-hopfield of data)\n" in said
    assert "term phases: 38 strengths (cosine of ring)\n" in said
    assert run(["run", "terms.toml", "--plugin", STRIPES, "--out", "x", "--quiet"]) == 0
    report = json.loads(Path("x/report.json").read_text())
    by_term = report["heat_by_term_kT"]
    assert list(by_term) == ["on-site", "coupling", "memory", "phases", "bias"]
    assert sum(by_term.values()) == pytest.approx(report["heat_mean_kT"])
    assert by_term["memory"] != 0.0
    assert by_term["phases"] != 0.0
    with xr.open_dataset("x/samples.nc") as samples:
        last = samples["heat_memory"].values[-1].mean()
    assert last / 0.1 == pytest.approx(by_term["memory"])
    loaded = tz.load("x", catalogue=tz.load_catalogue(files=[STRIPES])).computer
    assert loaded.term_names == ("on-site", "coupling", "memory", "phases", "bias")
    assert loaded.terms["phases"].vector.any()  # which descent trains
    page = Path("x/report.html").read_text()
    assert "further term <b>memory</b>, modern-hopfield of projections on patterns" in page
    assert "further term <b>phases</b>: units are coupled as in" in page
    assert Path("x/figures/ledger.png").exists()
