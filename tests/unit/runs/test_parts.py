"""Work of a task that is shared out: by parts of its trajectories, to the same bits for any sharding."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest
from inline import Inline, differing, worked
from thermozoo_plugins.tasks.sample import Sample

from thermozoo.dynamics.simulate import simulate
from thermozoo.errors import PluginError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs.phase import own_key

#: A task of somebody else, in a file: two shares, of which the second has rows of the first.
PLUGIN = """
from typing import Annotated

import attrs
import numpy as np
import thermozoo as tz

@attrs.frozen(kw_only=True)
class Found:
    "What it finds."
    square: Annotated[float, tz.Key("mean square")]

@attrs.frozen
class Spread(tz.Task):
    "How far units spread in two stretches of time."
    name = "spread"
    tables = ("computer", "dynamics", "run")
    figures = Found

    def together(self, config):
        return 4

    def imperfect(self, config):
        return (*tz.Task.imperfect(self, config), "read")

    def phases(self, config):
        return [tz.Phase("spreading", "spreading", self.spread, lambda of: 0.0, work=lambda run: 2 * config.steps)]

    def spread(self, run, progress):
        half = run.share(self.first, 10, progress, work=config_steps(run))
        run.outcome = run.share(self.second, 10, progress, rows=half, given={"by": 2.0}, work=config_steps(run))
        run.figures = Found(square=float((run.outcome["read"] ** 2).mean()))

    def first(self, part):
        x = np.zeros((len(part.numbers), part.machine.computer.n))
        done = part.simulate(x, part.config.steps, stream=3, progress=part.progress)
        return {"ends": {"final": done.final}}

    def second(self, part):
        x = part.rows["ends"]["final"]
        done = part.simulate(x * part.given["by"], part.config.steps, stream=4, progress=part.progress)
        return {
            "final": done.final,
            "read": part.read(done.final),
            "among": np.full(1, len(part.numbers)),
            "numbers": part.numbers,
        }

def config_steps(run):
    return run.config.steps

@tz.hookimpl
def thermozoo_tasks():
    return [Spread]
"""

SPREAD = {
    "seed": 4,
    "task": {"plugin": "spread"},
    "computer": {"temperature": 0.5, "units": {"a": 3}},
    "dynamics": {"dt": 0.01, "duration": 0.1, "engine": "reference"},
    "hardware": {"imperfections": {"eye": {"plugin": "readout-noise"}}},
}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    path = tmp_path_factory.mktemp("plugin") / "spread.py"
    path.write_text(textwrap.dedent(PLUGIN))
    return load_catalogue(files=[path])


@pytest.fixture
def working(catalogue, tmp_path):
    """Returns what does the phases of a config's task, by a crew or by this process."""

    def made(tables, crew=None, size=None, folder="a"):
        return worked(tables, catalogue, tmp_path / folder, crew, size)

    return made


def test_the_work_of_a_task_is_that_of_its_blocks(working):
    """Oracle: simulations of the blocks, by themselves; ten trajectories in blocks of four, in two orders."""
    crews = [Inline(seed) for seed in range(2)]
    runs = [working(SPREAD, crew, size, f"f{size}") for crew, size in zip(crews, (None, 8), strict=True)]
    cuts = [(0, 4, 8), (0, 8)]
    assert [sorted(one.first for one in crew.asked) for crew in crews] == [sorted(2 * cut) for cut in cuts]
    first, *others = (run.outcome for run in runs)
    law, steps = runs[0].machine.dynamics, runs[0].config.steps
    blocks = []
    for numbers in (range(4), range(4, 8), range(8, 10)):
        more = {"trajectories": numbers, "engine": "reference"}
        half = simulate(law, np.zeros((len(numbers), 3)), steps, key=own_key(4, 3), **more)
        blocks.append(simulate(law, 2 * half.final, steps, key=own_key(4, 4), **more).final)
    assert np.array_equal(first["final"], np.concatenate(blocks))
    assert first["among"].tolist() == [4, 4, 2]
    assert first["numbers"].tolist() == list(range(10))
    assert not any(differing(other, first) for other in others)
    assert [run.reporter.told for run in runs] == [2 * steps] * 2


def test_readings_of_parts_have_noise_of_their_own(working):
    noise = {}
    found = working(SPREAD, Inline(0)).outcome
    noise = found["read"] - found["final"]
    assert len(np.unique(noise)) == noise.size
    assert noise.std() == pytest.approx(0.1, rel=0.5)  # 30 normal numbers: beyond 3.8 standard errors


def test_without_workers_a_task_does_all_at_once(working):
    run = working(SPREAD)
    law, steps = run.machine.dynamics, run.config.steps
    half = simulate(law, np.zeros((10, 3)), steps, key=own_key(4, 3), engine="reference")
    whole = simulate(law, 2 * half.final, steps, key=own_key(4, 4), engine="reference")
    assert np.array_equal(run.outcome["final"], whole.final)
    assert run.outcome["among"].tolist() == [10]
    assert run.reporter.told == 2 * steps


@pytest.mark.parametrize(
    ("rows", "told"),
    [({"x": np.zeros((4, 2))}, r"'x' of shape \(4, 2\)"), ({"x": {"y": [1.0, 2.0, 3.0]}}, r"'y' list")],
)
def test_rows_of_other_trajectories_are_refused(working, monkeypatch, rows, told):
    monkeypatch.setattr(Sample, "_relax", lambda self, run, progress: run.share(self.relaxed_chains, 3, rows=rows))
    with pytest.raises(PluginError, match=rf"gives relaxed_chains rows {told}: expected an array with a row for each"):
        working({**SPREAD, "task": {"plugin": "sample", "chains": 4, "observe_every": 1}, "hardware": {}})


@pytest.mark.parametrize("crew", [None, Inline(0)], ids=["alone", "shared"])
@pytest.mark.parametrize(
    ("do", "said"),
    [
        (lambda part: {}, r"task 'sample' shares out .*<lambda>: expected a method of the task, such as self\.relaxed"),
        ("names", r"names of the task 'sample' returned list at \['b'\]: expected a dict of arrays"),
    ],
)
def test_what_workers_could_not_do_is_refused_before_they_are_asked(working, monkeypatch, crew, do, said):
    def names(self, part):
        return {"a": np.zeros(len(part.numbers)), "b": [1.0]}

    monkeypatch.setattr(Sample, "names", names, raising=False)
    monkeypatch.setattr(Sample, "_relax", lambda self, run, progress: run.share(do if callable(do) else self.names, 3))
    with pytest.raises(PluginError, match=said):
        working({**SPREAD, "task": {"plugin": "sample", "chains": 4, "observe_every": 1}, "hardware": {}}, crew)
