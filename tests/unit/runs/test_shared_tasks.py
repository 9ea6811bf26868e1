"""The tasks `sample` and `anneal` in shards: the same bits for any sharding, by any workers."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from inline import Deadly, Inline, Stopped, arrays, differing, worked
from two_shapes import Silent

from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.engines import engine_named
from thermozoo.errors import ConfigError, DataError, ShardError
from thermozoo.interfaces import Phase, Share
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs import sharing, workers
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.budget import phase_shares
from thermozoo.runs.experiment import resume_experiment, run_experiment
from thermozoo.runs.replay import prepare_replay
from thermozoo.runs.workers import by_workers
from thermozoo.shards.cutting import Shard

#: Chains, or reads, of which the last block of 64 has less than half.
SEVERAL = 140

SAMPLE = {
    "seed": 4,
    "task": {"plugin": "sample", "chains": SEVERAL, "coupling": -0.1, "observe_every": 2},
    "computer": {"temperature": 0.5, "units": {"a": 3, "b": 2}},
    "dynamics": {"integrator": "baoab", "dt": 0.01, "duration": 0.2, "engine": "reference"},
}

ANNEAL = {
    "seed": 4,
    "task": {"plugin": "anneal", "reads": SEVERAL, "side": 8},
    "computer": {"temperature": 1.0, "units": {"spins": "auto"}, "potential": {"plugin": "spin"}},
    "dynamics": {"integrator": "heat-bath", "dt": 1.0, "duration": 12.0, "engine": "reference"},
    "schedule": {"temperature": {"protocol": "ramp", "initial": 3.0, "final": 0.3}},
}

LADDERS = {
    **{key: value for key, value in ANNEAL.items() if key != "schedule"},
    "task": {
        "plugin": "anneal",
        "reads": 40,
        "side": 4,
        "method": "tempering",
        "temperatures": [0.3, 0.6, 1.0, 2.0],
        "exchange_every": 5,
    },
}

#: Ladders of real states, of which the coldest rung is sampled.
RUNGS = {
    **SAMPLE,
    "task": {
        "plugin": "sample",
        "chains": 40,
        "coupling": -0.1,
        "method": "tempering",
        "temperatures": [0.5, 0.6, 0.8],
        "exchange_every": 2,
        "observe_every": 2,
    },
    "dynamics": SAMPLE["dynamics"] | {"integrator": "euler-maruyama"},
}

#: Real states with work of a schedule, whose energies are no whole numbers.
WELLS = {
    **ANNEAL,
    "task": ANNEAL["task"] | {"strength": 0.3},
    "computer": ANNEAL["computer"] | {"temperature": 0.3, "potential": {"plugin": "double-well"}},
    "dynamics": {"integrator": "euler-maruyama", "dt": 0.01, "duration": 0.3, "engine": "reference"},
    "schedule": {"coupling": {"protocol": "ramp", "initial": 0.0, "final": 1.0}},
}


@pytest.fixture
def working(tmp_path):
    """Returns what does the phases of a config's task, by a crew or by this process."""

    def made(tables, crew=None, size=None, folder="a"):
        return worked(tables, catalogue(), tmp_path / folder, crew, size)

    return made


def compiled(tables):
    return {**tables, "dynamics": tables["dynamics"] | {"engine": "compiled"}}


def test_chains_have_the_same_bits_in_any_shards(working):
    """And those of a run without [run], to the rounding of another order of sums in single precision."""
    first = arrays(working(SAMPLE, Inline(0), 64))
    crew = Inline(1)
    found = arrays(working(SAMPLE, crew, 128, "b"))
    assert sorted(crew.asked) == [Shard(0, 128)] * 2 + [Shard(128, 12)] * 2
    assert differing(found, first) == []
    for name, whole in arrays(working(SAMPLE)).items():
        np.testing.assert_allclose(first[name], whole, rtol=1e-3, atol=1e-5)


def test_rungs_of_a_ladder_have_the_same_bits_in_any_shards(working):
    """Ladders are shared out, by 16; without [run] they differ by the rounding of sums in single precision."""
    runs = [working(RUNGS, Inline(0), 1, "a"), working(RUNGS, crew := Inline(1), 32, "b")]
    first, second = map(arrays, runs)
    assert sorted(crew.asked) == [Shard(0, 32)] * 2 + [Shard(32, 8)] * 2
    assert differing(second, first) == []
    alone = working(RUNGS)
    assert runs[0].figures.acceptance == runs[1].figures.acceptance == alone.figures.acceptance
    assert np.array_equal(first["round_trips"], alone.samples["round_trips"].values)
    for name, whole in arrays(alone).items():
        np.testing.assert_allclose(first[name], whole, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("tables", "sizes"),
    [
        pytest.param(ANNEAL, (64, 128), id="reads"),
        pytest.param(LADDERS, (1, 32), id="ladders"),
        pytest.param(WELLS, (64, 128), id="wells", marks=pytest.mark.long),
    ],
)
def test_reads_have_the_same_bits_in_any_shards(working, tables, sizes):
    """Sums of whole numbers are exact, so of p-bits they are those of a run without [run] as well."""
    runs = [working(tables, Inline(k), size, f"folder-{k}") for k, size in enumerate(sizes)]
    first, second, alone = (arrays(run) for run in (*runs, working(tables)))
    assert differing(second, first) == []
    if tables is WELLS:
        assert np.ptp(first["heat"]) > 0
        for name in ("energy_mean", "heat"):
            np.testing.assert_allclose(first[name], alone[name], rtol=1e-3, atol=1e-3)
    else:
        assert differing(first, alone) == []
        assert [run.figures.acceptance for run in runs] == [working(tables).figures.acceptance] * 2


@pytest.mark.long
@pytest.mark.parametrize(
    "tables", [SAMPLE, ANNEAL, LADDERS, WELLS, RUNGS], ids=["chains", "reads", "ladders", "wells", "rungs"]
)
def test_compiled_trajectories_have_the_bits_of_a_run_alone(working, tables):
    """All states; heat to the last digits of double precision, as its sums are of blocks."""
    alone, shared = (arrays(working(compiled(tables), *crew)) for crew in ((), (Inline(1), 64)))
    rounded = {"heat"} & alone.keys()
    assert set(differing(shared, alone)) <= rounded
    for name in rounded:
        np.testing.assert_allclose(shared[name], alone[name], rtol=1e-9, atol=1e-9)


def test_workers_stay_while_phases_have_something_for_them(working):
    """Through relaxation and sampling; a phase that states no bytes of workers begins when they have gone."""

    class Counted(Inline):
        here = come = 0

        @contextlib.contextmanager
        def open(self, say):
            self.here, self.come = self.here + 1, self.come + 1
            yield self
            self.here -= 1

    crew = Counted(0)
    run = working(SAMPLE, crew)
    assert (crew.here, crew.come) == (1, 1)
    seen = []
    run.do(
        Phase(
            "alone", "", lambda run, progress: seen.append(crew.here), lambda of: 0.0, lambda size: (Share(8, "seed"),)
        )
    )
    assert seen == [0]
    run.end_workers()
    assert (crew.here, crew.come) == (0, 1)


def test_chains_that_are_given_up_are_named_and_all_others_are_finished(working, tmp_path):
    with pytest.raises(ShardError, match=r"^trajectories 0 to 63 cost 2 workers .*: they hold about [1-9]"):
        working(SAMPLE, Deadly(0), 64)
    names = sorted(path.name.rpartition("-")[0] for path in tmp_path.rglob("shard-*.npz"))
    assert names == ["shard-128-12", "shard-64-64"]


@pytest.mark.parametrize(
    ("tables", "work", "block"),
    [
        pytest.param(SAMPLE, 1, 64, id="relaxation", marks=pytest.mark.long),
        pytest.param(SAMPLE, 2, 64, id="sampling", marks=pytest.mark.long),
        pytest.param(LADDERS, 1, 16, id="ladders", marks=pytest.mark.long),
        pytest.param(RUNGS, 1, 16, id="rungs-relax", marks=pytest.mark.long),
        pytest.param(RUNGS, 2, 16, id="rungs", marks=pytest.mark.long),
    ],
)
def test_what_is_interrupted_goes_on_with_what_is_finished(working, monkeypatch, tmp_path, tables, work, block):
    """In other shards, to the bits of one that was not stopped."""
    several = SEVERAL if tables is SAMPLE else 40
    expected = arrays(working(tables, Inline(0), block))
    monkeypatch.setattr("thermozoo.runs.surroundings.drawings_of", lambda *arguments: {})
    stopped, crew = Stopped(work), Inline(5)
    monkeypatch.setattr(sharing, "executor_of", lambda config: stopped)
    config = parse({**tables, "run": {"executor": "local", "shard": block}}, catalogue(), Origin("x"))
    with pytest.raises(KeyboardInterrupt):
        run_experiment(config, catalogue(), tmp_path / "run", reporter=Silent())
    monkeypatch.setattr(sharing, "executor_of", lambda config: crew)

    def given(catalogue, kept):
        return parse(dict(kept) | {"run": {"executor": "local", "shard": 2 * block}}, catalogue, Origin("again"))

    done = resume_experiment(tmp_path / "run", catalogue(), given=given, reporter=Silent())
    last = Shard(2 * block, several - 2 * block)
    after = [Shard(0, 2 * block), last] if tables in (SAMPLE, RUNGS) and work == 1 else []
    assert sorted(crew.asked) == sorted([Shard(0, block), last, *after])
    assert differing(arrays(done), expected) == []
    assert not (tmp_path / "run" / ".thermozoo-checkpoint").exists()


def test_another_problem_than_that_of_the_run_is_refused(working, tmp_path):
    """In a worker, which reads the file again: between the run's reading and its own, it was changed."""
    graph = tmp_path / "graph.txt"
    graph.write_text("3 3\n1 2 1\n2 3 1\n1 3 1\n")

    class Changing(Inline):
        def do(self, ticket, shards):
            graph.write_text("3 3\n1 2 1\n2 3 1\n1 3 2\n")
            return super().do(ticket, shards)

    tables = {**ANNEAL, "task": {"plugin": "anneal", "graph": str(graph), "reads": 4}}
    with pytest.raises(DataError, match=r"^task.graph: .*graph.txt holds another problem here than when the run began"):
        working(tables, Changing(0))


@pytest.mark.parametrize(
    ("tables", "key"), [(SAMPLE, "chains"), (ANNEAL, "reads"), (LADDERS, "reads"), (RUNGS, "chains")]
)
def test_workers_of_a_task_count_in_what_it_needs(tables, key):
    def held(workers):
        run = {"run": {"executor": "local", "workers": workers}} if workers else {}
        config = parse({**tables, "task": tables["task"] | {key: 5000}, **run}, catalogue(), Origin("x"))
        shares = phase_shares(config)
        return [sum(share.bytes for share in shares[one.name]) for one in config.task.phases(config)]

    for alone, two, four in zip(held(0), held(2), held(4), strict=True):
        assert alone + 2 * 2**27 < two < four - 2 * 2**27


def test_no_more_workers_count_than_have_something_to_do():
    """Of 32 chains, which are one shard, on a machine with many processors."""
    run = {"run": {"executor": "local", "workers": 64}}
    for several, least, most in ((32, 1, 1), (200, 4, 4), (64 * 200, 64, 64)):
        given = {**SAMPLE, **run, "task": SAMPLE["task"] | {"chains": several}}
        config = parse(given, catalogue(), Origin("x"))
        [share] = [one for one in phase_shares(config)["sampling"] if one.path == "run.workers"]
        assert share.cause == f"{most} workers"
        assert least * 2**28 < share.bytes < most * 2**29 + several * 2**16


@pytest.mark.parametrize(("chains", "speed"), [(32, 1), (SEVERAL, 2)])
def test_workers_count_in_how_long_it_takes(monkeypatch, chains, speed):
    monkeypatch.setattr(workers, "available_threads", lambda: 4)
    engine = engine_named("reference")

    def seconds(several):
        run = {"run": {"executor": "local", "workers": several}} if several else {}
        return by_workers(parse({**SAMPLE, **run}, catalogue(), Origin("x")), engine, 100.0, chains)

    assert seconds(0) == 100.0
    assert seconds(1) == 104.0
    assert seconds(2) == 4.0 + 100.0 / speed


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"run": {"workers": 2}}, 'run.executor: expected "local" or "dask", who does the shards, got none'),
        ({"run": {"executor": "local", "scheduler": "x"}}, "run.scheduler: a scheduler is one of Dask"),
        ({"run": {"executor": "local"}, "task": {"plugin": "log-determinant"}}, "[run] belongs to the tasks "),
    ],
)
def test_what_cannot_be_shared_out_is_said_before_a_run(tables, said):
    with pytest.raises(ConfigError) as caught:
        assemble_machine(parse({**SAMPLE, **tables}, catalogue(), Origin("x")))
    assert any(said in fault for fault in caught.value.faults)


@pytest.mark.long
@pytest.mark.parametrize("engine", ["reference", "compiled"])
@pytest.mark.parametrize("tables", [SAMPLE, WELLS, LADDERS, RUNGS], ids=["chains", "wells", "ladders", "rungs"])
def test_processes_have_the_bits_of_any_workers_and_a_trajectory_is_replayed(working, tmp_path, tables, engine):
    """Two of this machine. Samples keep nothing of a chain: the oracle of its replay is where it has relaxed to."""
    tables = compiled(tables) if engine == "compiled" else tables
    shared = {**tables, "run": {"executor": "local", "workers": 2, "shard": 1}}
    done = run_experiment(parse(shared, catalogue(), Origin("x")), catalogue(), tmp_path / "run", reporter=Silent())
    inline = working(tables, Inline(3), 128, "inline")
    assert differing(arrays(done), arrays(inline)) == []
    if tables["task"].get("method"):
        return
    replay = prepare_replay(tmp_path / "run", 130, catalogue)
    replay.check()
    legs, compared = replay.do()
    if tables["task"]["plugin"] == "sample":
        relaxed = working(tables, Inline(4), None, "again")
        assert np.array_equal(legs[1].states[-1], relaxed.outcome["relaxed"]["final"][130])
    else:
        assert {one.name: one.differing for one in compared} == {"heat": 0}
