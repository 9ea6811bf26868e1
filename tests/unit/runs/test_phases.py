"""The phases of a run: one list that the run, its progress, an estimate and the check of memory read."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

import pytest

from thermozoo.config.load import load_config
from thermozoo.dynamics.engines import engine_named
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs import phases
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.budget import phase_shares
from thermozoo.runs.estimate import estimate_run, estimate_work
from thermozoo.runs.experiment import run_experiment
from thermozoo.runs.phases import PHASES, phases_of

EXAMPLES = Path(__file__).parents[3] / "examples"
TINY = ["dynamics.duration=0.05", "dynamics.engine=reference", "generation.samples=3", "training.held_out=2"]


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
def plugins():
    return load_catalogue(files=[EXAMPLES / "stripes.py"])


@pytest.fixture(scope="module")
def config(plugins):
    extra = ["training.method=moments", "training.cycles=5", "training.compare=['exact', 'moments']"]
    return load_config(EXAMPLES / "small-toy.toml", plugins, assignments=[*TINY, *extra], seed=None)


@pytest.fixture(scope="module")
def done(config, plugins, tmp_path_factory):
    reporter = Recorder()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(phases, "draw_figures", lambda *arguments: {})
        start = time.perf_counter()
        run = run_experiment(config, plugins, tmp_path_factory.mktemp("phases") / "run", reporter=reporter)
        reporter.wall = time.perf_counter() - start
    return run, reporter


def test_the_report_has_the_seconds_of_every_phase_but_the_page_that_shows_them(done, config):
    run, _ = done
    names = [phase.name for phase in phases_of(config)]
    assert names == [phase.name for phase in PHASES]  # this config asks for all
    assert list(run.report.seconds) == names[:-1]


def test_no_second_is_counted_twice(done):
    """Not even those of a compared method, which goes through phases inside a phase."""
    run, reporter = done
    assert sum(run.clock.seconds.values()) <= reporter.wall


def test_progress_reaches_the_work_that_a_phase_states(done):
    """Also that of the method that is compared, which goes through the same phases."""
    _, reporter = done
    stated = [(total, reached) for _, total, reached in reporter.phases if total is not None]
    assert stated
    assert all(total == reached > 0 for total, reached in stated)
    repeated = [phase.title.format(method="{method}") for phase in PHASES if phase.repeated]
    titles = [title.replace("moments", "{method}").replace("exact", "{method}") for title, _, _ in reporter.phases]
    assert titles == ["preparation", *repeated, *repeated, "figures"]
    assert {"training (moments)", "training (exact)"} <= {title for title, _, _ in reporter.phases}


def test_a_comparison_has_a_row_for_each_method_and_leaves_the_run_s_own(done):
    run, _ = done
    assert [row.method for row in run.report.comparison] == ["exact", "moments"]
    assert run.report.method == run.outcome.method == "moments"
    own = run.report.comparison[1]
    assert own.loss_final == run.report.loss_final != run.report.comparison[0].loss_final


def test_an_estimate_and_the_memory_have_the_same_phases(config):
    machine = assemble_machine(config)
    pieces = []
    found = estimate_run(machine, 0.25, engine_named("reference"), pieces.append)
    names = [phase.name for phase in phases_of(config)]
    assert list(found.seconds) == list(phase_shares(config, machine)) == names
    assert found.seconds["assembly"] == 0.25
    assert found.seconds["comparison"] > found.seconds["generation"]
    assert sum(pieces) == estimate_work(config)


@pytest.mark.parametrize("phase", [phase.name for phase in PHASES if phase.adds])
def test_a_phase_that_adds_to_the_results_takes_nothing_with_it(config, plugins, tmp_path, monkeypatch, phase):
    function = {"comparison": "comparison_row", "figures": "draw_figures", "page": "manifest"}[phase]
    real, calls = getattr(phases, function), []

    def fail(*arguments, **options):
        calls.append(None)
        if phase == "page" and len(calls) == 1:  # the results have a manifest, too
            return real(*arguments, **options)
        raise RuntimeError("no luck")

    monkeypatch.setattr(phases, "draw_figures", lambda *arguments: {})
    monkeypatch.setattr(phases, function, fail)
    reporter = Recorder()
    run_experiment(config, plugins, tmp_path / "run", reporter=reporter)
    assert any(line.startswith(f"{phase}: missing, RuntimeError: no luck") for line in reporter.warnings)
    assert json.loads((tmp_path / "run" / "report.json").read_text())["samples"] == 3
    assert (tmp_path / "run" / "samples.nc").exists()
