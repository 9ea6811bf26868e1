"""Runs of other tasks: what is around their work, what they leave, and what reads it again."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
from pathlib import Path
from typing import Annotated

import attrs
import pytest
import tomli_w

import thermozoo as tz
from thermozoo import Account, Key, Phase, Picture, Task
from thermozoo.cli.app import run as command
from thermozoo.config.load import check_config
from thermozoo.dynamics.engines import engine_named
from thermozoo.errors import ConfigError, DataError, PluginError
from thermozoo.registry.catalogue import Catalogue, catalogue
from thermozoo.registry.sources import Record, Source
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.budget import phase_shares
from thermozoo.runs.documented import documented
from thermozoo.runs.estimate import estimate_run, estimate_work
from thermozoo.runs.experiment import run_experiment
from thermozoo.runs.phases import PHASES, phases_of
from thermozoo.runs.surroundings import surrounded
from thermozoo.runs.task_report import CommonReport, read_task_report

EXAMPLES = Path(__file__).parents[3] / "examples"

TABLES = {
    "seed": 4,
    "task": {"plugin": "sample", "chains": 8, "coupling": -0.3},
    "computer": {"temperature": 0.5, "units": {"pair": 2}},
    "dynamics": {"integrator": "stochastic-heun", "dt": 0.01, "duration": 5.0, "engine": "reference"},
}


class Recorder:
    """A reporter that remembers."""

    def __init__(self):
        self.phases, self.warnings = [], []

    def note(self, text):
        pass

    def warn(self, text):
        self.warnings.append(text)

    @contextlib.contextmanager
    def phase(self, title, total):
        done = []
        yield done.append
        self.phases.append((title, total, sum(done)))


@pytest.fixture(scope="module")
def config():
    return check_config(TABLES, catalogue(), "x.toml")


@pytest.fixture(scope="module")
def done(config, tmp_path_factory):
    reporter = Recorder()
    folder = tmp_path_factory.mktemp("task") / "run"
    return run_experiment(config, catalogue(), folder, reporter=reporter), reporter, folder


@pytest.fixture(scope="module")
def tempered(tmp_path_factory):
    """A run whose chains are the coldest rungs of ladders."""
    tables = {**TABLES, "task": TABLES["task"] | {"method": "tempering", "temperatures": [0.5, 1.0], "units": [0]}}
    tables["hardware"] = {"preset": "electrical"}
    reporter, folder = Recorder(), tmp_path_factory.mktemp("tempered") / "run"
    done = run_experiment(check_config(tables, catalogue(), "x.toml"), catalogue(), folder, reporter=reporter)
    return done, reporter, folder


@pytest.fixture
def folder(done, tmp_path):
    """A copy of the run folder."""
    shutil.copytree(done[2], tmp_path / "run")
    return tmp_path / "run"


def test_the_phases_of_the_work_stand_between_those_of_all_runs(config):
    names = [phase.name for phase in phases_of(config)]
    assert names == ["assembly", "preparation", "relaxation", "sampling", "results", "figures", "page"]


def test_a_phase_of_a_common_name_stands_in_its_place():
    assert all(a is b for a, b in zip(surrounded(PHASES), PHASES, strict=True))
    own = Phase("page", "", lambda run, progress: None, lambda of: 0.0, adds=True)
    found = surrounded([own])
    assert found[-1] is own
    assert [phase.name for phase in found] == ["assembly", "preparation", "results", "figures", "page"]


def test_progress_reaches_the_work_that_a_phase_states(done):
    _, reporter, _ = done
    stated = {title: (total, reached) for title, total, reached in reporter.phases if total is not None}
    assert stated == {"relaxation": (250, 250), "sampling": (500, 500)}  # twice a quarter of 500 steps


def test_an_estimate_and_the_memory_have_the_same_phases(config):
    machine = assemble_machine(config)
    pieces = []
    found = estimate_run(machine, 0.25, engine_named("reference"), pieces.append)
    names = [phase.name for phase in phases_of(config)]
    assert list(found.seconds) == list(phase_shares(config, machine)) == names
    assert sum(pieces) == estimate_work(config)


def test_the_report_has_common_keys_and_the_figures_under_the_name_of_the_task(done):
    run, _, folder = done
    report = json.loads((folder / "report.json").read_text())
    common = [name for name, _, key in documented(CommonReport) if "." not in name and not key.optional]
    assert sorted(report) == sorted([*common, "sample"])
    assert report["task"] == "sample"
    figures = [name for name, _, key in documented(type(run.figures)) if not key.optional]
    assert list(report["sample"]) == figures
    assert report["parameter_digest"] == tz.load_computer(folder / "computer.nc").digest()
    assert report["sample"]["reference"] == {"virial": 1.0}
    assert set(report["seconds"]) == {phase.name for phase in phases_of(run.config)} - {"page"}


def test_the_page_begins_with_the_answer_and_its_first_picture(done):
    run, _, folder = done
    page = (folder / "report.html").read_text()
    answer = run.config.task.account(run.figures).answer
    assert page.index('<p class="lead">' + answer) < page.index("data:image/png;base64") < page.index("Virial theorem")
    assert sorted(path.name for path in (folder / "figures").iterdir()) == ["covariances.png", "equilibrium.png"]


def test_a_loaded_folder_tells_the_same(done):
    _, _, folder = done
    run = tz.load(folder)
    assert "The mean energy in equilibrium is" in repr(run)
    assert 'alt="equilibrium"' in run._repr_html_()
    assert run.computer.couplings.matrix()[0, 1] == -0.3
    assert run.samples["covariance"].dims == ("shown", "other")


def test_ladders_leave_what_chains_leave_and_their_exchanges(tempered, done, capsys):
    """No heat, and so no joules of the hardware; progress and estimate are of the steps of each rung."""
    run, reporter, folder = tempered
    found = json.loads((folder / "report.json").read_text())["sample"]
    assert list(found) == [name for name, _, key in documented(type(run.figures)) if not name.startswith("power")]
    assert (found["heat_mean_kT"], found["temperatures"]) == (None, [0.5, 1.0])
    assert found["round_trips"] == pytest.approx(float(tz.load(folder).samples["round_trips"].mean()))
    assert "one chain" not in (folder / "report.html").read_text()
    assert "Exchanges by rung" in (folder / "report.html").read_text()
    totals = {title: (total, reached) for title, total, reached in reporter.phases if total is not None}
    assert totals == {"relaxation": (125, 125), "sampling": (500, 500)}
    account = run.config.task.account(run.figures)
    assert any(line.startswith("Tempering: 2 rungs from kT = 0.5 to 1; ") for line in account.lines)
    assert "Cost: 5 time constants 1/(mobility E0) of 8 ladders of 2 rungs." in account.lines
    assert command(["report", str(folder)]) == 0
    pieces, machine = [], assemble_machine(run.config)
    estimate = estimate_run(machine, 0.25, engine_named("reference"), pieces.append)
    assert sum(pieces) == estimate_work(run.config)
    assert estimate.seconds["sampling"] > estimate.seconds["relaxation"] > 0
    capsys.readouterr()
    assert command(["replay", str(folder), "--trajectory", "0"]) == 2
    assert "keeps no single trajectories" in capsys.readouterr().err


def test_python_runs_it_too_with_the_same_bits(done, tmp_path):
    run = tz.run(TABLES, out=tmp_path / "run", quiet=True)
    assert run.report["sample"] == tz.load(done[2]).report["sample"]


def test_the_page_is_made_again_with_a_figure_that_is_drawn_again(folder, capsys):
    before = (folder / "report.html").read_text()
    kept = (folder / "figures" / "equilibrium.png").read_bytes()
    (folder / "report.html").unlink()
    (folder / "figures" / "equilibrium.png").unlink()
    assert command(["report", str(folder)]) == 0
    assert capsys.readouterr().out == f"report: {folder / 'report.html'}\n"
    after = (folder / "report.html").read_text()
    assert base64.b64encode(kept).decode() in after
    assert after.split("Where the time went")[0] == before.split("Where the time went")[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda report: report["sample"].pop("energy_kT"), "energy_kT missing"),
        (lambda report: report["sample"].update(chains="many"), "chains: expected whole number"),
        (lambda report: report.update(task="tomorrow"), "no task is called 'tomorrow'"),
        (lambda report: report.update(task=3), "task: expected text"),
    ],
)
def test_a_report_that_no_run_writes_is_said_to_be_so(folder, capsys, change, said):
    report = json.loads((folder / "report.json").read_text())
    change(report)
    (folder / "report.json").write_text(json.dumps(report))
    assert command(["report", str(folder)]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_that_is_replaced_loses_the_pictures_of_its_run_and_nothing_else(config, folder):
    (folder / "figures" / "mine.png").write_bytes(b"mine")
    tables = config.resolved | {"task": {"plugin": "sample", "chains": 8, "units": [0]}}  # draws no covariances
    run_experiment(check_config(tables, catalogue(), "x.toml"), catalogue(), folder, force=True, reporter=Recorder())
    assert sorted(path.name for path in (folder / "figures").iterdir()) == ["equilibrium.png", "mine.png"]
    assert (folder / "figures" / "mine.png").read_bytes() == b"mine"


def test_check_and_estimate_know_it(tmp_path, capsys):
    path = tmp_path / "x.toml"
    path.write_text(tomli_w.dumps(TABLES))
    assert command(["check", str(path), "--set", "task.observe_every=5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:5] == [
        "units: 2 (pair 2)",
        "couplings: 1 (dense)",
        "time steps: 500 of 0.01 (stochastic-heun)",
        "task: sample",
    ]
    assert command(["check", str(path), "--set", "task.observe_every=500"]) == 2
    assert capsys.readouterr().err.startswith("thermozoo: --set: task.observe_every: expected 8 observations")
    assert command(["estimate", str(path), "--json", "--quiet"]) == 0
    assert set(json.loads(capsys.readouterr().out)["seconds"]) >= {"relaxation", "sampling", "total"}


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"parameters": "nowhere.nc"}, r"task\.parameters: .*nowhere\.nc"),
        ({"units": [2]}, r"task\.units: no unit has the number 2: the computer has 2"),
    ],
)
def test_faults_of_what_is_assembled_are_those_of_the_config(task, said, tmp_path):
    given = TABLES | {"task": {"plugin": "sample", **task}}
    with pytest.raises(ConfigError, match=said):
        run_experiment(check_config(given, catalogue(), "x.toml"), catalogue(), tmp_path / "r", reporter=Recorder())
    assert not (tmp_path / "r").exists()


def test_a_group_of_no_size_is_refused():
    given = TABLES | {"computer": {"units": {"pair": "auto"}}}
    with pytest.raises(ConfigError, match="the task 'sample' does not say how large group 'pair' is: give a number"):
        assemble_machine(check_config(given, catalogue(), "x.toml"))


@attrs.frozen(kw_only=True)
class Nothing:
    """What it finds."""

    n: Annotated[int, Key("units")]


@attrs.frozen
class Sized(Task):
    """Takes the size of its units from a setting, as a task does that reads a matrix."""

    name = "sized"
    figures = Nothing
    size: int = 3
    pictured: str = "a-picture"
    leaves: bool = True

    def sizes(self, config, faults):
        return {"units": self.size}

    def computer(self, config, computer, faults):
        return attrs.evolve(computer, biases=computer.biases + 0.5)

    def phases(self, config):
        return [Phase("counting", "", self._count, lambda of: 0.0)]

    def _count(self, run, progress):
        run.figures = Nothing(n=run.machine.computer.n) if self.leaves else None

    def account(self, figures):
        return Account(f"There are {figures.n} units.")

    def pictures(self, figures, samples):
        return {self.pictured: Picture(lambda figure: figure.subplots(), "An empty picture.")}


def with_sized():
    source = Source("tests", "", "", __name__, dict)
    return Catalogue((*catalogue().records, Record("sized", "task", source, Sized)))


def counted(tmp_path, **task):
    given = {"task": {"plugin": "sized", **task}, "computer": {"units": {"units": "auto"}}, "seed": 1}
    reporter = Recorder()
    done = run_experiment(check_config(given, with_sized(), "x.toml"), with_sized(), tmp_path / "r", reporter=reporter)
    return done, reporter


def test_a_task_may_say_how_many_units_there_are_and_change_the_computer(tmp_path):
    done, _ = counted(tmp_path, size=5)
    assert done.figures.n == 5
    computer = tz.load_computer(tmp_path / "r" / "computer.nc")
    assert computer.biases.tolist() == [0.5] * 5
    assert json.loads((tmp_path / "r" / "report.json").read_text())["sized"] == {"n": 5}
    assert "units = 5" in (tmp_path / "r" / "config.toml").read_text()


def test_a_task_that_leaves_no_figures_is_named(tmp_path):
    said = "task 'sized' left NoneType as the figures of the run; expected an instance of Nothing"
    with pytest.raises(PluginError, match=said):
        counted(tmp_path, leaves=False)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("name", ["../up", "Up", "generation"])
def test_a_picture_whose_name_is_none_of_a_file_is_not_drawn(tmp_path, name):
    _, reporter = counted(tmp_path, pictured=name)
    assert any("calls a picture" in line for line in reporter.warnings)
    assert not list(tmp_path.glob("**/*.png"))


def test_a_report_of_a_task_without_figures_is_not_read():
    with pytest.raises(DataError, match="the task 'generate' declares no figures"):
        read_task_report({"task": "generate"}, catalogue())


def test_the_example_runs_and_is_short(tmp_path, capsys):
    """Kramers' rate holds to a factor at a barrier of 2.5 kT: k = sqrt(8) / (2 pi) exp(-2.5) = 0.037."""
    given = ["run", str(EXAMPLES / "escape.toml"), "--plugin", str(EXAMPLES / "escape.py"), "--quiet"]
    assert command([*given, "--set", "task.followed=200", "--out", str(tmp_path / "escape")]) == 0
    assert capsys.readouterr().out.startswith("A unit leaves its well 0.0")
    rate = json.loads((tmp_path / "escape" / "report.json").read_text())["escape"]["rate"]
    assert 0.02 < rate < 0.05
    again = tz.load(tmp_path / "escape", catalogue=tz.load_catalogue(files=[EXAMPLES / "escape.py"]))
    assert repr(again).count("A unit leaves its well") == 1
    assert (tmp_path / "escape" / "plugins" / "escape.py").is_file()
    lines = (EXAMPLES / "escape.py").read_text().splitlines()
    assert f"in {len(lines)} lines" in (EXAMPLES.parent / "docs" / "how-to" / "write-a-task.md").read_text()
    assert len(lines) <= 65
