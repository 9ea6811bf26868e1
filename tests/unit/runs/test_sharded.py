"""Generation in shards: the same bits for any sharding, by any executor, and what a run makes of it."""

from __future__ import annotations

import copy
import functools
import tomllib
from types import SimpleNamespace

import attrs
import numpy as np
import pytest
from inline import Deadly, Inline, Stopped
from sharded_runs import shapes
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.potentials import Quartic
from two_shapes import CONDITIONED, Silent

from thermozoo.checkpoints.journal import Journal
from thermozoo.checkpoints.store import Store
from thermozoo.computer.datasets import read_dataset
from thermozoo.computer.program import Program
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.config.read import override
from thermozoo.dynamics.engines import Dynamics, engine_named
from thermozoo.dynamics.sharing import shared_out, together
from thermozoo.errors import ConfigError, LibraryError, ShardError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs import sharded, sharing
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.budget import predicted_memory
from thermozoo.runs.checkpoints import holds_shards, remove
from thermozoo.runs.engine import engine_of
from thermozoo.runs.experiment import resume_experiment, run_experiment
from thermozoo.runs.generated import joined
from thermozoo.runs.generation import generate
from thermozoo.runs.images import generate_images
from thermozoo.runs.outcome import Outcome
from thermozoo.runs.phase import Run
from thermozoo.runs.phases import phases_of
from thermozoo.runs.replay import prepare_replay
from thermozoo.shards import dask
from thermozoo.shards.cutting import BLOCK, Shard, cut
from thermozoo.shards.products import Products

SAMPLES = 150

#: The arrays of what was generated.
ARRAYS = ("start", "final", "shown", "times", "window_heat", "window_work")


def arrays(done):
    return {name: getattr(done, name) for name in ARRAYS} | dict(done.ledger.terms) | dict(done.ledger.work)


def test_parts_of_a_batch_are_blocks_where_somebody_says_so():
    with together([0, 0, 0, 1, 3, 3]):
        with shared_out(6) as share:
            assert share(lambda part: (part.start, part.stop)) == [(0, 3), (3, 4), (4, 6)]
        with shared_out(4) as share:  # a batch of others
            assert share(lambda part: (part.start, part.stop)) == [(0, 2), (2, 4)]
    with shared_out(6) as share:
        assert share(lambda part: (part.start, part.stop)) == [(0, 3), (3, 6)]


@pytest.mark.parametrize("engine", ["reference", pytest.param("compiled", marks=pytest.mark.long)])
@pytest.mark.parametrize("asked", [None, "conditions"])
def test_samples_have_the_same_bits_in_any_shards(make_computer, euler, engine, asked):
    """States and energies of a sample follow from its number: 40 units, whose products OpenBLAS shares out by rows."""
    rng = np.random.default_rng(2)

    def law(computer):
        half = np.triu(rng.standard_normal((computer.n, computer.n)), 1) * 0.05
        drawn = computer.with_couplings(half + half.T)
        return Dynamics(Program([drawn, computer]), euler, 0.01, steps=8)

    computer = make_computer({"visible": 30, "hidden": 10}, Quartic(), Dense(), temperature=0.3)
    laws = law(computer) if asked is None else {0: law(computer), 1: law(computer)}
    condition = None if asked is None else np.arange(SAMPLES) % 3 // 2
    arguments = {"samples": SAMPLES, "seed": 4, "equilibration": 5, "condition": condition}
    untrained = Dynamics(computer, euler, 0.01, steps=8)
    moving = engine_named(engine)

    def made(size):
        # batches of the reference engine are blocks, as in a worker
        shards = cut([Shard(0, SAMPLES)], BLOCK if engine == "reference" else size)
        parts = [generate(laws, untrained, **arguments, engine=moving, only=shard) for shard in shards]
        return arrays(joined(parts, [np.arange(one.first, one.stop) for one in shards]))

    whole = arrays(generate(laws, untrained, **arguments, engine=moving))
    first = made(64)
    assert len(first["start"]) == SAMPLES
    for size in (128, 192):
        assert all(np.array_equal(first[name], found) for name, found in made(size).items())
    for name, found in whole.items():
        if engine == "compiled" and name in ("start", "final", "shown"):
            assert np.array_equal(found, first[name])
        assert found == pytest.approx(first[name], rel=1e-4, abs=1e-4)


TEXT = CONDITIONED.replace("= 60", f"= {SAMPLES}").replace("= 1.0", "= 0.1").replace("two-shapes", "shapes")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return shapes(tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="module")
def run(catalogue):
    """Returns what runs the config with some of its keys changed."""

    def done(folder, *assignments):
        config = parse(override(tomllib.loads(TEXT), assignments), catalogue, Origin("x.toml"))
        return run_experiment(config, catalogue, folder, reporter=Silent())

    return done


def samples_of(folder):
    data = read_dataset(folder / "samples.nc")
    return {str(name): data[name].values for name in data.variables if data[name].values.dtype.kind == "f"}


@pytest.fixture(scope="module")
def trained(catalogue):
    """A run that is ready to generate."""
    tables = override(tomllib.loads(TEXT), ["run.executor=local"])
    run = Run(parse(tables, catalogue, Origin("x")), catalogue, SimpleNamespace(), Silent(), assemble_machine)
    run.copies = run.report = run.extras = None
    run.machine = run.assemble(run.config)
    run.config, run.engine = run.machine.config, engine_of(run.machine)
    run.outcome = Outcome(run.machine, run.engine, "exact")
    run.do(next(phase for phase in phases_of(run.config) if phase.name == "training"))
    return run


@pytest.fixture
def generating(trained, tmp_path, monkeypatch):
    """Returns the arrays of what some crew generates, in a folder of its own or in one that is given."""

    def made(crew, size=None, folder="a"):
        monkeypatch.setattr(sharing, "executor_of", lambda config: crew)
        run = copy.copy(trained)
        run.folder = SimpleNamespace(checkpoints=tmp_path / folder)
        run.config = attrs.evolve(trained.config, run=attrs.evolve(trained.config.run, shard=size))
        return arrays(generate_images(run))

    return made


@pytest.fixture(scope="module")
def reference(run, tmp_path_factory):
    """Folder and samples of a run by real processes of this machine, two of them, in shards of one block."""
    folder = tmp_path_factory.mktemp("run") / "local"
    done = run(folder, "run.executor=local", "run.workers=2", "run.shard=1")
    assert not done.folder.checkpoints.exists()
    return folder, samples_of(folder)


def test_any_order_and_sharding_have_the_same_bits(generating, trained):
    """Of all that is kept; and a run without [run] has the same samples, to the rounding of another order of sums."""
    first = generating(Inline(0), 64)
    for k, size in enumerate((128, None), 1):
        crew = Inline(k)
        found = generating(crew, size, f"folder-{k}")
        assert sorted(crew.asked) == cut([Shard(0, SAMPLES)], -(-(size or 1) // 64) * 64)
        assert {name: int((found[name] != first[name]).sum()) for name in found} == dict.fromkeys(first, 0)
    run = copy.copy(trained)
    run.config = attrs.evolve(trained.config, run=None)
    for name, found in arrays(generate_images(run)).items():
        assert found == pytest.approx(first[name], rel=1e-3, abs=1e-3)


def test_what_is_finished_is_not_done_again(generating, tmp_path):
    """By an earlier run, in other shards."""
    first = generating(Inline(0), 64)
    crew = Inline(1)
    generating(crew, 128, "b")
    next((tmp_path / "b").rglob("shard-0-128-*")).unlink()
    crew.asked.clear()
    again = generating(crew, 64, "b")
    assert sorted(crew.asked) == [Shard(0, 64), Shard(64, 64)]
    assert all(np.array_equal(again[name], value) for name, value in first.items())


@pytest.mark.long
def test_processes_of_a_run_have_the_bits_of_any_executor(generating, reference):
    made, there = generating(Inline(3), 128), reference[1]
    assert np.array_equal(there["state"], made["final"])
    assert there["state"].dtype == made["final"].dtype
    assert np.array_equal(there["heat_coupling"][-1], made["coupling"][0] - made["coupling"][-1])


@pytest.mark.long
def test_dask_has_the_bits_of_processes(run, reference, tmp_path):
    """Of a cluster of two processes, to which the plugin file is sent."""
    pytest.importorskip("distributed")
    run(tmp_path / "run", "run.executor=dask", "run.workers=2", "run.shard=128")
    found = samples_of(tmp_path / "run")
    assert {name: int((found[name] != reference[1][name]).sum()) for name in found} == dict.fromkeys(found, 0)


@pytest.mark.long
def test_samples_are_those_of_one_process(run, reference, tmp_path):
    """To rounding: the reference engine sums products up in another order."""
    run(tmp_path / "run")
    whole = samples_of(tmp_path / "run")
    for name, found in reference[1].items():
        assert found == pytest.approx(whole[name], rel=1e-3, abs=1e-3)


@pytest.mark.long
def test_a_sample_of_a_sharded_run_is_replayed(reference):
    """To the bit, of a block that is whole and of the last one, which is not."""
    found = load_catalogue(files=list(reference[0].glob("plugins/*.py")))
    for number in (3, 140):
        replay = prepare_replay(reference[0], number, lambda: found)
        replay.check()
        _, compared = replay.do()
        assert {one.name: one.differing for one in compared} == {"state": 0, "heat": 0}


@pytest.mark.long
def test_a_run_that_is_stopped_goes_on_with_its_shards(run, reference, monkeypatch, tmp_path):
    """What is finished is not done again, though the shards are others now."""
    monkeypatch.setattr(sharing, "executor_of", lambda config: Stopped(1))
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", "run.executor=local", "run.shard=64")
    monkeypatch.setattr(sharing, "executor_of", lambda config: crew)
    crew = Inline(5)
    found = load_catalogue(files=[tmp_path / "run" / ".thermozoo-checkpoint" / "plugins" / "shapes.py"])

    def given(catalogue, tables):
        return parse(override(dict(tables), ["run.shard=128", "run.workers=3"]), catalogue, Origin("again"))

    resume_experiment(tmp_path / "run", found, given=given, reporter=Silent())
    assert sorted(crew.asked) == [Shard(0, 64), Shard(128, 22)]
    there = samples_of(tmp_path / "run")
    assert all(np.array_equal(there[name], value) for name, value in reference[1].items())
    assert not (tmp_path / "run" / ".thermozoo-checkpoint").exists()


def test_shards_that_are_given_up_are_named_and_all_others_are_finished(generating, tmp_path):
    with pytest.raises(ShardError, match=r"^trajectories 0 to 63 cost 2 workers"):
        generating(Deadly(0), 64)
    names = sorted(path.name.rpartition("-")[0] for path in tmp_path.rglob("shard-*.npz"))
    assert names == ["shard-128-22", "shard-64-64"]


def test_finished_shards_are_work_that_is_saved(tmp_path):
    """And gone with the checkpoints."""
    store = Store.new(tmp_path)
    journal = Journal(store, dict, 1.0, print, "command", lambda: holds_shards(store))
    assert not journal.holds_work
    folder = tmp_path / "shards" / "job"
    folder.mkdir(parents=True)
    Products(folder).add(Shard(0, 1), {"a": np.zeros(1)})
    assert journal.holds_work
    assert journal.remark().endswith("go on with command")
    remove(store)
    assert not journal.holds_work


def test_a_worker_of_other_versions_is_refused(generating, monkeypatch, tmp_path):
    """Before it has done anything, with both sides named."""
    made = sharded.generation_of

    @functools.wraps(made)
    def elsewhere(folder, about, here):
        return made(folder, {**about, "run": {**about["run"], "version of numba": "0.1"}}, here)

    monkeypatch.setattr(sharded, "generation_of", elsewhere)
    said = r"^worker \S+ has version of numba \S+, the run has '?0\.1'?: make them alike$"
    with pytest.raises(ShardError, match=said):
        generating(Inline(1))
    assert not list(tmp_path.rglob("shard-*"))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["run.workers=2"], 'run.executor: expected "local" or "dask", who does the shards, got none'),
        (["run.executor=local", "run.scheduler=here"], "run.scheduler: a scheduler is one of Dask"),
        (["run.executor=local", "run.workers=0"], "run.workers: expected a value of at least 1"),
        (["run.executor=local", "run.shards=3"], "run.shards: unknown key; did you mean 'shard'?"),
        (["run.executor=mpi"], "run.executor: expected one of local, dask"),
        (["run.executor=local", "run.threads=2", "run.scheduler=x"], "run.threads: workers of a scheduler are as"),
    ],
)
def test_what_cannot_be_is_said_before_a_run(run, tmp_path, keys, said):
    with pytest.raises(ConfigError, match=said):
        run(tmp_path / "run", *keys)
    assert not (tmp_path / "run").exists()


def test_workers_count_in_what_a_run_needs(catalogue):
    def needed(*keys):
        return predicted_memory(parse(override(tomllib.loads(TEXT), keys), catalogue, Origin("x")))

    alone, two, four = (
        needed(*(["run.executor=local", f"run.workers={n}"] if n else []), "generation.samples=5000") for n in (0, 2, 4)
    )
    assert alone + 2 * 2**27 < two < four - 2 * 2**27


def test_dask_that_is_not_installed_is_named(run, monkeypatch, tmp_path):
    monkeypatch.setattr(dask, "find_spec", lambda name: None)
    with pytest.raises((ConfigError, LibraryError), match=r"is not installed: pip install 'thermozoo\[dask\]'"):
        run(tmp_path / "run", "run.executor=dask")
    assert not (tmp_path / "run").exists()
