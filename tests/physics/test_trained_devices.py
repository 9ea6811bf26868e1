"""Devices that are asked to be what training has found: classifiers, Boltzmann machines, oscillators, denoisers."""

from __future__ import annotations

import copy
import functools
import types

import numpy as np
import pytest
from thermozoo_plugins.tasks import denoiser

import thermozoo as tz
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.engines import engine_named
from thermozoo.errors import StabilityError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.imperfect import imperfect_of, seed_of
from thermozoo.runs.outcome import Outcome
from thermozoo.runs.phase import Run

#: Standard errors that a statistical test allows: it fails by chance once in 1.7 million times.
LIMIT = 5.0

PIXELS = {"size": "auto", "clamped": True}
IMAGES = {
    "computer": {
        "temperature": 0.1,
        "units": {"visible": 64, "hidden": 4},
        "connectivity": {"plugin": "bipartite"},
        "trainable_biases": ["hidden"],
    },
    "dynamics": {"dt": 0.02, "duration": 0.4, "engine": "reference"},
    "data": {"plugin": "digits", "side": 8, "classes": [0, 1]},
    "generation": {"samples": 40},
}
TABLES = {
    "classify": {
        "task": {"plugin": "classify", "passes": 100, "copies": 4},
        "computer": {
            "temperature": 1.0,
            "units": {"pixels": PIXELS, "hidden": {"size": 6}, "outputs": {"size": "auto"}},
            "potential": {"plugin": "quartic"},
            "connectivity": {"plugin": "layered", "within": ["outputs"]},
        },
        "dynamics": {"integrator": "euler-maruyama", "dt": 4e-3, "duration": 0.2, "engine": "reference"},
        "data": {"plugin": "digits", "side": 8, "classes": [0, 1, 2], "per_class": 40},
    },
    "boltzmann": {
        "task": {"plugin": "boltzmann", "updates": 4, "chains": 8, "samples": 40, "relaxation": 4.0},
        "computer": {
            "temperature": 1.0,
            "units": {"visible": "auto", "hidden": 3},
            "potential": {"plugin": "spin"},
            "connectivity": {"plugin": "bipartite"},
        },
        "dynamics": {"integrator": "heat-bath", "dt": 1.0, "duration": 2.0, "engine": "reference"},
        "data": {"plugin": "digits", "side": 8, "classes": [0, 1]},
    },
    "oscillators": IMAGES
    | {"task": {"plugin": "oscillators", "mass": 0.1, "multiples": [0.5, 1.0], "damping_steps": 2}},
    "denoiser": IMAGES | {"task": {"plugin": "denoiser", "updates": 3}},
    "stochastic-attention": {
        "task": {
            "plugin": "stochastic-attention",
            "chains": 4,
            "burn_in": 20,
            "snapshots": 2,
            "inverse_temperatures": [200.0, 20.0],
        },
        "computer": {"units": {"pixels": "auto"}, "potential": {"plugin": "quadratic", "J2": 0.5}},
        "dynamics": {"integrator": "euler-maruyama", "dt": 0.01, "duration": 0.3, "engine": "reference"},
        "data": {"plugin": "digits", "side": 8, "classes": [3], "per_class": 4},
    },
}
#: Mean of the larger modulus of two correlations with noise of 64 pixels that are independent of each other: normal
#: numbers of variance 1/64. Those with two digits are not independent, and their mean is less.
CHANCE = 2 / np.sqrt(np.pi) / 8

TRAINED = ("classify", "boltzmann", "oscillators", "denoiser")


def with_device(task, *changed, **imperfections):
    given = copy.deepcopy(TABLES[task]) | {"seed": 3}
    for table, values in changed:
        given[table] = given[table] | values
    return given | ({"hardware": {"imperfections": imperfections}} if imperfections else {})


def done(given):
    """The run after the work of the task, without a run folder; judges of images, which take seconds, say nothing."""
    machine = assemble_machine(parse(given, catalogue(), Origin("test")))
    run = Run(machine.config, catalogue(), None, None, assemble_machine)
    run.machine, run.engine = machine, engine_named("reference")
    run.outcome = Outcome(machine, run.engine, "exact") if "generation" in run.config.reads else None
    nothing = types.SimpleNamespace(judge=None, quality=None, diversity=0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(denoiser.tz, "judge_images", lambda run, outputs: nothing)
        for phase in run.config.task.phases(run.config):
            if phase.name not in ("assembly", "preparation"):
                phase.run(run, lambda amount: None)
    return run


@functools.cache
def ideal(task):
    return done(with_device(task))


def device_of(run):
    """The computers of the device, and those that were trained."""
    if "generation" in run.config.reads:
        outcome = run.outcome.computer if run.config.task.name == "denoiser" else run.outcome
        return outcome.realised[0].computers, outcome.training.program.computers
    return (run.machine.computer,), (run.trained,)


#: What is read in the end, by the task: its name in samples.nc.
READ = {
    "classify": "output",
    "boltzmann": "generated",
    "oscillators": "state",
    "denoiser": "computer",
    "stochastic-attention": "state",
}


def some(tasks, quick):
    """Parameters of a test: the quick tasks, and the others where tests are long."""
    return [one if one in quick else pytest.param(one, marks=pytest.mark.long) for one in tasks]


@pytest.mark.parametrize("task", some(READ, ["classify", "boltzmann", "denoiser", "stochastic-attention"]))
def test_readings_have_the_variance_of_the_noise_beside_that_of_states(task):
    """The states being the same, bit for bit, differences are the noise alone."""
    sigma = 0.7
    run = done(with_device(task, readings={"plugin": "readout-noise", "sigma": sigma}))
    z = (run.samples[READ[task]].values.astype(float) - ideal(task).samples[READ[task]].values) / sigma
    assert abs(z.mean()) < LIMIT / np.sqrt(z.size)
    assert abs((z**2).mean() - 1) < LIMIT * np.sqrt(2 / z.size)
    heat = [name for name in run.figures.__attrs_attrs__ if name.name.startswith(("heat_mean", "heat_per"))]
    assert heat
    for name in heat:
        assert getattr(run.figures, name.name) == getattr(ideal(task).figures, name.name)
    if task in TRAINED:
        assert run.trained.digest() == ideal(task).trained.digest()


@pytest.mark.parametrize("task", some(TRAINED, ["classify", "boltzmann", "oscillators"]))
def test_what_was_trained_is_the_ideal_computer_and_what_runs_is_the_device(task):
    off = {"plugin": "mismatch", "sigma": 0.3}
    run = done(with_device(task, off=off))
    assert run.trained.digest() == ideal(task).trained.digest()
    (device, *_), (trained, *_) = device_of(run)
    assert run.asked[0] is trained
    z = (device.couplings.vector / trained.couplings.vector - 1)[trained.couplings.vector != 0] / 0.3
    assert abs(z.mean()) < LIMIT / np.sqrt(z.size)
    assert abs((z**2).mean() - 1) < LIMIT * np.sqrt(2 / z.size)
    [said] = imperfect_of(run.config, *run.asked)
    asked, got = ([np.concatenate([one.couplings.vector, one.biases]) for one in some] for some in device_of(run))
    change = np.linalg.norm(np.concatenate(got) - np.concatenate(asked)) / np.linalg.norm(np.concatenate(got))
    assert (said.name, said.plugin, said.seed) == ("off", "mismatch", seed_of(3, "off"))
    assert said.change == pytest.approx(change, rel=1e-12)
    assert repr(run.figures) != repr(ideal(task).figures)


@pytest.mark.parametrize("task", ["classify", "boltzmann"])
def test_training_knows_nothing_of_offsets_that_the_device_has(task):
    sigma = 0.2
    run = done(with_device(task, off={"plugin": "offset", "sigma": sigma}))
    assert run.trained.digest() == ideal(task).trained.digest()
    free = run.trained.layout.free
    z = (run.machine.computer.biases - run.trained.biases) / sigma
    assert not z[~free].any()
    assert z[free].all()
    assert abs((z[free] ** 2).mean() - 1) < LIMIT * np.sqrt(2 / free.sum())


@pytest.mark.parametrize("task", some(TRAINED, ["classify"]))
def test_many_bits_are_nearly_ideal(task):
    """Rounding to a grid of 2^15 steps changes couplings by the root of 1/12 of a step, and heat by next to nothing."""
    run = done(with_device(task, few={"plugin": "storage-bits", "bits": 16}))
    device, trained = device_of(run)
    for one, other in zip(device, trained, strict=True):
        step = np.abs(other.couplings.vector).max() / (2**15 - 1)
        lost = (one.couplings.vector - other.couplings.vector)[other.couplings.vector != 0] / step
        # (uniform on a step: the square has a mean of 1/12 and a variance of 1/180)
        assert abs((lost**2).mean() - 1 / 12) < LIMIT / np.sqrt(180 * lost.size)
    for name in ("heat_mean_kT", "heat_per_inference_kT"):
        if hasattr(run.figures, name):
            assert getattr(run.figures, name) == pytest.approx(getattr(ideal(task).figures, name), rel=0.02, abs=0.2)
    if task == "classify":
        assert abs(run.figures.accuracy - ideal(task).figures.accuracy) < 0.02


def test_a_classifier_of_dead_hidden_units_guesses():
    """Its outputs say nothing of the image: no answer is right more often than the most frequent class is there."""
    run = done(with_device("classify", dead={"plugin": "dead-units", "share": 1.0, "of": ["hidden"]}))
    counts = np.array(run.figures.confusion).sum(axis=1)
    shots = counts.sum()
    share = counts.max() / shots
    assert ideal("classify").figures.accuracy > share + 0.2
    assert run.figures.accuracy < share + LIMIT * np.sqrt(share * (1 - share) / shots)
    assert run.figures.accuracy > counts.min() / shots - LIMIT * np.sqrt(share * (1 - share) / shots)
    # the rows of the confusion are alike: chi-square of 4 degrees of freedom, exceeded once in a million times
    table = np.array(run.figures.confusion, dtype=float)
    expected = np.outer(counts, table.sum(axis=0)) / shots
    seen = expected > 0
    assert ((table - expected)[seen] ** 2 / expected[seen]).sum() < 33.4


def test_dead_p_bits_release_no_heat_and_show_nothing():
    run = done(with_device("boltzmann", dead={"plugin": "dead-units", "share": 1.0}))
    assert ideal("boltzmann").figures.heat_mean_kT > 1
    assert run.figures.heat_mean_kT == 0
    shown = run.samples["generated"].values
    assert set(np.unique(shown)) == {-1.0, 1.0}
    assert abs(shown.mean()) < LIMIT / np.sqrt(shown.size)


def test_updates_of_a_boltzmann_machine_stay_on_their_grid():
    changed = ("task", {"learning_rate": 0.05})
    run = done(with_device("boltzmann", changed, few={"plugin": "update-bits", "bits": 9, "largest": 2.0}))
    steps = run.trained.parameters * (2**8 - 1) / 2.0
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    assert len(np.unique(np.rint(steps))) > 10
    assert run.trained.digest() == run.machine.computer.digest()
    fine = done(with_device("boltzmann", few={"plugin": "update-bits", "bits": 44, "largest": 4.0}))
    np.testing.assert_allclose(fine.trained.parameters, ideal("boltzmann").trained.parameters, atol=1e-9)


CONTINUOUS = (
    ("task", {"amplitude": 0.5, "updates": 1, "data_steps": 1, "model_steps": 1, "relaxation": 1.0}),
    ("computer", {"temperature": 0.1, "potential": {"plugin": "quadratic", "J2": 0.5}}),
    ("dynamics", {"integrator": "euler-maruyama", "dt": 0.05, "duration": 4.0}),
)


@pytest.mark.long
def test_a_bath_with_memory_heats_a_continuous_machine_that_learned_without():
    """Dead units in it have the variance kT / k + sigma^2 tau / (k (1 + k tau)), at mobility 1 and stiffness k = 1.

    Time steps of 0.05 are longer by z / (2 - z) of the first part, with z = 0.05, and so are about the second.
    """
    sigma, tau = 0.4, 2.0
    slow = {"plugin": "coloured-bath", "sigma": sigma, "correlation_time": tau}
    run = done(with_device("boltzmann", *CONTINUOUS, slow=slow, dead={"plugin": "dead-units", "share": 1.0}))
    without = done(with_device("boltzmann", *CONTINUOUS))
    assert run.trained.digest() == without.trained.digest()
    assert run.machine.dynamics.integrator.name == "coloured-noise"
    relaxed = run.samples["relaxed"].values.reshape(-1)
    expected = 0.1 / (1 - 0.025) + sigma**2 * tau / (1 + tau)
    assert (relaxed**2).mean() == pytest.approx(expected, abs=LIMIT * expected * np.sqrt(2 / relaxed.size) + 0.003)


@pytest.mark.long
def test_dead_oscillators_stay_in_equilibrium():
    """They release no heat on average, with any mass, and show none of the images."""
    run = done(with_device("oscillators", dead={"plugin": "dead-units", "share": 1.0}))
    found, known = run.figures, ideal("oscillators").figures
    assert not run.samples["work"].values.any()
    for heat, error in zip(found.heat_by_mass_kT, found.heat_by_mass_se_kT, strict=True):
        assert abs(heat) < LIMIT * error
    assert abs(found.reference["heat_limit_kT"]) < 3 * LIMIT  # 40 samples of 68 units: an error below 3 kT
    assert found.correlation < CHANCE + LIMIT * found.correlation_se
    assert known.correlation > CHANCE + LIMIT * (found.correlation_se + known.correlation_se)


@pytest.mark.long
def test_strengths_that_drift_do_work_on_oscillators_of_every_mass():
    run = done(with_device("oscillators", drift={"plugin": "drift", "change": -0.5}))
    assert run.samples["work"].values.all()
    assert not ideal("oscillators").samples["work"].values.any()


@pytest.mark.long
@pytest.mark.parametrize("task", ["oscillators", "denoiser"])
def test_a_drift_that_makes_steps_unstable_is_refused_before_generation(task):
    with pytest.raises(StabilityError, match="stability bound"):
        done(with_device(task, drift={"plugin": "drift", "change": 900.0}))


@pytest.mark.long
def test_the_perceptron_beside_a_device_is_as_it_was():
    run = done(with_device("denoiser", dead={"plugin": "dead-units", "share": 1.0}))
    assert np.array_equal(run.samples["digital"].values, ideal("denoiser").samples["digital"].values)
    shown, known = run.figures.computer, ideal("denoiser").figures.computer
    assert shown.correlation < CHANCE + LIMIT * shown.correlation_se
    assert known.correlation > CHANCE + LIMIT * (shown.correlation_se + known.correlation_se)
    heat = run.samples["heat"].values
    assert abs(heat.mean()) < LIMIT * heat.std(ddof=1) / np.sqrt(heat.size)


def patterns_of(**imperfections):
    machine = assemble_machine(parse(with_device("stochastic-attention", **imperfections), catalogue(), Origin("test")))
    return machine, machine.computer.terms["memory"].patterns, machine.asked.terms["memory"].patterns


def test_stored_images_are_the_strengths_of_attention():
    _, few, asked = patterns_of(few={"plugin": "storage-bits", "bits": 4, "term": "memory"})
    step = asked.max() / 7
    np.testing.assert_allclose(few / step, np.rint(few / step), atol=1e-12)
    assert np.abs(few - asked).max() <= step / 2 * (1 + 1e-12)
    _, off, asked = patterns_of(off={"plugin": "mismatch", "sigma": 0.2, "term": "memory"})
    z = (off / np.where(asked, asked, 1) - 1)[asked != 0] / 0.2
    assert abs(z.mean()) < LIMIT / np.sqrt(z.size)
    assert abs((z**2).mean() - 1) < LIMIT * np.sqrt(2 / z.size)


def test_pixels_that_are_dead_pay_no_attention():
    machine, half, asked = patterns_of(dead={"plugin": "dead-units", "share": 0.5})
    dead = ~half.any(axis=0)
    assert np.array_equal(half[:, ~dead], asked[:, ~dead])
    assert dead.sum() >= 32
    x = np.random.default_rng(1).normal(size=(2, 64))
    gradient = machine.computer.gradient(x)
    np.testing.assert_array_equal(gradient[:, dead], x[:, dead])  # of x^2 / 2 alone
    # attention of what is left: the softmax of products with the entries of living units
    beta = 1 / machine.computer.temperature
    share = np.exp(beta * (x[:, ~dead] @ half[:, ~dead].T))
    share /= share.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(gradient[:, ~dead], (x - share @ half)[:, ~dead], rtol=1e-10, atol=1e-12)


def test_every_temperature_of_attention_is_that_of_the_device():
    run = done(with_device("stochastic-attention", dead={"plugin": "dead-units", "share": 1.0}))
    virial, error = np.array(run.figures.virial), np.array(run.figures.virial_se)
    assert run.figures.energy != ideal("stochastic-attention").figures.energy
    assert (error > 0).all()
    assert (virial != np.array(ideal("stochastic-attention").figures.virial)).all()
    [said] = imperfect_of(run.config, *run.machine.asked_for)
    assert said.change == 1.0


@pytest.mark.parametrize(
    ("task", "plugin", "said"),
    [
        ("classify", {"plugin": "update-bits"}, "the task 'classify' does not write parameters in training"),
        ("classify", {"plugin": "drift"}, "the task 'classify' does not drive its computer by a schedule"),
        ("boltzmann", {"plugin": "drift"}, "the task 'boltzmann' does not drive its computer by a schedule"),
        ("boltzmann", {"plugin": "coloured-bath"}, "adds its force to the steps of 'euler-maruyama', got 'heat-bath'"),
        ("oscillators", {"plugin": "coloured-bath"}, "does not move units by the integrator of the config"),
        ("oscillators", {"plugin": "update-bits"}, "the method 'exact' has none: train by descent or online"),
        ("denoiser", {"plugin": "mismatch", "term": "memory"}, "the term 'memory' of the energy, which is not there"),
        ("stochastic-attention", {"plugin": "mismatch", "term": "memories"}, "did you mean 'memory'?"),
    ],
)
def test_what_cannot_act_is_refused_in_one_line(task, plugin, said):
    with pytest.raises(tz.ThermozooError) as refused:
        assemble_machine(parse(with_device(task, a=plugin), catalogue(), Origin("config")))
    [line] = str(refused.value).splitlines()
    assert said in line
    assert line.startswith("config: hardware.imperfections.a: ")


@pytest.mark.long
@pytest.mark.parametrize("task", TRAINED)
def test_report_and_page_say_what_was_imperfect_and_the_file_keeps_what_was_trained(task, tmp_path):
    off = {"plugin": "mismatch", "sigma": 0.3}
    plain, found = (
        tz.run(given, out=tmp_path / name, quiet=True)
        for name, given in (("ideal", with_device(task)), ("off", with_device(task, off=off)))
    )
    [said] = found.report["imperfections"]
    assert (said["name"], said["plugin"], said["seed"]) == ("off", "mismatch", seed_of(3, "off"))
    assert 0.02 < said["change"] < 0.5
    assert found.report["parameter_digest"] == plain.report["parameter_digest"]
    assert "imperfections" not in plain.report
    assert "mismatch (sigma 0.3" in (found.folder / "report.html").read_text("utf-8")
