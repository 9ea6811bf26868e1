"""``thermozoo bench`` and ``thermozoo estimate``: what they print, and that an estimate is kept."""

from __future__ import annotations

import contextlib
import io
import json

import pytest
from rich.console import Console

from thermozoo.cli.app import run
from thermozoo.cli.bench import _SAMPLED, lines
from thermozoo.cli.duration import duration_text
from thermozoo.cli.estimate import bias_lines
from thermozoo.cli.estimate import lines as estimate_lines
from thermozoo.cli.progress import Bars
from thermozoo.dynamics.benchmark import bench_work
from thermozoo.runs.estimate import Estimate
from thermozoo.runs.phases import PHASES
from thermozoo.runs.step_bias import StepBias

TINY = """
[computer.units]
visible = 784
hidden = 4
[computer.connectivity]
plugin = "bipartite"
within = ["hidden"]
[dynamics]
duration = 0.02
engine = "reference"
[training]
method = "METHOD"
cycles = 12
held_out = 3
[generation]
samples = 5
"""

FOUND = {
    "rows": [
        {"batch": 1, "threads": 1, "precision": "single", "products_us": 80.0, "step_us": 88.0, "ratio": 1.1},
        {"batch": 512, "threads": 2, "precision": "single", "products_us": 11.0, "step_us": 12.1, "ratio": 1.1},
    ],
    "products_default_us": 14.0,
    "fused_ns_per_unit": 0.7,
    "compile_seconds_cold": 6.0,
    "compile_seconds_warm": 0.8,
    "sparse_updates_per_ns": 0.4,
    "few_units": [
        {
            "units": 3,
            "trajectories": 40_000,
            "compiled_ns": 1.25,
            "reference_ns": 58.5,
            "numpy_ns": 15.0,
            "ratio": 12.0,
        },
    ],
    "one_unit": {"compiled_ns": 21.5, "numba_ns": 43.0, "ratio": 2.0},
    "start_up_seconds": {"--help": 0.25, "plugins": 0.5},
    "threads": 2,
    "blas": ["openblas 0.3.30 Haswell"],
    "sampled_training": {
        "threads": 2,
        "clock": "wall",
        "multiply_adds_per_ns": 100.0,
        "rows": [{"method": "descent", "seconds": 0.075, "products": 0.05, "ratio": 1.5}],
    },
}


@pytest.fixture
def measured(monkeypatch):
    calls = []

    def bench(computer, integrator, *, connectivity, progress):
        progress(1)
        calls.append((computer.n, integrator.name, connectivity))
        return {key: value for key, value in FOUND.items() if key != "sampled_training"}

    def sampled_over_products(computer, process, loss, *, threads):
        assert (computer.n, len(process.signals), threads) == (1296, 3, 2)
        return FOUND["sampled_training"]

    monkeypatch.setattr("thermozoo.dynamics.benchmark.bench", bench)
    monkeypatch.setattr("thermozoo.training.benchmark.sampled_over_products", sampled_over_products)
    return calls


@pytest.fixture
def bars(monkeypatch):
    """The phases of a command: title, total, and what was reported as done."""
    phases = []

    class Recorded(Bars):
        @contextlib.contextmanager
        def phase(self, title, total):
            done = []
            yield done.append
            phases.append((title, total, sum(done)))

    monkeypatch.setattr("thermozoo.cli.progress.Bars", Recorded)
    return phases


def test_bench_says_how_far_it_is(measured, bars):
    assert run(["bench"]) == 0
    # of the whole, what the measurement reports, and sampled training
    assert bars == [("measuring", bench_work() + _SAMPLED, 1 + _SAMPLED)]


@pytest.mark.parametrize("compare", [pytest.param("[]", marks=pytest.mark.long), '["exact"]'])
def test_estimate_says_how_far_it_is(tmp_path, capsys, bars, compare):
    config = tmp_path / "tiny.toml"
    config.write_text(TINY.replace("METHOD", "descent"))
    assert run(["estimate", str(config), "--set", f"training.compare={compare}"]) == 0
    text = capsys.readouterr().out
    assert "with the reference engine" in text
    assert "iB in the run folder" in text
    (assembly, _, _), (calibration, total, done) = bars
    assert (assembly, calibration) == ("assembly", "calibration")
    assert done == total > 8


def test_bars_are_silent_where_there_is_no_terminal(measured, capsys):
    assert run(["bench", "--json"]) == 0
    assert capsys.readouterr().err == ""


def test_bars_have_the_time_left():
    shown = io.StringIO()
    bars = Bars()
    bars.console = Console(file=shown, force_terminal=True, width=100)
    with bars.phase("measuring", 4) as progress:
        progress(1)
    assert "measuring" in shown.getvalue()
    assert " 25%" in shown.getvalue()
    assert "-:--:--" in shown.getvalue()  # after one piece of work there is no speed yet


def test_bench_prints_its_measurements_as_json(measured, capsys):
    assert run(["bench", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == FOUND
    assert measured == [(1296, "euler-maruyama", "bipartite")]


def test_bench_prints_a_table(measured, capsys):
    assert run(["bench"]) == 0
    text = capsys.readouterr().out
    assert text.splitlines() == lines(FOUND)
    for part in ("12.10 us", "14.00 us", "0.70 ns a unit", "0.40 unit updates a nanosecond", "Haswell"):
        assert part in text
    rows = [line.split() for line in text.splitlines()]
    assert ["3", "1.25", "ns", "58.50", "ns", "15.00", "ns", "12.00"] in rows
    assert ["descent", "75.0", "ms", "50.0", "ms", "1.50"] in rows
    for part in ("40,000 trajectories", "21.5 ns a step, a loop in numba 43.0 ns, numba / compiled 2.00"):
        assert part in text
    assert "start-up: 0.25 s for --help, 0.50 s for plugins" in text


@pytest.mark.parametrize("method", ["descent", "exact", pytest.param("moments", marks=pytest.mark.long)])
def test_estimate_covers_every_phase(tmp_path, capsys, method):
    config = tmp_path / "tiny.toml"
    text = TINY.replace("METHOD", method)
    config.write_text(text.replace("cycles = 12\n", "") if method == "exact" else text)
    assert run(["estimate", str(config), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["engine"] == "reference"
    without = {"comparison"}  # which nothing asks for
    assert set(found["seconds"]) == {phase.name for phase in PHASES} - without | {"total"}
    parts = [v for k, v in found["seconds"].items() if k != "total"]
    assert found["seconds"]["total"] == pytest.approx(sum(parts), abs=0.05)
    assert found["disk_bytes"] > 5 * 788 * 4
    assert [row["dt"] for row in found["step_bias"]] == [0.00025, 0.001, 0.002]
    heats = [row["heat_kT"] for row in found["step_bias"]]
    assert 0 > heats[0] > heats[1] > heats[2]
    assert heats[1] == pytest.approx(found["step_bias"][1]["start_kT"] - found["step_bias"][1]["end_kT"], abs=2e-4)


def test_an_estimate_says_what_a_step_costs():
    rows = (StepBias(0.01, 1000, 2000, 4.88, 19.69), StepBias(0.02, 500, 1000, None, None))
    found = Estimate({"assembly": 0.1}, 1, 1, rows)
    shown = bias_lines(found, "stochastic-heun")
    assert "stochastic-heun" in shown[1]
    assert [line.split() for line in shown[-2:]] == [
        ["0.01", "2,000", "+4.9", "kT", "+19.7", "kT", "-14.8", "kT"],
        ["0.02", "1,000", *["unstable"] * 3],
    ]
    assert bias_lines(Estimate({"assembly": 0.1}, 1, 1), "baoab") == []


def test_an_estimate_is_printed_in_units_that_one_can_read():
    """Figures of a user: two years and more than fifty TiB were printed in seconds and MiB."""
    found = Estimate(
        {"assembly": 0.04, "training": 119.0, "evaluation": 500.0, "generation": 63467877.2}, 59326540 * 2**20, 900
    )
    rows = [line.split(maxsplit=3) for line in estimate_lines(found, "compiled")]
    assert rows == [
        ["assembly", "0.0", "s"],
        ["training", "119.0", "s"],
        ["evaluation", "8.3", "min"],
        ["generation", "734.6", "days"],
        ["in", "all", "734.6", "days with the compiled engine"],
        ["memory", "56.58", "TiB", "at most"],
        ["disk", "900", "bytes", "in the run folder"],
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(119.9, "119.9 s"), (120, "2.0 min"), (7199, "120.0 min"), (7200, "2.0 h"), (172_800, "2.0 days")],
)
def test_the_unit_of_a_time_makes_it_short(seconds, text):
    assert duration_text(seconds) == text


@pytest.mark.long
def test_bytes_of_the_run_folder(tmp_path, capsys):
    """Within a factor of 1.5 of what a run writes, where states and not pictures take the most room."""
    config = tmp_path / "tiny.toml"
    config.write_text(TINY.replace("METHOD", "descent"))
    options = ["--set", "generation.samples=1500", "--set", "dynamics.duration=0.004"]
    assert run(["estimate", str(config), "--json", *options]) == 0
    expected = json.loads(capsys.readouterr().out)["disk_bytes"]
    assert run(["run", str(config), "--out", str(tmp_path / "out"), *options]) == 0
    written = sum(p.stat().st_size for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert expected / 1.5 < written < 1.5 * expected


def test_estimate_refuses_a_bad_config(tmp_path, capsys):
    assert run(["estimate", "--set", "generation.samples=0"]) == 2
    assert "generation.samples" in capsys.readouterr().err


def test_estimate_refuses_what_run_refuses(capsys):
    assert run(["estimate", "--set", "computer.units.hidden=1000000"]) == 2
    assert "TiB of memory, above dynamics.memory_limit = 16 GiB" in capsys.readouterr().err
