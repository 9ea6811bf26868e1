"""Noising in shards: the same bits for any sharding, by any executor, and those of one process to rounding."""

from __future__ import annotations

import copy
import json
import tomllib
from types import SimpleNamespace

import attrs
import numpy as np
import pytest
from inline import Inline
from sharded_runs import shapes
from two_shapes import Silent

from thermozoo import Protocol, option
from thermozoo.computer.datasets import read_dataset
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.config.read import override
from thermozoo.digits import bytes_text
from thermozoo.errors import ShardError
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs import sharing
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.budget import phase_shares
from thermozoo.runs.engine import engine_of
from thermozoo.runs.evaluation import evaluate_parts
from thermozoo.runs.experiment import resume_experiment, run_experiment
from thermozoo.runs.noised import write_noising
from thermozoo.runs.outcome import Outcome
from thermozoo.runs.phase import Run
from thermozoo.runs.phases import phases_of
from thermozoo.runs.training import train_parts
from thermozoo.shards.cutting import Shard
from thermozoo.shards.executors import Done
from thermozoo.training.noising import Imposed

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
    crew = Inline(1)
    assert judged(phase("evaluation", trained, crew, 1000, "b")) == first
    assert crew.asked == [Shard(0, 150)]
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


@attrs.frozen
class Odd(Protocol):
    """Has a setting that is no number, text or plugin."""

    name = "odd"
    shape: object = option(attrs.Factory(object), doc="of a kind of its own")

    def intensity(self, t, duration):
        return 1 - t / duration


def test_a_protocol_that_no_file_holds_is_named(trained, tmp_path):
    noising = SimpleNamespace(signals=np.zeros((1, 12)), protocols=[Imposed(Odd(), np.arange(12))])
    machine = SimpleNamespace(computer=trained.machine.computer, parts=[SimpleNamespace(noising=noising)])
    with pytest.raises(ShardError, match=r"protocols of noising \(odd\): they hold an object of the class object"):
        write_noising(machine, tmp_path)


#: As many trajectories as three blocks of each class hold, of which the last is not whole.
MOMENTS = (
    "training.method=moments",
    "training.cycles=50",
    "training.held_out=4",
    "training.windows=2",
    "dynamics.precision=double",
)


@pytest.fixture(scope="module")
def untrained(begun):
    return begun(*MOMENTS)


def learned(outcome):
    return [one.parameters for training in outcome.trained for one in training.program.computers]


def test_what_is_learned_has_the_same_bits_in_any_order_and_sharding(phase, untrained, tmp_path):
    """Of each class; a shard that is gone is done again, in other pieces."""
    first = learned(phase("training", untrained, Inline(0), 64))
    crew = Inline(1)
    found = learned(phase("training", untrained, crew, 192, "b"))
    assert crew.asked == [Shard(0, 150), Shard(0, 150)]
    assert all(np.array_equal(a, b) for a, b in zip(first, found, strict=True))
    crew.asked.clear()
    next(tmp_path.rglob("a/shards/*/shard-64-64-*")).unlink()
    found = learned(phase("training", untrained, crew, 128))
    assert crew.asked == [Shard(64, 64)]
    assert all(np.array_equal(a, b) for a, b in zip(first, found, strict=True))
    alone = train_parts(untrained.machine, untrained.engine, "moments")
    for a, b in zip(first, [one.parameters for part in alone for one in part.program.computers], strict=True):
        assert a == pytest.approx(b, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("keys", [("training.cycles=10",), ("training.cycles=11", "training.method=descent")])
def test_what_is_no_work_for_workers_is_done_by_the_run_itself(phase, begun, keys):
    """To the bit as without [run]."""
    run, crew = begun(*MOMENTS[:3], "training.by_class=false", *keys), Inline(0)
    found = learned(phase("training", run, crew))
    assert crew.asked == []
    alone = train_parts(run.machine, run.engine, run.config.training.method)
    expected = [one.parameters for part in alone for one in part.program.computers]
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_workers_that_sample_count_in_what_a_run_needs(config):
    """Of blocks that come together in pairs: 47 are sums of 32, 8, 4, 2 and 1 at the end, a shard of 12 of 8 and 4."""

    def needed(*keys):
        of_moments = ("training.method=moments", "training.cycles=1000", "training.windows=2")
        shares = phase_shares(config(*of_moments, *keys))["training"]
        return [sum(one.bytes for one in shares if (one.path == "run.workers") == there) for there in (False, True)]

    assert needed("training.method=descent", "training.windows=1", "run.workers=2")[1] == 0
    assert needed("training.cycles=20", "run.workers=2")[1] == 0
    (small, two), (_, four) = needed("run.workers=2"), needed("run.workers=4")
    assert 2 * 2**27 < two < four - 2 * 2**27
    # of a window products of all units, and of each coupling, to fit to and that judge
    sums = 2 * 8 * (700**2 + 700 * 699 // 2)
    large = [needed("computer.units.hidden=691", "run.workers=2", f"training.windows={n}") for n in (2, 1)]
    assert large[0][0] > small + 2 * 5 * sums
    assert large[0][1] - large[1][1] >= 2 * 2 * sums


@pytest.mark.long
def test_a_run_by_processes_has_the_bits_of_any_other(catalogue, config, tmp_path, monkeypatch):
    """Training, judging and generation; also of a run that was stopped, and went on with other workers."""
    keys = (*MOMENTS, "training.held_out=150", "generation.samples=100", "run.workers=2", "run.shard=64")

    def digests(folder):
        report = json.loads((folder / "report.json").read_text())
        kept = ("parameter_digest", "loss_initial", "loss_final", "likelihood_gain_nats", "likelihood_gain_se")
        return {name: report[name] for name in kept}, read_dataset(folder / "samples.nc")["state"].values

    run_experiment(config(*keys), catalogue, tmp_path / "local", reporter=Silent())
    figures, states = digests(tmp_path / "local")

    class Stopped(Inline):
        left = 3

        def do(self, ticket, shards):
            for one in super().do(ticket, shards):
                if one is not None and self.left == 0:
                    raise KeyboardInterrupt
                self.left -= one is not None
                yield one

    crew = Stopped(2)
    monkeypatch.setattr(sharing, "executor_of", lambda config: crew)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(config(*keys), catalogue, tmp_path / "run", reporter=Silent())
    first = len(crew.asked)
    crew.left = -1
    found = load_catalogue(files=[tmp_path / "run" / ".thermozoo-checkpoint" / "plugins" / "shapes.py"])
    resume_experiment(tmp_path / "run", found, reporter=Silent())
    again, others = digests(tmp_path / "run")
    assert again == figures
    assert np.array_equal(others, states)
    # six shards of training, three of judging, two of samples; one of training was done and not heard of
    assert first == 4
    assert len(crew.asked) == 11
