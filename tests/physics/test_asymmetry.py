"""Asymmetric couplings: a steady state that is no equilibrium, and heat that the path tells."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov

import thermozoo as tz
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.counter_random import CounterRandom
from thermozoo.dynamics.engines import engine_named
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.errors import ConfigError, TrainingError
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.generation import generate
from thermozoo.runs.imperfect import imperfect_of, realised, realised_program
from thermozoo.runs.phase import Run
from thermozoo.runs.report_file import read_report
from thermozoo.runs.saved import read_results
from thermozoo.thermodynamics.paths import log_path_ratio, midpoint_heat
from thermozoo.training.bilinear import require_bilinear

STRIPES = str(Path(__file__).parents[2] / "examples" / "stripes.py")

#: Standard errors that a statistical test allows: it fails by chance once in 1.7 million times.
LIMIT = 5.0

EULER = "euler-maruyama"


def gyrator(stiffness=1.0, a=0.7, kT=0.5, mobility=2.0):
    """Two springs and a force that drives the two states around each other: A = a [[0, 1], [-1, 0]]."""
    base = tz.assemble(
        {"unit": 2}, tz.get("quadratic", J2=stiffness / 2), tz.get("dense"), temperature=kT, mobility=mobility
    )
    return tz.with_directed_strengths(base, [a], [-a])


def linear(n=3, seed=0, kT=0.7):
    """Return linear units with couplings of random directions, and the matrix K of the drift -mu K x."""
    rng = np.random.default_rng(seed)
    base = tz.assemble({"unit": n}, tz.get("quadratic", J2=1.0), tz.get("dense"), temperature=kT, mobility=1.5)
    there, back = rng.uniform(-1.5, 1.5, size=(2, base.couplings.size))
    whole = 2.0 * np.eye(n)
    i, j = base.couplings.edges.T
    whole[i, j], whole[j, i] = there, back
    return tz.with_directed_strengths(base, there, back), whole


def law(computer, dt=0.05, integrator=EULER, **more):
    return tz.Dynamics(computer, tz.get(integrator), dt=dt, **more)


def stationary(whole, computer, dt):
    """The covariance of Euler-Maruyama: S = M S M^T + 2 mu kT dt, M = 1 - mu K dt (a discrete Lyapunov equation)."""
    step = np.eye(len(whole)) - computer.mobility * dt * whole
    noise = 2 * computer.mobility * computer.temperature * dt
    return step, solve_discrete_lyapunov(step, noise * np.eye(len(whole)))


def begun(covariance, trajectories, seed):
    return np.random.default_rng(seed).multivariate_normal(np.zeros(len(covariance)), covariance, trajectories)


def within(values, expected):
    """Whether independent values have the mean that is expected."""
    return abs(values.mean() - expected) < LIMIT * values.std(ddof=1) / np.sqrt(len(values))


def test_the_covariance_solves_the_lyapunov_equation_of_a_drift_that_is_not_symmetric():
    computer, whole = linear(seed=1)
    dt, many = 0.05, 4000
    _, expected = stationary(whole, computer, dt)
    done = tz.simulate(law(computer, dt), np.zeros((many, 3)), 80, seed=5, engine="reference")
    x = done.x.values[-1]
    spread = np.sqrt((np.outer(np.diag(expected), np.diag(expected)) + expected**2) / many)
    assert (np.abs(x.T @ x / many - expected) < LIMIT * spread).all()
    _, boltzmann = stationary((whole + whole.T) / 2, computer, dt)
    assert (np.abs(boltzmann - expected) > 2 * LIMIT * spread).any()  # so that the test tells them apart


def test_a_gyrator_has_its_variance_and_its_heat():
    r"""s = 2 kT / (2 k - h (k^2 + a^2)) with h = mu dt, and 2 h a^2 s of work a step: 2 mu a^2 kT / k as dt -> 0."""
    stiffness, a, kT, mobility, dt, steps = 1.0, 0.7, 0.5, 2.0, 0.05, 40
    h = mobility * dt
    variance = 2 * kT / (2 * stiffness - h * (stiffness**2 + a**2))
    x = begun(variance * np.eye(2), 2000, 1)
    done = tz.simulate(law(gyrator(stiffness, a, kT, mobility), dt), x, steps, seed=2, engine="reference")
    per_step = 2 * h * a**2 * variance
    assert within(done.work.values / steps, per_step)
    assert within(done.heat.values / steps, per_step)
    assert within((done.x.values[-1] ** 2).mean(axis=1), variance)
    np.testing.assert_allclose(done.work_by_term.sel(term="asymmetry"), done.work)


def test_work_of_a_step_is_that_of_the_discrete_equation():
    """Mean work a step: -tr(M^T A S), of couplings in any directions."""
    computer, whole = linear(seed=3)
    dt, steps = 0.05, 30
    step, covariance = stationary(whole, computer, dt)
    done = tz.simulate(law(computer, dt), begun(covariance, 2000, 4), steps, seed=6, engine="reference")
    assert within(done.work.values / steps, -np.trace(step.T @ ((whole - whole.T) / 2) @ covariance))


def test_the_first_law_with_the_work_of_the_path():
    computer, whole = linear()
    done = tz.simulate(law(computer), np.ones((4, 3)), 25, seed=1, every=1, engine="reference")
    x = done.x.values
    force = -x @ ((whole - whole.T) / 2).T
    work = (np.diff(x, axis=0) * (force[1:] + force[:-1]) / 2).sum(axis=(0, 2))
    np.testing.assert_allclose(done.work, work, rtol=1e-10)
    np.testing.assert_allclose(done.heat, work + computer.energy(x[0]) - computer.energy(x[-1]), rtol=1e-9)
    # the energy is quadratic, so that the midpoint rule is exact; midpoint_heat knows of forces alone
    np.testing.assert_allclose(done.heat, midpoint_heat(x, computer), rtol=1e-9)


def test_heat_is_the_logarithm_of_the_ratio_of_path_probabilities():
    """ln P[w] / P[w~] = beta Q + beta mu dt (|g(end)|^2 - |g(start)|^2) / 4, to rounding."""
    computer, _ = linear()
    dt = 0.05
    done = tz.simulate(law(computer, dt), np.ones((4, 3)), 25, seed=1, every=1, engine="reference")
    x, beta = done.x.values, 1 / computer.temperature
    ends = (computer.gradient(x[-1]) ** 2 - computer.gradient(x[0]) ** 2).sum(axis=-1)
    ratio = log_path_ratio(tz.get(EULER), dt, x, forward=computer, backward=computer)
    np.testing.assert_allclose(ratio, beta * done.heat + beta * computer.mobility * dt / 4 * ends, rtol=1e-9)


def test_entropy_production_obeys_its_fluctuation_theorem():
    """<exp(-dS)> = 1 exactly for any dt, with dS of the path and of the stationary states; its mean is above zero."""
    computer, whole = linear(seed=3)
    dt, steps, many = 0.05, 12, 4000
    _, covariance = stationary(whole, computer, dt)
    x = begun(covariance, many, 7)
    done = tz.simulate(law(computer, dt), x, steps, seed=8, engine="reference")
    end, beta = done.x.values[-1], 1 / computer.temperature
    surprise = [0.5 * np.einsum("bi,ij,bj->b", one, np.linalg.inv(covariance), one) for one in (x, end)]
    ends = (computer.gradient(end) ** 2 - computer.gradient(x) ** 2).sum(axis=-1)
    production = beta * done.heat.values + beta * computer.mobility * dt / 4 * ends + surprise[1] - surprise[0]
    assert within(np.exp(-production), 1.0)
    assert production.mean() > LIMIT * production.std() / np.sqrt(many)


def test_the_other_way_round_is_the_same_law_mirrored():
    dt, steps = 0.05, 40
    turned = {}
    for a in (0.7, -0.7):
        computer = gyrator(a=a)
        _, covariance = stationary(np.array([[1.0, a], [-a, 1.0]]), computer, dt)
        done = tz.simulate(law(computer, dt), begun(covariance, 1000, 1), steps, seed=2, every=1, engine="reference")
        x = done.x.values
        around = (x[:-1, :, 0] * np.diff(x[..., 1], axis=0) - x[:-1, :, 1] * np.diff(x[..., 0], axis=0)).sum(axis=0)
        turned[a] = around, done.work.values
        np.testing.assert_allclose(done.work, a * around, rtol=1e-9, atol=1e-12)  # work is the area that is swept
    h, variance = 0.1, 1.0 / (2 - 0.1 * 1.49)
    for a, (around, work) in turned.items():
        assert within(around / steps, 2 * h * a * variance)
        assert within(work / steps, 2 * h * a**2 * variance)


@pytest.mark.long
def test_underdamped_heat_tends_to_the_ratio_of_path_probabilities():
    """Of BAOAB that ratio is beta times what friction and noise take; the ledger's heat differs in second order."""
    computer, _ = linear()
    off = []
    for dt in (0.1, 0.05):
        done = tz.simulate(
            law(computer, dt, "baoab"), np.ones((40, 3)), round(2 / dt), seed=1, every=1, engine="reference"
        )
        ratio = log_path_ratio(
            tz.get("baoab"), dt, done.x.values, forward=computer, backward=computer, variables={"v": done.v.values}
        )
        off.append(np.sqrt(np.mean((done.heat.values / computer.temperature - ratio) ** 2)))
        assert off[-1] < 0.1 * np.sqrt(np.mean(ratio**2))
    assert off[1] < off[0] / 2.5  # 4 in the limit


COMPUTERS = {
    "dense": ({"visible": 20}, "dense", ()),
    "blocks": ({"visible": 9, "hidden": 5}, "bipartite", ()),
    "clamped": ({"visible": 9, "hidden": 5}, "bipartite", ("hidden",)),
    "sparse": ({"visible": 70}, "ring", ()),
}


def engines_of(name, trajectories, **more):
    sizes, connectivity, clamped = COMPUTERS[name]
    base = tz.assemble(sizes, tz.get("quartic"), tz.get(connectivity), temperature=0.5, clamped=clamped)
    rng = np.random.default_rng(2)
    computer = tz.with_directed_strengths(base, *rng.normal(size=(2, base.couplings.size)))
    x = 0.5 * rng.normal(size=(trajectories, computer.n))
    dynamics = law(computer, 0.02, **more)
    return [tz.simulate(dynamics, x, 20, seed=1, engine=engine) for engine in ("reference", "compiled")]


@pytest.mark.parametrize(
    ("name", "trajectories"),
    [
        pytest.param(name, trajectories, marks=[] if trajectories == 40 else [pytest.mark.long])
        for name in COMPUTERS
        for trajectories in (1, 40)
    ],
)
def test_the_compiled_engine_moves_units_as_the_reference_does(name, trajectories):
    one, other = engines_of(name, trajectories)
    for what in ("x", "work", "heat"):
        np.testing.assert_allclose(other[what], one[what], rtol=1e-9, atol=1e-11)
    assert np.abs(one.work).min() > 1e-4


@pytest.mark.long
def test_driven_couplings_are_driven_in_both_directions():
    factors = np.linspace(1.0, 0.5, 21)
    one, other = engines_of("dense", 40, steps=20, schedule=tz.Schedule({"coupling": factors}))
    assert np.abs(one.work_by_term.sel(term="asymmetry")).min() > 1e-4
    np.testing.assert_allclose(other.x, one.x, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(other.work_by_term, one.work_by_term, rtol=1e-9, atol=1e-11)


def test_driven_work_has_the_amplitude_of_its_step():
    computer, whole = linear()
    factors = np.linspace(1.0, 0.2, 11)
    dynamics = law(computer, steps=10, schedule=tz.Schedule({"coupling": factors}))
    done = tz.simulate(dynamics, np.ones((3, 3)), seed=1, every=1, engine="reference")
    x = done.x.values
    force = -(x[:-1] @ ((whole - whole.T) / 2).T) * factors[1:, None, None]
    work = (np.diff(x, axis=0) * force).sum(axis=(0, 2))
    np.testing.assert_allclose(done.work_by_term.sel(term="asymmetry"), work, rtol=1e-10)


def test_work_adds_up_however_steps_are_divided():
    computer, _ = linear()
    whole = tz.simulate(law(computer), np.ones((4, 3)), 10, seed=1, engine="reference")
    first = tz.simulate(law(computer), np.ones((4, 3)), 4, seed=1, engine="reference")
    rest = tz.simulate(law(computer), first, 6, engine="reference")
    np.testing.assert_array_equal(rest.x.values[-1], whole.x.values[-1])
    np.testing.assert_allclose(first.work + rest.work, whole.work, rtol=1e-12)


def device(asked, seed=1, **settings):
    return tz.get("asymmetry", **settings).nonreciprocal(asked, CounterRandom(NoiseKey(seed), 0))


def test_each_direction_has_its_spread_and_they_are_independent():
    base, sigma = tz.assemble({"a": 100}, tz.get("quartic"), tz.get("dense")), 0.2
    asked = base.with_strengths_of("coupling", np.random.default_rng(0).normal(size=base.couplings.size))
    z = (np.stack(tz.directed_strengths(device(asked, sigma=sigma))) / asked.couplings.vector - 1) / sigma
    n = z.shape[1]
    for one in z:
        assert abs(one.mean()) < LIMIT / np.sqrt(n)
        assert abs((one**2).mean() - 1) < LIMIT * np.sqrt(2 / n)
    assert abs((z[0] * z[1]).mean()) < LIMIT / np.sqrt(n)


def test_a_second_asymmetry_acts_on_what_the_first_one_left():
    asked = tz.assemble({"a": 4}, tz.get("quartic"), tz.get("dense")).with_strengths_of("coupling", [1.0] * 6)
    once = device(asked, sigma=0.2)
    twice = device(once, seed=2, sigma=0.3)
    factors = np.stack(tz.directed_strengths(device(asked, seed=2, sigma=0.3)))
    np.testing.assert_allclose(tz.directed_strengths(twice), tz.directed_strengths(once) * factors, rtol=1e-12)


def test_without_a_spread_every_bit_stays():
    asked = tz.assemble({"a": 4}, tz.get("quartic"), tz.get("dense")).with_strengths_of("coupling", [1.0] * 6)
    ideal, same = (
        tz.simulate(law(one), np.ones((3, 4)), 20, seed=1, engine="reference")
        for one in (asked, device(asked, sigma=0.0))
    )
    np.testing.assert_array_equal(ideal.x, same.x)
    np.testing.assert_array_equal(ideal.heat, same.heat)
    assert not same.work.any()


def small(**more):
    return {
        "seed": 3,
        "computer": {"temperature": 0.1, "units": {"visible": 36, "hidden": 4}, "connectivity": {"plugin": "dense"}},
        "dynamics": {"dt": 0.01, "duration": 0.5, "engine": "reference"},
        "data": {"plugin": "stripes", "classes": [0, 1]},
        "training": {"windows": 2},
        "generation": {"samples": 20},
        "hardware": {"imperfections": {"wires": {"plugin": "asymmetry", "sigma": 0.3}}},
        **more,
    }


def config_of(tables):
    return parse(tables, tz.load_catalogue(files=[STRIPES]), Origin("config"))


def test_dead_units_are_cut_off_in_both_directions():
    wires = {"plugin": "asymmetry", "sigma": 0.3}
    tables = small(hardware={"imperfections": {"wires": wires, "dead": {"plugin": "dead-units", "share": 0.5}}})
    base = tz.assemble({"visible": 36, "hidden": 4}, tz.get("quartic"), tz.get("dense"))
    asked = base.with_strengths_of("coupling", np.random.default_rng(0).normal(size=base.couplings.size))
    config = config_of(tables)
    found = realised(config, asked)
    cut = found.couplings.vector == 0
    assert 0.6 < cut.mean() < 0.9
    np.testing.assert_array_equal(found.terms["asymmetry"].vector == 0, cut)
    first, _ = imperfect_of(config, asked)
    # J (1 + sigma z) in both directions, counted as half of their sum and of their difference: sigma in the mean
    assert first.change == pytest.approx(0.3, rel=0.1)


def test_all_windows_of_a_program_have_the_same_factors():
    base = tz.assemble({"visible": 36, "hidden": 4}, tz.get("quartic"), tz.get("dense"))
    early = base.with_strengths_of("coupling", np.random.default_rng(0).normal(size=base.couplings.size))
    late = early.with_strengths_of("coupling", 2 * early.couplings.vector)
    windows = realised_program(config_of(small()), tz.Program([early, late])).computers
    one, other = (tz.directed_strengths(window) for window in windows)
    np.testing.assert_allclose(np.multiply(2, one), other, rtol=1e-12)


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    plugins = tz.load_catalogue(files=[STRIPES])
    return tz.run(small(), out=tmp_path_factory.mktemp("asymmetry") / "out", catalogue=plugins, quiet=True)


def test_the_ledger_of_a_generation_has_the_work_of_the_force():
    """Q = W - (V_end - V_start), with the work of each window's force between the states that a device takes."""
    base = tz.assemble({"unit": 4}, tz.get("quartic"), tz.get("dense"), temperature=0.1)
    rng = np.random.default_rng(3)
    windows = [tz.with_directed_strengths(base, *rng.normal(size=(2, 6))) for _ in range(2)]
    dynamics = law(tz.Program(windows), 0.01, steps=20)
    made = generate(dynamics, law(base, 0.01, steps=20), 3, seed=1, engine=engine_named("reference"))
    done = tz.simulate(dynamics, made.start, key=NoiseKey(1).named("generation"), every=1, engine="reference")
    x = done.x.values
    np.testing.assert_array_equal(x[-1], made.final)
    work = sum(one.terms["asymmetry"].work(part) for one, part in zip(windows, (x[:11], x[10:]), strict=True))
    np.testing.assert_allclose(made.ledger.by_term["asymmetry"][-1], work.sum(axis=0), rtol=1e-10)
    switching = windows[1].energy(x[10]) - windows[0].energy(x[10])
    change = windows[1].energy(x[-1]) - windows[0].energy(x[0])
    np.testing.assert_allclose(made.ledger.total, work.sum(axis=0) + switching - change, rtol=1e-10)
    np.testing.assert_allclose(made.window_heat.sum(axis=0), made.ledger.total, rtol=1e-10)


@pytest.mark.long
def test_a_run_counts_the_heat_by_the_path_and_says_so(generated):
    report = generated.report
    by_term = report["heat_by_term_kT"]
    assert list(by_term) == ["on-site", "coupling", "asymmetry", "bias"]
    assert sum(by_term.values()) == pytest.approx(report["heat_mean_kT"])
    assert by_term["asymmetry"] != 0
    assert report["heat_counted"] == "by the path"
    assert report["work_mean_kT"] != pytest.approx(by_term["asymmetry"])  # windows switch as well
    page = (Path(generated.folder) / "report.html").read_text()
    assert "The heat was counted by the path" in page
    assert "circulating force" in page


@pytest.mark.long
def test_its_figures_can_be_drawn_again(generated):
    folder = Path(generated.folder)
    report = read_report(json.loads((folder / "report.json").read_text()))
    results = read_results(folder, report, tz.load_catalogue(files=[STRIPES]))
    for name, value in report.heat_by_term_kT.items():
        assert results.heat[name][-1].mean() == pytest.approx(value)
    assert "asymmetry" not in results.computer.terms  # the file holds what was trained


CHAINS = {
    "seed": 3,
    "task": {"plugin": "sample", "chains": 1000, "bins": 8, "relaxation": 1.0, "coupling": 0.6},
    "computer": {
        "temperature": 0.5,
        "units": {"unit": 3},
        "potential": {"plugin": "quadratic"},
        "connectivity": {"plugin": "dense"},
    },
    "dynamics": {"dt": 0.05, "duration": 10.0, "engine": "reference"},
    "hardware": {"imperfections": {"wires": {"plugin": "asymmetry", "sigma": 0.8}}},
}


def test_a_sampled_device_has_a_steady_state_that_goes_on_releasing_heat():
    config = config_of(CHAINS)
    run = Run(config, tz.load_catalogue(), None, None, assemble_machine)
    run.machine, run.engine = assemble_machine(config), engine_named("reference")
    for phase in config.task.phases(config):
        phase.run(run, lambda amount: None)
    figures, computer = run.figures, run.machine.computer
    there, back = tz.directed_strengths(computer)
    whole = 2.0 * np.eye(3)
    i, j = computer.couplings.edges.T
    whole[i, j], whole[j, i] = there, back
    step, covariance = stationary(whole, computer, 0.05)
    power = -np.trace(step.T @ ((whole - whole.T) / 2) @ covariance) / (0.05 * computer.temperature)
    assert abs(figures.power_kT - power) < LIMIT * figures.power_se_kT
    assert power > 3 * LIMIT * figures.power_se_kT
    # relaxation begins where uncoupled units are after as many steps from zero, and does work on the way
    bare = np.eye(3) * (1 - 0.05 * 2.0)
    noise, seen = 2 * computer.temperature * 0.05 * np.eye(3), np.zeros((3, 3))
    for _ in range(200):
        seen = bare @ seen @ bare.T + noise
    heat = np.trace((whole + whole.T) / 2 @ seen) / 2
    for _ in range(200):
        heat -= np.trace(step.T @ ((whole - whole.T) / 2) @ seen)
        seen = step @ seen @ step.T + noise
    heat -= np.trace((whole + whole.T) / 2 @ seen) / 2
    assert abs(figures.heat_mean_kT - heat / computer.temperature) < LIMIT * figures.heat_se_kT
    assert abs(heat) / computer.temperature > 2 * LIMIT * figures.heat_se_kT
    account = config.task.account(figures)
    assert "steady state" in account.title.lower()
    assert any("counted by the path" in text for text in account.paragraphs)


@pytest.mark.long
def test_a_run_of_any_task_says_that_heat_was_counted_by_the_path(tmp_path):
    done = tz.run(CHAINS, out=tmp_path / "out", quiet=True)
    assert done.report["heat_counted"] == "by the path"
    assert "The heat was counted by the path" in (tmp_path / "out" / "report.html").read_text()
    assert tz.load_computer(tmp_path / "out" / "computer.nc").digest() == done.report["parameter_digest"]


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        ({"task": {"plugin": "lyapunov"}}, "hardware.imperfections.wires", "does not count by the path the heat"),
        ({"computer": {"interaction": {"plugin": "cosine"}}}, "hardware.imperfections.wires", "cannot be asymmetric"),
        (
            {"computer": {"potential": {"plugin": "spin"}}, "dynamics": {"integrator": "heat-bath"}},
            "hardware.imperfections.wires",
            "are discrete",
        ),
        (
            {"hardware": {"imperfections": {"wires": {"plugin": "asymmetry", "sigma": -1}}}},
            "hardware.imperfections.wires.sigma",
            "must lie in",
        ),
        (
            {"computer": {"terms": {"asymmetry": {"interaction": {"plugin": "bilinear"}}}}},
            "computer.terms.asymmetry",
            "no term can be called 'asymmetry'",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_the_run(change, path, said):
    tables = {
        key: {**table, **change.get(key, {})} if isinstance(table, dict) else table for key, table in CHAINS.items()
    }
    if change.get("task"):
        tables = {**CHAINS, "task": change["task"]}
    with pytest.raises(ConfigError, match=said) as raised:
        assemble_machine(config_of(tables))
    assert path in str(raised.value)


def test_exact_training_refuses_a_force_without_an_energy():
    with pytest.raises(TrainingError, match="asymmetry"):
        require_bilinear(linear()[0])
