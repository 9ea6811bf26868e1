"""Noising in shards: the same bits for any sharding, by any executor, and those of one process to rounding."""

from __future__ import annotations

import copy
import tomllib
from types import SimpleNamespace

import attrs
import pytest
from sharded_runs import Inline, shapes
from two_shapes import Silent

from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.config.read import override
from thermozoo.digits import bytes_text
from thermozoo.errors import ShardError
from thermozoo.runs import sharing
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.budget import phase_shares
from thermozoo.runs.engine import engine_of
from thermozoo.runs.evaluation import evaluate_parts
from thermozoo.runs.outcome import Outcome
from thermozoo.runs.phase import Run
from thermozoo.runs.phases import phases_of
from thermozoo.shards.cutting import Shard, cut
from thermozoo.shards.executors import Done

#: A program for each class, so that some block has trajectories of both, and a protocol with a setting of its own.
TEXT = """
seed = 3
[computer]
temperature = 0.1
[computer.units]
visible = 9
hidden = 3
[dynamics]
dt = 1e-2
duration = 0.1
engine = "reference"
[noising]
protocol = "table"
values = [1.0, 0.0]
times = [0.0, 0.1]
[data]
plugin = "shapes"
classes = [7, 4]
per_class = 3
[training]
by_class = true
held_out = 150
[generation]
samples = 4
[run]
executor = "local"
"""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return shapes(tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="module")
def config(catalogue):
    """Returns the config with some of its keys changed."""
    return lambda *keys: parse(override(tomllib.loads(TEXT), keys), catalogue, Origin("x.toml"))


@pytest.fixture(scope="module")
def begun(catalogue, config):
    """Returns a run that is ready to train."""

    def made(*keys):
        run = Run(config(*keys), catalogue, SimpleNamespace(), Silent(), assemble_machine)
        run.copies = run.report = run.extras = None
        run.machine = run.assemble(run.config)
        run.config, run.engine = run.machine.config, engine_of(run.machine)
        run.outcome = Outcome(run.machine, run.engine, run.config.training.method)
        return run

    return made


@pytest.fixture
def phase(tmp_path, monkeypatch):
    """Returns what a phase of a run makes of its outcome with some crew, in a folder of its own or a given one."""

    def made(name, run, crew, size=None, folder="a"):
        monkeypatch.setattr(sharing, "executor_of", lambda config: crew)
        run = copy.copy(run)
        run.folder = SimpleNamespace(checkpoints=tmp_path / folder)
        outcome, run.outcome = run.outcome, Outcome(run.machine, run.engine, run.outcome.method)
        run.outcome.trained = getattr(outcome, "trained", ())
        run.config = attrs.evolve(run.config, run=attrs.evolve(run.config.run, shard=size))
        run.do(next(one for one in phases_of(run.config) if one.name == name))
        return run.outcome

    return made


@pytest.fixture(scope="module")
def trained(begun):
    """A run of two programs that is ready to judge them."""
    run = begun()
    run.do(next(one for one in phases_of(run.config) if one.name == "training"))
    return run


def judged(outcome):
    return outcome.initial, outcome.held_out


def test_judging_has_the_same_bits_in_any_order_and_sharding(phase, trained):
    """And is that of one process to rounding: the same trajectories, judged in other batches."""
    first = judged(phase("evaluation", trained, Inline(0), 64))
    for k, size in enumerate((128, 1000), 1):
        crew = Inline(k)
        assert judged(phase("evaluation", trained, crew, size, f"folder-{k}")) == first
        assert sorted(crew.asked) == cut([Shard(0, 150)], -(-size // 64) * 64)
    initial, held_out = evaluate_parts(trained.machine, trained.engine, trained.outcome.trained)
    assert first[0] == pytest.approx(initial, rel=1e-5)
    assert attrs.astuple(first[1]) == pytest.approx(attrs.astuple(held_out), rel=1e-4)


def test_what_was_judged_is_not_judged_again(phase, trained, tmp_path):
    first = judged(phase("evaluation", trained, Inline(0), 128))
    crew = Inline(1)
    next(tmp_path.rglob("shard-0-128-*")).unlink()
    assert judged(phase("evaluation", trained, crew, 64)) == first
    assert sorted(crew.asked) == [Shard(0, 64), Shard(64, 64)]


def test_one_block_is_judged_by_the_run_itself(phase, begun):
    """To the bit as without [run]."""
    run, crew = begun("training.held_out=64", "training.by_class=false"), Inline(0)
    run.do(next(one for one in phases_of(run.config) if one.name == "training"))
    done = judged(phase("evaluation", run, crew))
    assert crew.asked == []
    assert done == evaluate_parts(run.machine, run.engine, run.outcome.trained)


def test_shards_that_are_given_up_hold_what_a_block_holds(phase, trained):
    """Judging goes block by block: a larger shard holds no more."""
    deadly = Inline(0)
    deadly.do = lambda ticket, shards: iter([Done(shard) for shard in shards])
    with pytest.raises(ShardError) as caught:
        phase("evaluation", trained, deadly, 128)
    held = 64 * int(12 * 11 * 4 * 6.5)  # states of 12 units in 10 steps, in single precision
    said = f"trajectories 0 to 127 cost 2 workers and were left out: they hold about {bytes_text(held)};"
    assert str(caught.value).startswith(said)


def test_workers_that_judge_count_in_what_a_run_needs(config):
    def needed(*keys):
        return sum(share.bytes for share in phase_shares(config(*keys))["evaluation"])

    alone = needed("training.held_out=60")
    two, four = (needed(f"run.workers={n}", "training.held_out=1000") for n in (2, 4))
    assert alone + 2 * 2**27 < two < four - 2 * 2**27
    # as many processes as there are shards
    assert needed("run.workers=4", "training.held_out=150", "run.shard=128") < two + 2**24
