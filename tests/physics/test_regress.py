"""The task `regress`: errors and teacher against others' formulas, a linear computer in closed form, and learning."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import tomli_w
from thermozoo_plugins.tasks.bent_trajectories import bend
from thermozoo_plugins.tasks.mean_force import MeanForce
from thermozoo_plugins.tasks.regress_answers import Errors
from thermozoo_plugins.tasks.regress_curve import curve_of
from thermozoo_plugins.tasks.regress_teacher import fitted_teacher

import thermozoo as tz
from thermozoo.cli.app import run as command
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.engines import engine_named
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.phase import Run


def tables(seed=1, *, hidden=6, potential=None, dt=4e-3, **task):
    small = {"points": 21, "copies": 10, "rounds": 8, "shots": 50}
    return {
        "seed": seed,
        "task": {"plugin": "regress"} | small | task,
        "computer": {
            "temperature": 1.0,
            # all alike: a writer of TOML puts plain keys before tables, and the order of groups counts
            "units": {"input": {"size": 1, "clamped": True}, "hidden": {"size": hidden}, "output": {"size": 1}},
            "potential": potential or {"plugin": "quartic"},
            "connectivity": {"plugin": "layered"},
        },
        "dynamics": {"integrator": "euler-maruyama", "dt": dt, "duration": 0.2, "engine": "reference"},
    }


def computed(given):
    """The run after the work of the task, without a run folder."""
    config = parse(given, catalogue(), Origin("test"))
    machine = assemble_machine(config)
    run = Run(machine.config, catalogue(), None, None, assemble_machine)
    run.machine, run.engine = machine, engine_named("reference")
    for phase in run.config.task.phases(run.config):
        phase.run(run, lambda amount: None)
    return run


@pytest.fixture(scope="module")
def cosine():
    return computed(tables(smaller=[2]))


def test_errors_are_counted_by_hand():
    """Two inputs with three shots; standard errors by the jackknife, written out."""
    answers, known = np.array([[1.0, 2.0, 3.0], [0.0, 0.5, -2.0]]), np.array([1.5, 0.0])
    found = Errors.of(answers, known)
    off = [[-0.5, 0.5, 1.5], [0.0, 0.5, -2.0]]
    assert found.one == pytest.approx(math.sqrt(sum(x * x for row in off for x in row) / 6))
    assert found.mean == pytest.approx(math.sqrt((0.5**2 + 0.5**2) / 2))
    assert found.spread == pytest.approx(math.sqrt((1 + 1.75) / 2))
    assert found.bias is None  # 0.25 less 1.375 / 3
    for name in ("one", "mean"):
        without = [getattr(Errors.of(np.delete(answers, k, axis=1), known), name) for k in range(3)]
        assert getattr(found, f"{name}_se") == pytest.approx(math.sqrt(2 / 3 * np.var(without) * 3))
    far = Errors.of(answers + 10, known)
    assert far.bias**2 + far.spread**2 == pytest.approx(far.one**2)
    assert far.bias**2 + far.spread**2 / 3 == pytest.approx(far.mean**2)


def test_standard_errors_are_those_of_repeated_experiments():
    """400 experiments: their spread is known to 3.5 %, the mean of standard errors better; 0.2 is 5 times that."""
    rng = np.random.default_rng(3)
    known = np.linspace(-1, 1, 7)
    found = [Errors.of(known[:, None] + 0.2 + rng.standard_normal((7, 20)), known) for _ in range(400)]
    for name in ("one", "mean"):
        spread = np.std([getattr(one, name) for one in found], ddof=1)
        assert np.mean([getattr(one, f"{name}_se") for one in found]) == pytest.approx(spread, rel=0.2)
    # the square of the bias has no bias: 0.04, to 5 standard errors
    squares = np.array([one.mean**2 - one.spread**2 / 20 for one in found])
    assert abs(squares.mean() - 0.04) < 5 * squares.std(ddof=1) / 20


def test_bent_trajectories_end_where_they_should_and_others_stay():
    rng = np.random.default_rng(1)
    states = rng.standard_normal((5, 3, 4, 2))
    ends = np.array([[1.0], [-2.0], [0.5]])
    bent, ended = bend(states.copy(), ends, 1)
    assert ended == pytest.approx(states[-1, ..., -1:].mean(axis=1))
    assert bent[-1, ..., 1].mean(axis=1) == pytest.approx(ends[:, 0])
    assert np.array_equal(bent[..., 0], states[..., 0])
    assert np.array_equal(bent[0], states[0])
    halfway = bent[2, ..., 1] - states[2, ..., 1]
    assert halfway == pytest.approx(np.repeat((ends - ended) / 2, 4, axis=1))


def test_the_teacher_is_a_ridge_regression_on_places_of_units():
    """With U = x^2 a constant force g takes a unit in a straight line to g / (1 / (mu t) + 1) on the average."""
    force = MeanForce(lambda x: x**2, mobility=2.0, duration=0.25)
    held = np.linspace(-1, 1, 9)[:, None]
    ends = np.sin(2 * held[:, 0]) + 0.3
    found = fitted_teacher(held, ends, units=3, gain=7.0, reach=0.8, decay=0.02, hidden=force, output=force)
    places = 7 * (held - np.array([-0.8, 0.0, 0.8])) / 3
    rows = np.hstack([places, np.ones((9, 1))])
    penalty = np.diag([0.02 * 9] * 3 + [0.0])
    weights = np.linalg.solve(rows.T @ rows + penalty, rows.T @ (3 * ends))
    targets = found.targets(held)
    assert targets[:, :3] == pytest.approx(places, abs=1e-6)
    assert targets[:, 3] == pytest.approx(rows @ weights / 3, abs=1e-5)
    assert [*found.weights, found.constant] == pytest.approx(weights, abs=1e-4)


def test_a_linear_computer_answers_as_its_moments_say():
    """Means and covariances of linear units follow step by step; errors, spread and heat within 5 standard errors.

    Each is off by more once in 1.7 million times.
    """
    run = computed(
        tables(hidden=2, potential={"plugin": "quadratic", "J2": 1.0}, function="line", dt=0.01, gain=30.0, shots=200)
    )
    found, computer = run.figures, run.machine.computer
    J, b = computer.couplings.matrix(), computer.biases
    curve = curve_of("line", 1.0, 21, "", 0.25, 1)
    s = curve.test_inputs
    stiff = 2 * np.eye(4) + J
    mean, cov = np.zeros((20, 4)), np.zeros((4, 4))
    mean[:, 0] = s
    step = np.eye(4) - 0.01 * stiff
    step[0] = [1, 0, 0, 0]
    for _ in range(20):
        mean = mean @ step.T - 0.01 * b * [0, 1, 1, 1]
        cov = step @ cov @ step.T + 0.02 * np.diag([0, 1, 1, 1])
    spread = math.sqrt(cov[3, 3]) / 1.5
    off = mean[:, 3] / 1.5 - s
    assert abs(found.rmse - math.sqrt((off**2).mean() + spread**2)) < 5 * found.rmse_se
    assert abs(found.rmse_of_mean**2 - (off**2).mean() - spread**2 / 200) < 5 * 2 * found.rmse_of_mean * (
        found.rmse_of_mean_se
    )
    assert found.spread == pytest.approx(spread, rel=5 / math.sqrt(2 * 20 * 199))
    rises = (mean @ stiff * mean).sum(axis=1) / 2 + mean @ b + np.trace(stiff @ cov) / 2
    rests = s**2 * stiff[0, 0] / 2 + s * b[0]
    assert abs(found.heat_per_answer_kT - (rests - rises).mean()) < 5 * found.heat_se_kT
    assert found.teacher_rmse < 1e-3  # a line by linear units, but for the decay of weights
    assert found.rmse_of_mean < 0.2 * found.best_constant


def test_a_cosine_is_learned_and_better_with_more_units(cosine):
    """The mean of 50 shots scatters by 0.05: two units are off by 0.55 or so, and six by 0.1."""
    found = cosine.figures
    assert found.sizes == (2, 6)
    assert found.rmse_of_mean_by_size[0] > 3 * found.rmse_of_mean_by_size[1]
    assert found.rmse_of_mean < 0.2
    assert found.best_constant == pytest.approx(1 / math.sqrt(2), rel=0.02)
    assert found.missed_by_round[-1] < found.missed_by_round[0] / 2
    assert found.loss_by_round[0] > 1  # straight lines, which constant couplings cannot follow
    assert found.loss_by_round[-1] == pytest.approx(0.5, abs=0.02)
    assert found.teacher_rmse < found.rmse_of_mean
    assert cosine.warnings == []


def test_what_is_reported_belongs_together(cosine):
    found, samples = cosine.figures, cosine.samples
    place = found.times.index(pytest.approx(found.duration))
    assert found.rmse_at[place] == pytest.approx(found.rmse, rel=1e-12)
    assert found.rmse_of_mean_at[place] == pytest.approx(found.rmse_of_mean, rel=1e-12)
    assert found.times[0] == 0
    assert found.times[-1] == pytest.approx(2 * found.duration)
    assert np.diff(found.times).min() > 0
    assert found.rmse_at[0] == pytest.approx(math.sqrt((samples["function"].values ** 2).mean()))
    assert (found.rmse_by_size[-1], found.rmse_of_mean_by_size[-1]) == (found.rmse, found.rmse_of_mean)
    off = samples["mean"].values - samples["function"].values
    assert math.sqrt((off**2).mean()) == pytest.approx(found.rmse_of_mean, rel=1e-12)
    assert math.sqrt((samples["spread"].values ** 2).mean()) == pytest.approx(found.spread, rel=1e-12)
    assert found.bias**2 + found.spread**2 / 50 == pytest.approx(found.rmse_of_mean**2)
    assert found.reference == {"rmse": found.teacher_rmse, "rmse_of_mean": found.teacher_rmse}
    assert samples["heat"].values.mean() == pytest.approx(found.heat_per_answer_kT, rel=1e-12)


def test_points_of_a_file_are_learned_in_their_own_units(tmp_path):
    """The same points in other units give the same computer, and errors in these units."""
    x = np.random.default_rng(2).uniform(-1, 1, 24)
    y = np.cos(np.pi * x)
    np.savetxt(tmp_path / "one.csv", np.stack([x, y], axis=1), delimiter=",", fmt="%.17g")
    np.save(tmp_path / "other.npy", np.stack([300 + 20 * x, -7 + 1e3 * y], axis=1))
    one, other = (
        computed(tables(path=str(tmp_path / name), rounds=1, hidden=4, beyond=1.0)).figures
        for name in ("one.csv", "other.npy")
    )
    assert (one.training_inputs, one.test_inputs) == (18, 6)
    for name in ("rmse", "rmse_se", "rmse_of_mean", "spread", "best_constant", "teacher_rmse"):
        assert getattr(other, name) == pytest.approx(1e3 * getattr(one, name), rel=1e-5), name
    assert other.heat_per_answer_kT == pytest.approx(one.heat_per_answer_kT, rel=1e-5)


def test_inputs_to_be_judged_by_are_not_trained_on(tmp_path):
    of = curve_of("sine", 2.0, 11, "", 0.25, 1)
    assert not set(of.inputs) & set(of.test_inputs)
    assert of.test_values == pytest.approx(np.sin(2 * np.pi * of.test_inputs))
    x = np.arange(12.0)
    np.save(tmp_path / "points.npy", np.stack([x, x**2], axis=1))
    one, other = (curve_of("cosine", 1.0, 5, str(tmp_path / "points.npy"), 0.25, seed) for seed in (1, 2))
    assert sorted([*one.inputs, *one.test_inputs]) == x.tolist()
    assert len(one.test_inputs) == 3
    assert one.test_values == pytest.approx(one.test_inputs**2)
    assert one.test_inputs.tolist() != other.test_inputs.tolist()


@pytest.mark.parametrize(
    ("table", "change", "where", "said"),
    [
        ("task", {"function": "tangent"}, "task.function: ", "must be one of 'cosine', 'sine', 'parabola', 'line'"),
        ("task", {"periods": 0.0}, "task.periods: ", "must be a number above 0"),
        ("task", {"periods": 40.0}, "task.periods: ", "the teacher does not fit: 6 hidden units give an error of"),
        ("task", {"points": 3}, "task.points: ", "whole number of 4 or more"),
        ("task", {"rounds": 51}, "task.rounds: ", "from 0 to 50"),
        ("task", {"shots": 1}, "task.shots: ", "whole number of 2 or more"),
        ("task", {"beyond": 0.5}, "task.beyond: ", "at least 1"),
        ("task", {"smaller": [4, 2]}, "task.smaller: ", "rising whole numbers"),
        ("task", {"smaller": [6]}, "task.smaller: ", "below the 6 hidden units"),
        ("task", {"path": "none.csv"}, "task.path: ", "cannot read none.csv"),
        ("dynamics", {"integrator": "stochastic-heun"}, "dynamics.integrator: ", "as 'euler-maruyama' takes them"),
        ("computer", {"units": {"hidden": 6, "output": 1}}, "computer.units: ", "expected three groups, the input"),
        (
            "computer",
            {"units": {"input": {"size": 1, "clamped": True}, "hidden": {"size": 6}, "output": {"size": 2}}},
            "computer.units.output: ",
            "expected 1 unit",
        ),
        ("computer", {"interaction": {"plugin": "cosine"}}, "computer.interaction: ", "leave it out"),
        ("computer", {"potential": {"plugin": "spin"}}, "computer.potential", "are discrete"),
        (
            "computer",
            {"potential": {"plugin": "tilted-well", "J2": -20.0, "J4": 1.0, "h": 0.0}},
            "computer.potential: ",
            "needs the same mean force for two places",
        ),
    ],
)
def test_what_cannot_be_learned_is_one_line_and_nothing_is_written(tmp_path, capsys, table, change, where, said):
    given = tables()
    given[table] = given[table] | change
    refused(tmp_path, capsys, given, where, said)


@pytest.mark.parametrize(
    ("points", "task", "where", "said"),
    [
        (np.zeros((20, 3)), {}, "task.path: ", "expected two columns"),
        (np.arange(10.0).reshape(5, 2), {}, "task.path: ", "has 5 points; expected 8 at least"),
        (np.stack([np.arange(9.0), np.ones(9)], axis=1), {}, "task.path: ", "its values span 0"),
        (np.stack([1e308 * np.linspace(-1, 1, 9), np.arange(9.0)], axis=1), {}, "task.path: ", "its inputs span inf"),
        (np.arange(18.0).reshape(9, 2), {"test": 0.01}, "task.test: ", "of 9 points, a share of 0.01 leaves 0"),
        (np.stack([np.arange(40.0), (-1.0) ** np.arange(40)], axis=1), {}, "task.path: ", "the teacher does not fit"),
    ],
)
def test_points_that_are_no_function_are_one_line(tmp_path, capsys, points, task, where, said):
    np.save(tmp_path / "points.npy", points)
    refused(tmp_path, capsys, tables(path=str(tmp_path / "points.npy"), **task), where, said)


def test_computers_that_have_one_size_alone_are_refused(tmp_path, capsys):
    given = tables(smaller=[2])
    given["computer"]["potential"]["hidden"] = {"plugin": "quartic", "J2": [1.0] * 6}
    refused(tmp_path, capsys, given, "task.smaller: ", "with 2 hidden units: ")


def refused(tmp_path, capsys, given, where, said):
    config, out = tmp_path / "given.toml", tmp_path / "out"
    config.write_text(tomli_w.dumps(given))
    assert command(["run", str(config), "--out", str(out)]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("thermozoo: ")]
    assert len(lines) == 1, lines
    assert f": {where}" in lines[0]
    assert said in lines[0]
    assert not out.exists()


def test_a_run_leaves_its_figures_its_computer_and_its_picture(tmp_path, capsys):
    config, out = tmp_path / "given.toml", tmp_path / "out"
    config.write_text(tomli_w.dumps(tables(hidden=4, rounds=1, dt=0.01) | {"hardware": {"preset": "electrical"}}))
    assert command(["run", str(config), "--quiet", "--out", str(out)]) == 0
    assert "One shot gives the cosine with a root-mean-square error of " in capsys.readouterr().out
    report = json.loads((out / "report.json").read_text())
    assert {"rmse", "rmse_of_mean", "heat_per_answer_kT", "reference"} <= set(report["regress"])
    assert report["hardware"]["seconds_per_sample"] == pytest.approx(0.2e-6)
    assert (out / "figures" / "answers.png").is_file()
    loaded = tz.load(out)
    assert np.abs(loaded.computer.couplings.vector).max() > 1  # the trained one
    assert loaded.computer.layout.sizes == {"input": 1, "hidden": 4, "output": 1}


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_packaged_cosine_is_one(seed, tmp_path):
    """As packaged: three seeds gave 0.04 in the mean of 200 shots, and 0.26 in one."""
    assert command(["run", "regress", "--quiet", "--seed", str(seed), "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "report.json").read_text())["regress"]
    assert found["rmse_of_mean"] < 0.08
    assert found["rmse"] < 0.32
    by_size = found["rmse_of_mean_by_size"]
    assert by_size[0] > by_size[1] > by_size[2]
    best = min(range(len(found["times"])), key=found["rmse_of_mean_at"].__getitem__)
    assert found["times"][best] == pytest.approx(found["duration"], abs=0.05)
    assert found["rmse_of_mean_at"][-1] > 2 * found["rmse_of_mean"]


@pytest.mark.long
def test_a_device_answers_as_it_is_and_is_read_but_not_trained(cosine):
    """Noise of reading is that of the answers alone, the states being the same; a mismatch changes what answers."""
    sigma = 0.4
    noisy = tables(smaller=[2]) | {"hardware": {"imperfections": {"eye": {"plugin": "readout-noise", "sigma": sigma}}}}
    read = computed(noisy)
    off = read.samples["shot"].values - cosine.samples["shot"].values
    z = off / (sigma / cosine.config.task.scale)  # the largest value, 1, is read at the scale
    # false alarm of each 6e-7
    assert abs(z.mean()) < 5 / math.sqrt(z.size)
    assert abs((z**2).mean() - 1) < 5 * math.sqrt(2 / z.size)
    assert read.figures.heat_per_answer_kT == cosine.figures.heat_per_answer_kT
    other = tables(smaller=[2]) | {"hardware": {"imperfections": {"off": {"plugin": "mismatch", "sigma": 0.2}}}}
    device = computed(other)
    assert device.trained.digest() == cosine.trained.digest()
    assert len(device.asked) == 2  # both sizes
    z = (device.machine.computer.couplings.vector / device.trained.couplings.vector - 1) / 0.2
    assert abs((z**2).mean() - 1) < 5 * math.sqrt(2 / z.size)
    assert device.figures.rmse != cosine.figures.rmse
