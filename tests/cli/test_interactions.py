"""Runs, checks and estimates of computers whose units an interaction couples."""

from __future__ import annotations

import json

import pytest

import thermozoo as tz
from thermozoo.cli.app import run

CONFIG = """
seed = 1
[computer.units]
visible = 784
hidden = 4
[computer.connectivity]
plugin = "bipartite"
[computer.interaction]
plugin = "cosine"
[dynamics]
duration = 0.01
engine = "reference"
[training]
method = "descent"
cycles = 1
held_out = 2
[generation]
samples = 2
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "phases.toml").write_text(CONFIG)
    return "phases.toml"


@pytest.mark.long
def test_a_run_is_made_loaded_and_reported(config, tmp_path, capsys):
    assert run(["check", config]) == 0
    assert "couplings: 3,136 (bipartite, cosine)" in capsys.readouterr().out
    assert run(["run", config, "--out", "x", "--quiet"]) == 0
    report = json.loads((tmp_path / "x" / "report.json").read_text())
    loaded = tz.load("x")
    assert loaded.computer.couplings.interaction.name == "cosine"
    assert loaded.computer.couplings.norm() == pytest.approx(report["coupling_norm"])
    page = (tmp_path / "x" / "report.html").read_text()
    assert "by the energy" in page
    assert "A positive coupling lowers the energy" not in page  # which is so for products only
    (tmp_path / "x" / "figures" / "couplings.png").unlink()
    capsys.readouterr()
    assert run(["report", "x"]) == 0
    assert "couplings" not in capsys.readouterr().err
    provenance = json.loads((tmp_path / "x" / "manifest.json").read_text())["plugins"]
    assert ("interaction", "cosine") in {(p["kind"], p["name"]) for p in provenance}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("computer.interaction.plugin=three-body", "has tuples of 2 units, the interaction 'three-body' couples 3"),
        ("training.compare=['exact']", "method exact trains the interaction 'bilinear' only"),
    ],
)
def test_what_cannot_be_run_is_one_line_and_exit_2(config, capsys, change, said):
    assert run(["run", config, "--out", "x", "--set", change]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert said in line
