"""Tasks whose work is shared out: the same bits for any sharding, by any workers, and what a task may ask for."""

from __future__ import annotations

import textwrap
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  # its library has a say in bits, and a run loads it before its engine
from inline import Deadly, Inline, Stopped
from two_shapes import Silent

from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.engines import engine_named
from thermozoo.dynamics.simulate import simulate
from thermozoo.errors import ConfigError, PluginError, ShardError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs import sharing
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.budget import predicted_memory
from thermozoo.runs.calibration import by_workers
from thermozoo.runs.experiment import resume_experiment, run_experiment
from thermozoo.runs.phase import Run, own_key
from thermozoo.runs.replay import prepare_replay
from thermozoo.shards.cutting import Shard

#: Chains, of which the last block of 64 has less than half.
CHAINS = 140

SAMPLE = {
    "seed": 4,
    "task": {"plugin": "sample", "chains": CHAINS, "coupling": -0.1, "observe_every": 2},
    "computer": {"temperature": 0.5, "units": {"a": 3, "b": 2}},
    "dynamics": {"integrator": "baoab", "dt": 0.01, "duration": 0.2, "engine": "reference"},
}

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


class Telling(Silent):
    """A reporter that adds up what it is told."""

    def __init__(self):
        self.told = 0

    def phase(self, title, total):
        from contextlib import nullcontext

        def tell(amount):
            assert amount >= 0
            self.told += amount

        return nullcontext(tell)


@pytest.fixture
def working(catalogue, tmp_path, monkeypatch):
    """Returns what does the phases of a config's task, by a crew or by this process."""

    def made(tables, crew=None, size=None, folder="a"):
        if crew is not None:
            monkeypatch.setattr(sharing, "executor_of", lambda config: crew)
            tables = {**tables, "run": {"executor": "local", **({} if size is None else {"shard": size})}}
        config = parse(tables, catalogue, Origin("x"))
        at = SimpleNamespace(checkpoints=tmp_path / folder)
        run = Run(config, catalogue, at, Telling(), assemble_machine)
        run.machine = run.assemble(config)
        run.config, run.engine = run.machine.config, engine_named(config.dynamics.engine)
        for phase in config.task.phases(run.config):
            run.do(phase)
        return run

    return made


def arrays(run):
    found = {str(name): one.values for name, one in run.samples.variables.items()}
    return {name: one for name, one in found.items() if one.dtype.kind != "U"}


def differing(found, expected):
    return [name for name, one in expected.items() if not np.array_equal(found[name], one, equal_nan=True)]


def test_the_work_of_a_task_is_that_of_its_blocks(working):
    """Oracle: simulations of the blocks, by themselves; ten trajectories in blocks of four, in two orders."""
    runs = [working(SPREAD, Inline(seed), size, f"f{seed}") for seed, size in ((0, 1), (1, 8), (2, None))]
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
    assert [run.reporter.told for run in runs] == [2 * steps] * 3


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


@pytest.mark.parametrize("crew", [None, Inline(0)], ids=["alone", "shared"])
@pytest.mark.parametrize(
    ("do", "said"),
    [
        (lambda part: {}, r"task 'sample' shares out .*<lambda>: expected a method of the task, such as self\.relaxed"),
        ("names", r"names of the task 'sample' returned list at \['b'\]: expected a dict of arrays"),
    ],
)
def test_what_workers_could_not_do_is_refused_before_they_are_asked(working, monkeypatch, crew, do, said):
    from thermozoo_plugins.tasks.sample import Sample

    def names(self, part):
        return {"a": np.zeros(len(part.numbers)), "b": [1.0]}

    monkeypatch.setattr(Sample, "names", names, raising=False)
    monkeypatch.setattr(Sample, "_relax", lambda self, run, progress: run.share(do if callable(do) else self.names, 3))
    with pytest.raises((PluginError, ShardError), match=said):
        working(SAMPLE, crew)


def test_chains_have_the_same_bits_in_any_shards(working):
    """And those of a run without [run], to the rounding of another order of sums in single precision."""
    first = arrays(working(SAMPLE, Inline(0), 64))
    crew = Inline(1)
    found = arrays(working(SAMPLE, crew, 128, "b"))
    assert sorted(crew.asked) == [Shard(0, 128)] * 2 + [Shard(128, 12)] * 2
    assert differing(found, first) == []
    for name, whole in arrays(working(SAMPLE)).items():
        np.testing.assert_allclose(first[name], whole, rtol=1e-3, atol=1e-5)


@pytest.mark.long
def test_compiled_chains_have_the_bits_of_a_run_alone(working):
    tables = {**SAMPLE, "dynamics": SAMPLE["dynamics"] | {"engine": "compiled"}}
    alone, shared = (working(tables, *crew) for crew in ((), (Inline(1), 128)))
    assert differing(arrays(shared), arrays(alone)) == []
    assert shared.figures.heat_mean_kT == pytest.approx(alone.figures.heat_mean_kT, rel=1e-12)


def test_chains_that_are_given_up_are_named_and_all_others_are_finished(working, tmp_path):
    with pytest.raises(ShardError, match=r"^trajectories 0 to 63 cost 2 workers .*: they hold about [1-9]"):
        working(SAMPLE, Deadly(0), 64)
    names = sorted(path.name.rpartition("-")[0] for path in tmp_path.rglob("shard-*.npz"))
    assert names == ["shard-128-12", "shard-64-64"]


@pytest.mark.parametrize(
    "phase", [pytest.param(1, id="relaxation", marks=pytest.mark.long), pytest.param(2, id="sampling")]
)
def test_chains_that_are_interrupted_go_on_with_what_is_finished(working, catalogue, monkeypatch, tmp_path, phase):
    """In other shards, to the bits of one that was not stopped."""
    expected = arrays(working(SAMPLE, Inline(0), 64))
    monkeypatch.setattr("thermozoo.runs.surroundings.drawings_of", lambda *arguments: {})
    stopped = Stopped(phase)
    monkeypatch.setattr(sharing, "executor_of", lambda config: stopped)
    config = parse({**SAMPLE, "run": {"executor": "local", "shard": 64}}, catalogue, Origin("x"))
    with pytest.raises(KeyboardInterrupt):
        run_experiment(config, catalogue, tmp_path / "run", reporter=Silent())
    crew = Inline(5)
    monkeypatch.setattr(sharing, "executor_of", lambda config: crew)

    def given(catalogue, tables):
        return parse(dict(tables) | {"run": {"executor": "local", "shard": 128}}, catalogue, Origin("again"))

    done = resume_experiment(tmp_path / "run", catalogue, given=given, reporter=Silent())
    both, after = [Shard(0, 64), Shard(128, 12)], [Shard(0, 128), Shard(128, 12)] if phase == 1 else []
    assert sorted(crew.asked) == sorted([*both, *after])
    assert differing(arrays(done), expected) == []
    assert not (tmp_path / "run" / ".thermozoo-checkpoint").exists()


def test_workers_of_a_task_count_in_what_it_needs_and_how_long_it_takes(catalogue):
    def config_of(workers, task):
        run = {"run": {"executor": "local", "workers": workers}} if workers else {}
        return parse({**SAMPLE, "task": SAMPLE["task"] | task, **run}, catalogue, Origin("x"))

    alone, two, four = (predicted_memory(config_of(n, {"chains": 5000})) for n in (0, 2, 4))
    assert alone + 2 * 2**27 < two < four - 2 * 2**27
    engine = engine_named("reference")
    assert by_workers(config_of(0, {}), engine, 100.0) == 100.0
    assert 4.0 < by_workers(config_of(2, {}), engine, 100.0) <= 104.0


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"run": {"workers": 2}}, 'run.executor: expected "local" or "dask", who does the shards, got none'),
        ({"run": {"executor": "local", "scheduler": "x"}}, "run.scheduler: a scheduler is one of Dask"),
        (
            {"run": {"executor": "local"}, "task": {"plugin": "log-determinant"}},
            "[run] belongs to the tasks ",
        ),
    ],
)
def test_what_cannot_be_shared_out_is_said_before_a_run(catalogue, tables, said):
    with pytest.raises(ConfigError) as caught:
        assemble_machine(parse({**SAMPLE, **tables}, catalogue, Origin("x")))
    assert any(said in fault for fault in caught.value.faults)


@pytest.mark.long
def test_processes_sample_to_the_same_bits_and_a_chain_is_replayed(working, catalogue, tmp_path):
    """Two of this machine, with both engines; the replay knows no state of a chain, and goes through all its steps."""
    for engine in ("reference", "compiled"):
        tables = {**SAMPLE, "dynamics": SAMPLE["dynamics"] | {"engine": engine}}
        shared = {**tables, "run": {"executor": "local", "workers": 2, "shard": 64}}
        folder = tmp_path / engine
        done = run_experiment(parse(shared, catalogue, Origin("x")), catalogue, folder, reporter=Silent())
        assert differing(arrays(done), arrays(working(tables, Inline(3), 128, f"inline-{engine}"))) == []
        relaxed = working(tables, Inline(4), None, f"again-{engine}").outcome["relaxed"]["final"]
        replay = prepare_replay(folder, 130, lambda: catalogue)
        replay.check()
        legs, _ = replay.do()
        assert np.array_equal(legs[1].states[-1], relaxed[130])
