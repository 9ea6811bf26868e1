"""The task `lyapunov` against closed forms and digital solvers, its error bars, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from intervals import check_cover, few_and_many
from scipy.linalg import solve_continuous_lyapunov, solve_discrete_lyapunov
from test_linear_algebra import INVERSE, KT, A, solved, within
from thermozoo_plugins.tasks.lyapunov_step import covariance_bias

import thermozoo as tz
from thermozoo.cli.app import run as command
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine

#: A covariance that has other axes than A, and one of a single direction: both plain.
R = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
SINGLE = np.outer([1.0, -2.0, 0.5], [1.0, -2.0, 0.5])


def tables(
    folder, *, seed=1, duration=300.0, dt=0.03, integrator="stochastic-heun", matrix=A, noise=R, mass=None, **more
):
    np.save(folder / "A.npy", matrix)
    np.save(folder / "R.npy", noise)
    files = {"matrix": str(folder / "A.npy"), "noise": str(folder / "R.npy")}
    own = {} if mass is None else {"mass": mass}
    return {
        "seed": seed,
        "task": {"plugin": "lyapunov", "chains": 64, "observe_every": 10, "relaxation": 0.1} | files | more,
        "computer": {"temperature": KT, "units": {"x": "auto"}, "potential": {"plugin": "quadratic"}},
        "dynamics": {"integrator": integrator, "dt": dt, "duration": duration, "engine": "compiled"} | own,
    }


@pytest.mark.long
def test_the_covariance_solves_the_equation(tmp_path):
    """Six different entries within 4.5 standard errors of 64 chains, one in 5,500 runs; the bias is a tenth of them."""
    run = solved(tables(tmp_path))
    found = run.figures
    exact = solve_continuous_lyapunov(A, R)
    within(found.solution, found.solution_se, exact, 4.5)
    assert np.array(found.reference["solution"]) == pytest.approx(exact)
    assert found.error_bars == {"solution": found.solution_se}
    assert found.relative_error < 0.04
    # noise of as much power in every direction would be off by many of them
    assert np.abs(np.array(found.solution) - np.trace(R) / 6 * INVERSE).max() > 10 * np.max(found.solution_se)
    assert run.warnings == []
    # -<V> of the states in the end, tr(A S) / 2 = tr(R) / 4; heat between baths leaves the energy as it is
    within(found.heat_mean_kT, found.heat_se_kT, -np.trace(R) / 4, 4.5)
    # mu <F_i^2> - mu kT_i V''_i into the bath of unit i, along the axes of R
    strengths, axes = np.linalg.eigh(R)
    stiffness, covariance = axes.T @ A @ axes, axes.T @ exact @ axes
    into = np.diag(stiffness @ covariance @ stiffness) - strengths / 2 * np.diag(stiffness)
    assert into.sum() == pytest.approx(0.0, abs=1e-12)
    within(found.heat_flow_kT, found.heat_flow_se_kT, into[strengths < strengths.mean()].sum(), 4.5)
    assert (found.coldest_kT, found.hottest_kT) == pytest.approx((strengths[0] / 2, strengths[-1] / 2))


def test_noise_along_one_direction_alone_is_enough(tmp_path):
    """A singular R: two baths have no temperature. Ten standard errors apart from R with noise along all of them."""
    found = solved(tables(tmp_path, noise=SINGLE)).figures
    within(found.solution, found.solution_se, solve_continuous_lyapunov(A, SINGLE), 4.5)
    assert (found.directions_without_noise, found.coldest_kT) == (2, 0.0)
    assert found.hottest_kT == pytest.approx((1 + 4 + 0.25) / 2)


def test_noise_along_the_axes_of_the_matrix_makes_no_heat_flow(tmp_path):
    """R = A, and S = 1/2: baths differ, but nothing couples them."""
    found = solved(tables(tmp_path, noise=A)).figures
    within(found.solution, found.solution_se, np.eye(3) / 2, 4.5)
    assert found.coldest_kT < found.hottest_kT / 5
    within(found.heat_flow_kT, found.heat_flow_se_kT, 0.0, 4.5)


@pytest.mark.long
def test_euler_maruyama_solves_the_discrete_equation(tmp_path):
    """S = (1 - h A) S (1 - h A)^T + h R, which is off the continuous one by many standard errors."""
    run = solved(tables(tmp_path, integrator="euler-maruyama", dt=0.2, duration=800.0))
    found, kept = run.figures, np.eye(3) - 0.2 * A
    within(found.solution, found.solution_se, solve_discrete_lyapunov(kept, 0.2 * R), 4.5)
    off = np.abs(np.array(found.solution) - solve_continuous_lyapunov(A, R)) / found.solution_se
    assert off.max() > 9
    assert any("the time step leaves an error of up to" in text for text in run.warnings)


@pytest.mark.parametrize("name", ["euler-maruyama", "quarter-noise", "stochastic-heun", "leimkuhler-matthews"])
def test_the_bias_of_a_step_is_that_of_the_worst_pair_of_modes(name):
    """(z + w) n(z) n(w) / (1 - m(z) m(w)) - 1, with m and n what a step does to a state and to its noise."""
    mobility, dt, kT = 0.7, 0.1, 0.4
    move, shake = {
        "euler-maruyama": (lambda z: 1 - z, lambda z: 1 + 0 * z),
        "quarter-noise": (lambda z: 1 - z, lambda z: 1 - z / 4),
        "stochastic-heun": (lambda z: 1 - z + z**2 / 2, lambda z: 1 - z / 2),
        "leimkuhler-matthews": (lambda z: 1 - z, lambda z: 1 - z / 2),
    }[name]
    z = mobility * dt * np.geomspace(0.3, 5.0, 25)
    w = z[:, None]
    expected = (z + w) * shake(z) * shake(w) / (1 - move(z) * move(w)) - 1
    expected = expected.flat[np.abs(expected).argmax()]
    found = covariance_bias(tz.get(name), 0.3, 5.0, dt=dt, mobility=mobility, kT=kT)
    assert found == pytest.approx(expected, rel=1e-9)


def test_the_bias_of_the_heun_scheme_is_of_second_order():
    """Half the step leaves a quarter of it, and of Euler-Maruyama half."""
    for name, ratio in (("stochastic-heun", 4), ("euler-maruyama", 2), ("quarter-noise", 2)):
        long, short = (covariance_bias(tz.get(name), 0.1, 1.0, dt=dt, mobility=1.0, kT=1.0) for dt in (0.02, 0.01))
        assert long / short == pytest.approx(ratio, rel=0.03), name


@pytest.mark.parametrize("mass", [1.0, 0.01])
def test_inertia_solves_another_equation(mass):
    """As dt falls: R_ij / (a + b + m mu^2 (a - b)^2 / 2) between modes of stiffness a and b, of moments."""
    a, b, mobility = 0.2, 3.0, 0.7
    expected = (a + b) / (a + b + mass * (mobility * (a - b)) ** 2 / 2) - 1
    found = covariance_bias(tz.get("baoab", mass=mass), a, b, dt=1e-3, mobility=mobility, kT=0.4)
    assert found == pytest.approx(expected, rel=2e-2)


@pytest.mark.long
def test_units_with_inertia_have_the_covariance_of_their_own_equation(tmp_path):
    """Along the axes of A, with a mass of 1: off the Lyapunov equation by what is reported, and warned of."""
    run = solved(tables(tmp_path, integrator="baoab", duration=1200.0, dt=0.1, mass=1.0))
    found, (k, axes) = run.figures, np.linalg.eigh(A)
    apart, both = np.subtract.outer(k, k), np.add.outer(k, k)
    exact = axes @ ((axes.T @ R @ axes) / (both + apart**2 / 2)) @ axes.T
    within(found.solution, found.solution_se, exact, 4.5)
    off = np.abs(exact - solve_continuous_lyapunov(A, R)) / found.solution_se
    assert off.max() > 9
    assert found.step_bias == pytest.approx(-1 / (1 + 2 * both[0, 2] / apart[0, 2] ** 2), rel=0.05)
    assert any("the time step leaves an error of up to" in text for text in run.warnings)


REFUSED = [
    ({"matrix": [[1.0, 2.0], [2.0, 1.0]]}, r"task\.matrix: .* not positive definite: its smallest eigenvalue is -1,"),
    ({"matrix": [[2.0, 1.0], [0.5, 2.0]]}, r"task\.matrix: the matrix is not symmetric: .* the energy of a computer"),
    ({"noise": np.eye(2)}, r"task\.noise: expected a matrix of 3 x 3, as the matrix A is, got 2 x 2"),
    ({"noise": np.ones(3)}, r"task\.noise: expected a matrix of 3 x 3, as the matrix A is, got 3 numbers"),
    ({"noise": np.zeros((3, 3))}, r"task\.noise: expected a covariance that is not zero"),
    (
        {"noise": R + 0.5 * np.eye(3, k=1)},
        r"task\.noise: the covariance of the noise is not symmetric: entry \(0, 1\) is 1\.5 and .* is 1,",
    ),
    (
        {"noise": np.diag([1.0, -0.5, 1.0])},
        r"task\.noise: the covariance of the noise has the negative eigenvalue -0\.5, and no variance is below zero",
    ),
    ({"dt": 0.3}, r"dynamics\.dt: dt = 0\.3 is too long for the stiffest mode of the matrix, eigenvalue 3\.41421"),
    ({"vector": "b.npy"}, r"task\.vector: "),
]


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_what_is_no_such_problem_is_one_line(tmp_path, change, said):
    with pytest.raises(ConfigError, match=said) as caught:
        assemble_machine(parse(tables(tmp_path, **change), catalogue(), Origin("test")))
    assert len(caught.value.faults) == 1


def test_a_file_that_is_missing_ends_with_one_line_and_nothing_written(tmp_path, capsys):
    given = ["run", "lyapunov", "--set", f"task.noise={tmp_path / 'none.npy'}", "--out", str(tmp_path / "run")]
    assert command(given) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "task.noise: cannot read" in lines[0]
    assert not (tmp_path / "run").exists()


def test_the_packaged_config_leaves_a_report_with_answer_and_reference(tmp_path, capsys):
    short = [f"--set={one}" for one in ("dynamics.duration=100", "task.relaxation=1.0", 'dynamics.engine="reference"')]
    assert command(["run", "lyapunov", *short, "--quiet", "--out", str(tmp_path / "run")]) == 0
    assert "off the digital answer; its error bars say" in capsys.readouterr().out
    found = json.loads((tmp_path / "run" / "report.json").read_text())["lyapunov"]
    assert {"solution", "solution_se", "reference", "error_bars", "heat_flow_kT"} <= set(found)
    # the length of the error is that of about 36 independent ones: 2.5 times the expected one is beyond 1e-6
    assert found["relative_error"] < 2.5 * found["relative_error_expected"]
    assert (tmp_path / "run" / "figures" / "error.png").is_file()
    (tmp_path / "run" / "report.html").unlink()
    assert command(["report", str(tmp_path / "run")]) == 0


@few_and_many
def test_error_bars_cover_what_they_promise(tmp_path, seeds):
    """95 % intervals of an entry."""
    from scipy.stats import t

    width, exact = float(t.ppf(0.975, 15)), solve_continuous_lyapunov(A, R)
    hits = np.zeros(4)
    for seed in range(seeds):
        given = tables(tmp_path, seed=seed, chains=16, duration=100.0, relaxation=0.3)
        found = solved(given).figures
        off, error = np.abs(np.array(found.solution) - exact), np.array(found.solution_se)
        hits += (off < width * error)[[0, 1, 0, 0], [0, 1, 1, 2]]
    check_cover(hits, seeds)
