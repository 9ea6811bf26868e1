"""The task `log-determinant` against closed forms, its estimators, its error bars, and what it refuses."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from intervals import check_cover, few_and_many
from scipy.integrate import quad
from scipy.stats import norm
from thermozoo_plugins.tasks.log_determinant_estimators import acceptance_ratio, jarzynski
from thermozoo_plugins.tasks.log_determinant_work import way

from thermozoo.cli.app import run as command
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.engines import engine_named
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.phase import Run

#: det A = 3 x (2 - 1/4) - 1 x 1 = 4.25, with a diagonal of 3, 2 and 1.
A = np.array([[3.0, -1.0, 0.0], [-1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
EXACT = math.log(4.25)
KT = 0.3


def tables(folder, *, seed=1, duration=20.0, dt=0.1, integrator="quarter-noise", matrix=A, engine="reference", **more):
    np.save(folder / "A.npy", matrix)
    return {
        "seed": seed,
        "task": {"plugin": "log-determinant", "chains": 1000, "durations": [1], "matrix": str(folder / "A.npy")} | more,
        "computer": {"temperature": KT, "units": {"x": "auto"}, "potential": {"plugin": "quadratic"}},
        "dynamics": {"integrator": integrator, "dt": dt, "duration": duration, "engine": engine},
    }


def driven(given):
    """The run after the work of the task, without a run folder."""
    config = parse(given, catalogue(), Origin("test"))
    run = Run(config, catalogue(), None, None, assemble_machine)
    run.machine, run.engine = assemble_machine(config), engine_named(given["dynamics"]["engine"])
    for phase in config.task.phases(config):
        phase.run(run, lambda amount: None)
    return run


def exact_chain(matrix, factors, step, starts):
    """Mean work, and mean of exp(-W), in kT, of a chain x -> M x + S xi that is driven, from N(0, starts).

    The mean of the work follows covariances. That of exp(-W) follows q exp(-x^T P x / 2) from the end to the beginning:
    work multiplies by an exponential, and the mean over a step is a Gaussian integral.
    """
    rest, n = np.diag(np.diag(matrix)), len(matrix)
    couplings, covariance, work = matrix - rest, starts.copy(), 0.0
    kernels = [step(rest + c * couplings) for c in factors[1:]]
    for change, (moved, shaken) in zip(np.diff(factors), kernels, strict=True):
        work += change * np.sum(couplings * covariance) / 2
        covariance = moved @ covariance @ moved.T + shaken @ shaken.T
    P, log_q = np.zeros((n, n)), 0.0
    for change, (moved, shaken) in zip(np.diff(factors)[::-1], kernels[::-1], strict=True):
        log_q -= np.linalg.slogdet(np.eye(n) + shaken.T @ P @ shaken)[1] / 2
        P = moved.T @ np.linalg.solve(np.eye(n) + P @ shaken @ shaken.T, P) @ moved + change * couplings
    return work, math.exp(log_q - np.linalg.slogdet(np.eye(n) + P @ starts)[1] / 2)


def quarter_noise(dt):
    def step(stiffness):
        z = dt * stiffness  # states in units of sqrt(kT), mobility 1
        return np.eye(len(z)) - z, math.sqrt(2 * dt) * (np.eye(len(z)) - z / 4)

    return step


@pytest.mark.parametrize("scaled", [True, False])
def test_work_gives_the_log_determinant(tmp_path, scaled):
    """By both directions and by each: 4.5 standard errors of three figures, one of 50,000 runs of this test."""
    run = driven(tables(tmp_path, scaled=scaled))
    found = run.figures
    for name in ("log_determinant", "jarzynski", "jarzynski_reverse"):
        assert 0 < found.error_bars[name] < 0.02
        assert found.error_bars[name] == getattr(found, f"{name}_se")
        assert abs(getattr(found, name) - EXACT) < 4.5 * found.error_bars[name] + abs(found.step_bias)
        assert found.reference[name] == pytest.approx(EXACT)
    assert found.uncoupled == pytest.approx(math.log(6))
    assert found.free_energy_kT == pytest.approx((found.log_determinant - math.log(6)) / 2)
    assert found.log_determinant_se < min(found.jarzynski_se, found.jarzynski_reverse_se)
    assert found.lower < EXACT < found.upper
    assert found.overlap > 0.8
    assert run.warnings == []


def test_mean_work_and_its_exponential_are_those_of_the_chain(tmp_path):
    """Both directions of a fast protocol, by covariances and Gaussian integrals of the very steps, 4.5 standard errors.

    The mean of exp(-W) is not that of the continuous law, as the step is long: it is that of this chain. The test fails
    in one of 35,000 seeds.
    """
    dt, steps, slowing = 0.1, 12, 2.0
    run = driven(tables(tmp_path, duration=dt * steps, dt=dt, slowing=slowing, relaxation=20.0, scaled=False))
    found, factors = run.samples, way(steps, slowing)
    step = quarter_noise(dt)
    moved, shaken = step(A)
    covariance = np.linalg.inv(A)
    for _ in range(200):
        covariance = moved @ covariance @ moved.T + shaken @ shaken.T
    for name, path, start in (
        ("forward", factors, np.diag(1 / np.diag(A))),
        ("reverse", factors[::-1], covariance),
    ):
        work = found[name].values[0]
        mean, exponential = exact_chain(A, path, step, start)
        weight = np.exp(-work)
        assert abs(work.mean() - mean) < 4.5 * work.std() / math.sqrt(1000), name
        assert abs(weight.mean() - exponential) < 4.5 * weight.std() / math.sqrt(1000), name
    # the chain obeys Jarzynski's equality nearly, at any speed: the bias of its step is all that it lacks
    _, exponential = exact_chain(A, factors, step, np.diag(1 / np.diag(A)))
    assert -2 * math.log(exponential) == pytest.approx(EXACT - math.log(6), abs=4e-3)


@pytest.mark.parametrize("name", ["euler-maruyama", "quarter-noise", "baoab"])
def test_the_bias_of_the_step_has_its_closed_form(tmp_path, name):
    """By eigenvalues k, with z = mobility dt k: sums of ln(1 - z/2) and so on, coupled less uncoupled."""
    given = tables(tmp_path, integrator=name, dt=0.2, duration=4.0, chains=10, scaled=False)
    found = driven(given).figures
    coupled, alone = 0.2 * np.linalg.eigvalsh(A), 0.2 * np.diag(A)
    closed = {
        "euler-maruyama": lambda z: -np.log(1 - z / 2),
        "quarter-noise": lambda z: -z / 8 - np.log(1 - z / 2) / 4,
        "baoab": np.zeros_like,
    }[name]
    assert found.step_bias == pytest.approx(float(closed(coupled).sum() - closed(alone).sum()), abs=1e-10)


def test_a_long_step_shifts_the_log_determinant_by_what_is_stated(tmp_path):
    """Euler-Maruyama close to its limit: the chain's exact means, both ways, differ by the bias; and so does the run.

    4.5 standard errors: once in 150,000 seeds. What finite speed adds to the bias shrinks with the duration.
    """
    dt, steps = 0.25, 240
    run = driven(tables(tmp_path, integrator="euler-maruyama", dt=dt, duration=dt * steps, slowing=0.0, scaled=False))
    found = run.figures

    def step(stiffness):
        return np.eye(3) - dt * stiffness, math.sqrt(2 * dt) * np.eye(3)

    start = np.diag(1 / np.diag(A))
    _, exponential = exact_chain(A, way(steps, 0.0), step, start)
    shifted = math.log(6) - 2 * math.log(exponential)
    assert shifted - EXACT == pytest.approx(found.step_bias, rel=0.1)
    assert found.step_bias > 0.02
    assert abs(found.log_determinant - EXACT - found.step_bias) < 4.5 * found.log_determinant_se + 0.1 * found.step_bias
    assert abs(found.log_determinant - EXACT) > 4.5 * found.log_determinant_se
    assert any(text.startswith("the time step adds about 0.0") for text in run.warnings)


def test_underdamped_units_give_it_too(tmp_path):
    given = tables(tmp_path, integrator="baoab", dt=0.2, duration=30.0)
    found = driven(given).figures
    assert abs(found.log_determinant - EXACT) < 4.5 * found.log_determinant_se
    assert found.step_bias == pytest.approx(0.0, abs=1e-10)


def test_units_that_are_not_coupled_have_the_diagonal_alone(tmp_path):
    """No work at all: the answer is exact, and nothing is divided by an error bar of zero."""
    run = driven(tables(tmp_path, matrix=np.diag([2.0, 3.0]), duration=2.0, chains=10))
    assert run.figures.log_determinant == run.figures.upper == pytest.approx(math.log(6))
    assert run.figures.log_determinant_se == run.figures.jarzynski_se == 0
    assert "the digital answer is 1.79176, " in run.config.task.account(run.figures).answer


def test_temperature_does_not_matter(tmp_path):
    """The same noise at a thousandth of the temperature is the same work in kT, to the rounding of states."""
    found = []
    for kT in (KT, KT / 1000):
        given = tables(tmp_path, duration=2.0, chains=20)
        given["computer"]["temperature"] = kT
        found.append(driven(given).samples["forward"].values)
    assert found[0] == pytest.approx(found[1], abs=1e-5)
    assert found[0].std() > 0.01


def test_the_way_is_that_of_a_mode_whose_stiffness_falls():
    s = np.arange(101) / 100
    assert way(100, 0.0) == pytest.approx(s, abs=1e-15)
    smallest = 1 / 16
    stiffness = 1 - (1 - smallest) * way(100, 3.0)
    assert stiffness == pytest.approx(1 / (1 + 3 * s) ** 2)
    # friction is 1 / (4 k^3): the best way dissipates as much in every part of the time
    rate = np.diff(stiffness) ** 2 / ((stiffness[1:] + stiffness[:-1]) / 2) ** 3
    assert rate == pytest.approx(rate.mean(), rel=0.01)


def test_slowing_down_dissipates_less_where_a_mode_softens(tmp_path):
    """Two units with stiffness 1 and 0.05 left: the exact means of the chain, and those of a run, within 4.5 errors."""
    matrix, dt, steps = np.array([[1.0, 0.95], [0.95, 1.0]]), 0.2, 200
    lost = []
    for slowing in (0.0, 3.5):
        given = tables(tmp_path, matrix=matrix, dt=dt, duration=dt * steps, slowing=slowing, chains=600)
        found = driven(given).figures
        up, _ = exact_chain(matrix, way(steps, slowing), quarter_noise(dt), np.eye(2))
        assert abs((found.upper - found.uncoupled) / 2 - up) < 4.5 * found.upper_se / 2
        assert abs(found.log_determinant - math.log(1 - 0.95**2)) < 4.5 * found.log_determinant_se + 0.002
        lost.append(found.dissipated_kT)
    assert lost[1] < 0.7 * lost[0]


@pytest.mark.parametrize("spread", [0.5, 1.5, 3.0])
def test_estimates_of_normal_work_have_the_scatter_that_they_state(spread):
    """Normal work of spread s and mean dF + s^2 / 2, both ways, as Crooks' theorem has it: 400 samples of 500.

    Means within 4.5 errors of the mean; the scatter over samples is the stated error within 20 % (5 deviations of a
    standard deviation of 400). Jarzynski's alone is held to it where work is spread little.
    """
    rng, change = np.random.default_rng(5), -2.0
    values, errors, overlaps, alone = [], [], [], []
    for _ in range(400):
        forward = change + spread**2 / 2 + spread * rng.standard_normal(500)
        backward = -change + spread**2 / 2 + spread * rng.standard_normal(500)
        found, overlap = acceptance_ratio(forward, backward)
        values.append(found.value)
        errors.append(found.error)
        overlaps.append(overlap)
        alone.append(jarzynski(forward))
    assert abs(np.mean(values) - change) < 4.5 * np.std(values) / 20
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.2)

    def shared(w):
        p, q = norm.pdf(w, spread**2 / 2, spread), norm.pdf(w, -(spread**2) / 2, spread)
        return 2 * p * q / (p + q)

    expected = quad(shared, -6 * spread - spread**2, 6 * spread + spread**2)[0]
    assert np.mean(overlaps) == pytest.approx(expected, abs=4.5 * np.std(overlaps) / 20)
    if spread < 1:
        assert abs(np.mean([one.value for one in alone]) - change) < 4.5 * np.std([one.value for one in alone]) / 20
        assert np.std([one.value for one in alone]) == pytest.approx(np.mean([one.error for one in alone]), rel=0.2)
    if spread > 2:  # its mean hangs on work that no sample has: biased upwards, as is known
        assert np.mean([one.value for one in alone]) - change > 4.5 * np.std([one.value for one in alone]) / 20


def test_estimates_of_work_that_lies_far_apart_are_finite():
    """1,000 kT on either side: no exponential overflows, the overlap is nothing, and the symmetry gives the middle."""
    forward, backward = np.array([1000.0, 1001.0, 1002.0]), np.array([998.0, 999.0, 1000.0])
    found, overlap = acceptance_ratio(forward, backward)
    assert found.value == pytest.approx(1.0, abs=1e-9)
    assert (math.isfinite(found.error), overlap) == (True, 0.0)
    assert jarzynski(forward).value == pytest.approx(1000 - math.log((1 + math.exp(-1) + math.exp(-2)) / 3))
    assert jarzynski(-forward).value == pytest.approx(-1002 - math.log((1 + math.exp(-1) + math.exp(-2)) / 3))


def test_work_that_is_spread_too_widely_is_said_to_be_so(tmp_path):
    rng = np.random.default_rng(3)
    directions, _ = np.linalg.qr(rng.standard_normal((100, 100)))
    matrix = (directions * np.geomspace(1, 0.05, 100)) @ directions.T
    matrix = (matrix + matrix.T) / 2
    run = driven(tables(tmp_path, matrix=matrix, duration=1.0, chains=200, relaxation=20.0))
    assert any(text.startswith("the work of coupling and uncoupling is spread too widely") for text in run.warnings)
    assert any(text.startswith("the work of both directions hardly overlaps") for text in run.warnings)
    exact = np.linalg.slogdet(matrix)[1]
    assert run.figures.jarzynski - exact > 1  # and rightly so
    assert run.figures.lower < exact < run.figures.upper


def test_a_relaxation_that_is_too_short_is_said_to_be_so(tmp_path):
    run = driven(tables(tmp_path, duration=4.0, relaxation=0.025))
    assert any(text.startswith("relaxation is too short") for text in run.warnings)


REFUSED = [
    ({"matrix": np.ones((2, 3))}, r"task\.matrix: expected a square matrix, got 2 x 3"),
    ({"matrix": [[2.0, 1.0], [0.5, 2.0]]}, r"task\.matrix: the matrix is not symmetric: entry \(0, 1\) is 1 and"),
    ({"matrix": [[1.0, 2.0], [2.0, 1.0]]}, r"task\.matrix: .* not positive definite: its smallest eigenvalue is -1,"),
    ({"matrix": [[1.0, 1.0], [1.0, 1.0]]}, r"task\.matrix: the matrix is singular: its smallest eigenvalue is "),
    (
        {"dt": 0.4, "scaled": False},
        r"dynamics\.dt: dt = 0\.4 is too long for the stiffest mode of the matrix, eigenvalue 3\.6",
    ),
    ({"dimension": 5}, r"task\.dimension: nothing uses it: task\.matrix brings the matrix; leave it out"),
    ({"durations": [0.01, 1]}, r"task\.durations: expected 10 time steps in the fastest duration at least, got 2"),
    ({"durations": [0.5]}, r"task\.durations: durations must be 1 to 100 parts of dynamics\.duration"),
    ({"slowing": -1}, r"task\.slowing: slowing must be 0 or more"),
    ({"chains": 5}, r"task\.chains: chains must be a whole number of 10 or more, got 5"),
    ({"relaxation": 0}, r"task\.relaxation: relaxation must lie above 0"),
    ({"vector": "b.npy"}, r"task\.vector: "),
    ({"integrator": "coloured-noise"}, r"'coloured-noise' does not relax to the Boltzmann distribution"),
]


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_what_has_no_log_determinant_is_one_line(tmp_path, change, said):
    with pytest.raises(ConfigError, match=said) as caught:
        assemble_machine(parse(tables(tmp_path, **change), catalogue(), Origin("test")))
    assert len(caught.value.faults) == 1


def test_the_packaged_config_leaves_a_report_with_answer_and_reference(tmp_path, capsys):
    out = ["--quiet", "--out", str(tmp_path / "run")]
    assert command(["run", "log-determinant", "--set", "task.matrix=none.npy", *out]) == 2
    assert capsys.readouterr().err.startswith("thermozoo: --set: task.matrix: cannot read none.npy: ")
    assert not (tmp_path / "run").exists()
    short = [
        "--set",
        "dynamics.duration=20",
        "--set",
        "task.durations=[0.2,0.5,1]",
        "--set",
        "dynamics.engine=reference",
    ]
    assert command(["run", "log-determinant", *short, "--set", "task.chains=300", *out]) == 0
    assert "coupling and uncoupling its units; the digital answer is -9.21034, " in capsys.readouterr().out
    found = json.loads((tmp_path / "run" / "report.json").read_text())["log_determinant"]
    assert abs(found["log_determinant"] + 4 * math.log(10)) < 4.5 * found["log_determinant_se"] + found["step_bias"]
    assert found["reference"]["log_determinant"] == pytest.approx(-4 * math.log(10))
    assert len(found["durations"]) == len(found["jarzynski_by_duration"]) == 3
    assert (tmp_path / "run" / "figures" / "work.png").is_file()
    (tmp_path / "run" / "report.html").unlink()
    assert command(["report", str(tmp_path / "run")]) == 0


@few_and_many
def test_error_bars_cover_what_they_promise(tmp_path, seeds):
    """95 % intervals by both directions, of a fast and a slow protocol, and by each direction of the slow one."""
    hits = np.zeros(4)
    for seed in range(seeds):
        given = tables(tmp_path, seed=seed, duration=8.0, relaxation=2.0, chains=200, durations=[0.125, 1])
        found = driven(given).figures
        pairs = [
            (found.log_determinant_by_duration[0], found.log_determinant_by_duration_se[0]),
            (found.log_determinant, found.log_determinant_se),
            (found.jarzynski, found.jarzynski_se),
            (found.jarzynski_reverse, found.jarzynski_reverse_se),
        ]
        hits += [abs(value - EXACT) < 1.96 * error for value, error in pairs]
    check_cover(hits, seeds)


@pytest.mark.long
@pytest.mark.parametrize(
    ("dimension", "condition", "slowing", "dt", "duration", "chains"),
    [(8, 1000.0, 20.0, 0.2, 2000.0, 1000), (256, 10.0, 1.0, 0.1, 200.0, 64), (256, 100.0, 4.0, 0.1, 800.0, 64)],
)
def test_larger_and_worse_matrices(tmp_path, dimension, condition, slowing, dt, duration, chains):
    """Within 4.5 standard errors and the step's bias; the answer is known by the eigenvalues that were chosen."""
    given = tables(tmp_path, dt=dt, duration=duration, chains=chains, slowing=slowing, engine="compiled")
    del given["task"]["matrix"]
    given["task"] |= {"dimension": dimension, "condition": condition}
    run = driven(given)
    found = run.figures
    assert found.reference["log_determinant"] == pytest.approx(-dimension * math.log(condition) / 2)
    off = abs(found.log_determinant - found.reference["log_determinant"])
    assert off < 4.5 * found.log_determinant_se + abs(found.step_bias)
    assert found.overlap > 0.5
    assert not any("spread" in text or "overlap" in text or "relaxation" in text for text in run.warnings)
