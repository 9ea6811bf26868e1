"""What devices do to computers: grids, spreads, dead units, updates, readings, and how they go together."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

import thermozoo as tz
from thermozoo.config.faults import Origin
from thermozoo.config.packaged import packaged_text
from thermozoo.config.parse import parse
from thermozoo.dynamics.counter_random import CounterRandom
from thermozoo.dynamics.engines import engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.imperfect import Reader, imperfect_of, realised, realised_program, seed_of, storing
from thermozoo.runs.outcome import Outcome
from thermozoo.runs.phase import Run
from thermozoo.runs.phases import PHASES
from thermozoo.training.sampled.learner import PlainOnline, StoredLearner

STRIPES = str(Path(__file__).parents[2] / "examples" / "stripes.py")

#: Standard errors that a statistical test allows: it fails by chance once in 1.7 million times.
LIMIT = 5.0

CHAINS = {
    "seed": 3,
    "task": {"plugin": "sample", "chains": 8, "bins": 8},
    "computer": {"temperature": 0.5, "units": {"pair": 2}, "connectivity": {"plugin": "dense"}},
    "dynamics": {"dt": 0.02, "duration": 2.0, "engine": "reference"},
}


def computer(n=100, clamped=()):
    groups = {"a": n - n // 4, "b": n // 4}
    base = tz.assemble(groups, tz.get("quartic"), tz.get("dense"), clamped=clamped, trainable_biases=["a"])
    rng = np.random.default_rng(0)
    strong = base.with_strengths_of("coupling", rng.normal(size=base.couplings.size))
    return strong.with_strengths_of("bias", rng.normal(size=n))


def device(name, asked, seed=1, **settings):
    return tz.get(f"imperfection:{name}", **settings).realise(asked, CounterRandom(NoiseKey(seed), 0))


def small(**imperfections):
    return {
        "seed": 3,
        "computer": {"temperature": 0.1, "units": {"visible": 36, "hidden": 4}, "connectivity": {"plugin": "dense"}},
        "dynamics": {"dt": 0.01, "duration": 0.5, "engine": "reference"},
        "data": {"plugin": "stripes", "classes": [0, 1]},
        "generation": {"samples": 20},
        **({"hardware": {"imperfections": imperfections}} if imperfections else {}),
    }


def config_of(tables):
    return parse(tables, tz.load_catalogue(files=[STRIPES]), Origin("config"))


@pytest.mark.parametrize("bits", [2, 3, 5])
@pytest.mark.parametrize("term", ["coupling", "bias"])
def test_stored_strengths_are_the_nearest_of_the_grid(bits, term):
    asked = computer()
    values = asked.strengths_of(term)
    grid = np.linspace(-np.abs(values).max(), np.abs(values).max(), 2**bits - 1)  # zero is in the middle
    nearest = grid[np.abs(values[:, None] - grid).argmin(axis=1)]
    np.testing.assert_allclose(
        device("storage-bits", asked, bits=bits, term=term).strengths_of(term), nearest, atol=1e-12
    )
    other = "bias" if term == "coupling" else "coupling"
    assert np.array_equal(
        device("storage-bits", asked, bits=bits, term=term).strengths_of(other), asked.strengths_of(other)
    )


def test_mismatch_has_its_spread():
    asked, sigma = computer(), 0.2
    z = (device("mismatch", asked, sigma=sigma).couplings.vector / asked.couplings.vector - 1) / sigma
    n = z.size
    assert abs(z.mean()) < LIMIT / np.sqrt(n)
    assert abs((z**2).mean() - 1) < LIMIT * np.sqrt(2 / n)


def test_offsets_have_their_spread_and_leave_clamped_units_alone():
    asked, sigma = computer(4000 // 4, clamped=["b"]), 0.3
    free = asked.layout.free
    z = (device("offset", asked, sigma=sigma).biases - asked.biases) / sigma
    assert not z[~free].any()
    assert abs(z[free].mean()) < LIMIT / np.sqrt(free.sum())
    assert abs((z[free] ** 2).mean() - 1) < LIMIT * np.sqrt(2 / free.sum())


def test_dead_units_are_cut_off_and_no_other_is_touched():
    asked = computer(40)
    found = device("dead-units", asked, share=0.3, of=["a"])
    dead = np.flatnonzero(found.biases == 0)
    assert len(dead) == 9  # 0.3 of 30
    assert (dead < 30).all()
    cut = np.isin(asked.couplings.edges, dead).any(axis=1)
    assert not found.couplings.vector[cut].any()
    assert np.array_equal(found.couplings.vector[~cut], asked.couplings.vector[~cut])
    x = np.random.default_rng(1).normal(size=40)
    alone = asked.bare().gradient(x)
    np.testing.assert_array_equal(found.gradient(x)[dead], alone[dead])


def test_every_unit_is_as_likely_to_be_dead():
    asked, devices, share = computer(20), 300, 0.25
    dead = sum((device("dead-units", asked, seed=k, share=share).biases == 0).astype(int) for k in range(devices))
    # 20 comparisons at 5 standard errors: by chance once in 90,000 times
    assert (np.abs(dead - devices * share) < LIMIT * np.sqrt(devices * share * (1 - share))).all()


def test_patterns_have_no_entries_for_dead_units():
    asked = tz.assemble({"a": 8}, tz.get("quartic"), tz.get("dense"))
    asked = asked.with_terms({"memory": tz.project(tz.get("modern-hopfield"), asked.layout, np.eye(2, 8))})
    asked = asked.with_strengths_of("memory", np.arange(1.0, 17.0))
    found = device("dead-units", asked, share=0.5).terms["memory"].patterns
    alive = found[0] != 0
    assert alive.sum() == 4
    assert np.array_equal(found, np.where(alive, np.arange(1.0, 17.0).reshape(2, 8), 0.0))


def test_imperfections_act_in_the_order_of_the_config():
    few = {"plugin": "storage-bits", "bits": 3}
    off = {"plugin": "mismatch", "sigma": 0.3}
    one, other = config_of(small(few=few, off=off)), config_of(small(off=off, few=few))
    asked = computer()
    stored_first, stored_last = realised(one, asked), realised(other, asked)
    assert len(np.unique(stored_last.couplings.vector)) <= 7
    assert len(np.unique(stored_first.couplings.vector)) > 1000
    # the factors are those of the name, wherever it stands
    stored = device("storage-bits", asked, bits=3).couplings.vector
    nonzero = stored != 0
    random = CounterRandom(NoiseKey(seed_of(3, "off")).named("imperfection"), 0)
    factors = tz.get("mismatch", sigma=0.3).realise(asked, random).couplings.vector / asked.couplings.vector
    np.testing.assert_allclose(stored_first.couplings.vector[nonzero] / stored[nonzero], factors[nonzero])


def test_a_seed_and_a_name_are_a_device():
    off = {"plugin": "mismatch", "sigma": 0.3}
    asked = computer()
    digests = {seed: realised(config_of(small(off=off) | {"seed": seed}), asked).digest() for seed in (3, 4)}
    assert realised(config_of(small(off=off)), asked).digest() == digests[3]
    assert digests[3] != digests[4]
    assert realised(config_of(small(other=off)), asked).digest() != digests[3]
    assert realised(config_of(small()), asked) is asked


def test_all_windows_of_a_program_have_the_same_dead_units():
    early = computer(40)
    late = early.with_strengths_of("coupling", 2 * early.couplings.vector)
    config = config_of(small(dead={"plugin": "dead-units", "share": 0.5}))
    windows = realised_program(config, tz.Program([early, late])).computers
    assert np.array_equal(windows[0].biases == 0, windows[1].biases == 0)
    [found] = imperfect_of(config, early)
    asked = np.concatenate([early.couplings.vector, early.biases])
    lost = np.concatenate([windows[0].couplings.vector, windows[0].biases]) - asked
    assert found.change == pytest.approx(np.linalg.norm(lost) / np.linalg.norm(asked))
    assert (found.name, found.plugin, found.seed) == ("dead", "dead-units", seed_of(3, "dead"))


def noised(machine, steps=50):
    rng = np.random.default_rng(2)
    return 0.8 * rng.standard_normal((steps + 1, machine.computer.n))


def online(bits=None, largest=1.0):
    few = {} if bits is None else {"few": {"plugin": "update-bits", "bits": bits, "largest": largest}}
    tables = small(**few)
    tables["training"] = {"method": "online", "cycles": 2}
    machine = assemble_machine(config_of(tables))
    keep = storing(machine.config) or (lambda values: values)
    return machine, StoredLearner(machine.computer, machine.loss, 4e-4, keep, 1)


def test_updates_one_by_one_are_those_that_are_held_back():
    machine, learner = online()
    held = PlainOnline(machine.computer, machine.loss, 4e-4, np.float64)
    x = noised(machine)
    for one in (learner, held):
        one.learn(x)
    assert learner.finish() == pytest.approx(held.finish(), rel=1e-10)
    np.testing.assert_allclose(learner.computer.parameters, held.computer.parameters, rtol=1e-8, atol=1e-13)


def test_updates_stay_on_the_grid_and_small_ones_are_lost():
    machine, learner = online(bits=12, largest=0.1)
    x = noised(machine)
    learner.learn(x)
    steps = learner.computer.parameters * (2**11 - 1) / 0.1
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    assert np.abs(steps).max() > 1
    _, coarse = online(bits=4)
    coarse.learn(x)
    assert not coarse.computer.parameters.any()
    _, fine = online(bits=44)
    _, ideal = online()
    for one in (fine, ideal):
        one.learn(x)
    np.testing.assert_allclose(fine.computer.parameters, ideal.computer.parameters, atol=1e-9)


def test_an_update_of_a_trajectory_is_stored_as_well():
    machine, _ = online(bits=12, largest=0.1)
    learner = StoredLearner(machine.computer, machine.loss, 4e-4, storing(machine.config), None)
    learner.learn(noised(machine))
    assert not learner.computer.parameters.any()
    learner.finish()
    steps = learner.computer.parameters * (2**11 - 1) / 0.1
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    assert steps.any()


def test_readings_are_off_by_normal_numbers_that_are_new_each_time():
    read = Reader(config_of(small(read={"plugin": "readout-noise", "sigma": 0.5})))
    states = np.ones((100, 40), dtype=np.float32)
    first, second = ((read(states) - 1) / 0.5 for _ in range(2))
    n = first.size
    for z in (first, second):
        assert abs(z.mean()) < LIMIT / np.sqrt(n)
        assert abs((z**2).mean() - 1) < LIMIT * np.sqrt(2 / n)
    assert abs((first * second).mean()) < LIMIT / np.sqrt(n)


def test_noise_with_memory_moves_generation_and_no_noising():
    machine = assemble_machine(
        config_of(small(slow={"plugin": "coloured-bath", "sigma": 0.2, "correlation_time": 3.0}))
    )
    assert machine.generating.integrator == tz.get("coloured-noise", strength=0.2, correlation_time=3.0)
    assert machine.dynamics.integrator.name == "euler-maruyama"
    sampling = dict(CHAINS)
    sampling["hardware"] = {"imperfections": {"slow": {"plugin": "coloured-bath"}}}
    setup = assemble_machine(config_of(sampling))
    assert setup.dynamics.integrator.name == "coloured-noise"


def generated(tables):
    """Train and generate as a run does, and return what came of it."""
    config = config_of(tables)
    machine, engine = assemble_machine(config), engine_named("reference")
    run = Run(config, tz.catalogue(), None, None, assemble_machine)
    run.machine, run.engine, run.outcome = machine, engine, Outcome(machine, engine, "exact")
    work = {phase.name: phase.run for phase in PHASES}
    for name in ("training", "generation"):
        work[name](run, lambda amount: None)
    return run.outcome


@pytest.fixture(scope="module")
def ideal():
    return generated(small())


def test_an_imperfection_of_no_size_keeps_every_bit(ideal):
    good = generated(small(zero={"plugin": "offset", "sigma": 0.0}))
    assert np.array_equal(ideal.generated.final, good.generated.final)
    assert np.array_equal(ideal.generated.ledger.total, good.generated.ledger.total)
    assert good.digest == ideal.digest


def test_a_device_generates_and_training_knows_nothing_of_it(ideal):
    few = generated(small(few={"plugin": "storage-bits", "bits": 2}))
    assert few.digest == ideal.digest  # what was trained
    [stored] = {np.abs(one.couplings.vector).max() for one in few.realised[0].computers}
    assert set(np.unique(few.realised[0].computers[0].couplings.vector / stored)) == {-1.0, 0.0, 1.0}
    assert np.array_equal(few.generated.start, ideal.generated.start)
    assert not np.array_equal(few.generated.final, ideal.generated.final)


def test_readings_change_images_and_no_heat(ideal):
    read = generated(small(read={"plugin": "readout-noise", "sigma": 0.5}))
    assert np.array_equal(read.generated.ledger.total, ideal.generated.ledger.total)
    for what in ("start", "final"):
        z = (getattr(read.generated, what) - getattr(ideal.generated, what)) / 0.5
        assert abs((z**2).mean() - 1) < LIMIT * np.sqrt(2 / z.size)


def test_what_drifts_is_driven_by_nobody_and_does_the_same_work(ideal):
    drift = generated(small(aging={"plugin": "drift", "change": -0.5}))
    driven = generated(small() | {"schedule": {"coupling": {"protocol": "ramp", "final": 0.5}}})
    assert not ideal.generated.ledger.total_work.any()
    assert drift.generated.ledger.total_work.all()
    assert np.array_equal(drift.generated.ledger.total_work, driven.generated.ledger.total_work)
    assert np.array_equal(drift.generated.final, driven.generated.final)
    [ramp] = tz.get("drift", change=-0.5).driven().values()
    assert [float(ramp.intensity(t, 2.0)) for t in (0.0, 1.0, 2.0)] == [1.0, 0.75, 0.5]


@pytest.mark.long
def test_report_manifest_and_page_say_what_was_imperfect(tmp_path):
    read = tz.run(
        small(read={"plugin": "readout-noise", "sigma": 0.5}),
        out=tmp_path / "read",
        catalogue=tz.load_catalogue(files=[STRIPES]),
        quiet=True,
    )
    settings = {"sigma": 0.5}
    assert read.report["imperfections"] == [
        {"name": "read", "plugin": "readout-noise", "settings": settings, "seed": seed_of(3, "read"), "change": 0.0}
    ]
    assert read.manifest["imperfections"] == {"read": seed_of(3, "read")}
    assert "readout-noise (sigma 0.5)" in (read.folder / "report.html").read_text("utf-8")
    assert "hardware" not in read.report


@pytest.mark.long
def test_chains_are_read_as_the_device_reads_them(tmp_path):
    noisy = CHAINS | {"hardware": {"imperfections": {"read": {"plugin": "readout-noise", "sigma": 2.0}}}}
    found = [tz.run(one, out=tmp_path / str(k), quiet=True) for k, one in enumerate((CHAINS, noisy))]
    true, read = (one.report["sample"] for one in found)
    assert read["heat_mean_kT"] == true["heat_mean_kT"]
    assert read["virial"] == true["virial"]
    # readings of all observations are independent: of n of them the variance has a relative error of sqrt(2 / n)
    error = (4.0 + max(true["variance"])) * np.sqrt(2 / (read["chains"] * read["observations"]))
    for a, b in zip(true["variance"], read["variance"], strict=True):
        assert abs(b - a - 4.0) < LIMIT * error
    assert found[1].report["imperfections"][0]["plugin"] == "readout-noise"
    assert "readout-noise (sigma 2)" in (found[1].folder / "report.html").read_text("utf-8")
    assert "imperfections" not in found[0].report


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"a": 3}, "hardware.imperfections.a: expected a table that names an imperfection plugin, got 3"),
        ({"a": {"plugin": "storage-bit"}}, "did you mean 'storage-bits'?"),
        ({"a": {"plugin": "storage-bits", "bits": 1}}, "bits must be a whole number from 2 to 48"),
        ({"a": {"plugin": "storage-bits", "bits": 4.0}}, "hardware.imperfections.a.bits: expected an integer"),
        ({"a": {"plugin": "mismatch", "sigma": -1}}, "mismatch.sigma must lie in [0, 1000], got -1"),
        ({"a": {"plugin": "mismatch", "term": "memory"}}, "the term 'memory' of the energy, which is not there"),
        ({"a": {"plugin": "mismatch", "term": "on-site"}}, "the term 'on-site' of the energy, which has no strengths"),
        ({"a": {"plugin": "drift", "term": "memory"}}, "hardware.imperfections.a: a schedule cannot drive 'memory'"),
        ({"a": {"plugin": "dead-units", "share": 2}}, "dead-units.share must lie in [0, 1], got 2"),
        ({"a": {"plugin": "dead-units", "of": ["hiden"]}}, "no group is called 'hiden'; did you mean 'hidden'?"),
        ({"a": {"plugin": "update-bits"}}, "the method 'exact' has none: train by descent or online"),
        ({"a b": {"plugin": "offset"}}, "expected a name of an imperfection: a letter from a to z"),
    ],
)
def test_what_cannot_be_had_is_refused_in_one_line(given, said):
    with pytest.raises(tz.ThermozooError) as refused:
        assemble_machine(config_of(small(**given)))
    [line] = str(refused.value).splitlines()
    assert said in line


@pytest.mark.parametrize(
    ("task", "plugin", "said"),
    [
        ("erasure", "readout-noise", "the task 'erasure' does not read states as a device would"),
        ("sample", "update-bits", "the task 'sample' does not write parameters in training"),
        ("sample", "drift", "the task 'sample' does not drive its computer by a schedule"),
        ("logic-gate", "coloured-bath", "adds its force to the steps of 'euler-maruyama', got 'heat-bath'"),
    ],
)
def test_a_task_that_does_not_have_it_refuses_it(task, plugin, said):
    tables = tomllib.loads(packaged_text(task)) | {"hardware": {"imperfections": {"a": {"plugin": plugin}}}}
    with pytest.raises(tz.ThermozooError) as refused:
        assemble_machine(parse(tables, tz.catalogue(), Origin("config")))
    [line] = str(refused.value).splitlines()
    assert said in line


def test_a_gate_of_an_imperfect_device_is_imperfect_under_every_clamp():
    tables = tomllib.loads(packaged_text("logic-gate"))
    tables["hardware"] = {"imperfections": {"off": {"plugin": "mismatch", "sigma": 0.5}}}
    machine = assemble_machine(parse(tables, tz.catalogue(), Origin("config")))
    task = machine.config.task
    clamped = task._clamped(machine, "1" + "." * (machine.computer.n - 1)).computer
    assert np.array_equal(clamped.couplings.vector, machine.computer.couplings.vector)
    assert not np.array_equal(machine.asked.couplings.vector, machine.computer.couplings.vector)


def test_the_resolved_config_runs_the_same_again():
    config = config_of(small(few={"plugin": "storage-bits", "bits": 3}, off={"plugin": "offset"}))
    again = config_of(config.resolved)
    assert again.imperfections == config.imperfections
    assert list(again.imperfections) == ["few", "off"]
    assert config.hardware is None
