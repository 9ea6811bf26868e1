"""The tasks `linear-system` and `inverse` against closed forms, their error bars, and what they refuse.

M. Aifer et al., Thermodynamic linear algebra, npj Unconventional Computing 1, 13 (2024). The displacement comes from
b alone: an answer that is solved for digitally and then sampled around, as by thermox, is none.
"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from intervals import check_cover, few_and_many
from thermozoo_plugins.tasks.linear_step import linear_step

import thermozoo as tz
from thermozoo.cli.app import run as command
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.engines import engine_named
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.phase import Run

#: A system of three whose answers are plain, and kT.
A = np.array([[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]])
B = np.array([1.0, 0.0, 1.0])
SOLUTION = np.ones(3)
INVERSE = np.array([[3.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 3.0]]) / 4
KT = 0.1


def tables(task, folder, *, seed=1, duration=400.0, dt=0.05, integrator="quarter-noise", matrix=A, vector=B, **more):
    np.save(folder / "A.npy", matrix)
    np.save(folder / "b.npy", vector)
    files = {"matrix": str(folder / "A.npy")} | ({"vector": str(folder / "b.npy")} if task == "linear-system" else {})
    return {
        "seed": seed,
        "task": {"plugin": task, "chains": 64, "observe_every": 5, "relaxation": 0.1} | files | more,
        "computer": {"temperature": KT, "units": {"x": "auto"}, "potential": {"plugin": "quadratic"}},
        "dynamics": {"integrator": integrator, "dt": dt, "duration": duration, "engine": "compiled"},
    }


def solved(given):
    """The run after the work of the task, without a run folder."""
    config = parse(given, catalogue(), Origin("test"))
    run = Run(config, catalogue(), None, None, assemble_machine)
    run.machine, run.engine = assemble_machine(config), engine_named("compiled")
    for phase in config.task.phases(config):
        phase.run(run, lambda amount: None)
    return run


def within(figure, error, exact, bound):
    value, error = np.array(figure), np.array(error)
    assert (error > 0).all()
    assert (np.abs(value - exact) < bound * error).all(), (value - exact) / error


@pytest.mark.long
def test_the_mean_state_is_the_solution(tmp_path):
    """Three entries within 4.5 standard errors of 64 chains: one in 11,000 runs of this test lies beyond."""
    run = solved(tables("linear-system", tmp_path))
    found = run.figures
    within(found.solution, found.solution_se, SOLUTION, 4.5)
    assert found.relative_error < 0.01
    assert found.reference["solution"] == pytest.approx(SOLUTION)
    assert found.error_bars == {"solution": found.solution_se}
    assert (found.eigenvalue_smallest, found.eigenvalue_largest) == pytest.approx((2 - math.sqrt(2), 2 + math.sqrt(2)))
    # the variance of a mean over chains and time is 2 kT (A^-2)_ii / (mobility x chains x time)
    predicted = np.sqrt(2 * KT * np.diag(INVERSE @ INVERSE) / (64 * 400.0))
    assert found.solution_se == pytest.approx(predicted, rel=0.45)  # 63 degrees of freedom: 5 of 9 %
    assert run.warnings == []


def test_a_chain_releases_what_the_equilibrium_lies_below_zero(tmp_path):
    """V(0) - <V> = b^T A^-1 b / 2 - n kT / 2, as heat."""
    found = solved(tables("linear-system", tmp_path)).figures
    within(found.heat_mean_kT, found.heat_se_kT, (1.0 / KT) - 1.5, 4.5)


def test_covariances_are_the_inverse(tmp_path):
    """Nine entries, six of them different, within 4.5 standard errors: one in 5,500 runs; the bias is below a tenth."""
    found = solved(tables("inverse", tmp_path, duration=800.0)).figures
    within(found.inverse, found.inverse_se, INVERSE, 4.5)
    assert np.array(found.reference.inverse) == pytest.approx(INVERSE)
    assert found.relative_error < 0.03
    assert 0 < found.step_bias < 2e-3


@pytest.mark.parametrize("task", ["linear-system", "inverse"])
def test_four_times_the_time_halve_the_error(tmp_path, task):
    """Within 30 %: expected errors of 64 chains scatter by 6 % at most."""
    run = solved(tables(task, tmp_path, duration=400.0))
    time, error = run.samples["time"].values, run.samples["relative_error_expected"].values
    early = np.exp(np.interp(math.log(time[-1] / 4), np.log(time), np.log(error)))
    assert error[-1] / early == pytest.approx(0.5, rel=0.3)
    assert run.figures.slope == pytest.approx(-0.5, abs=0.15)


def test_the_displacement_comes_from_the_vector_alone(tmp_path):
    """With the same noise, twice the vector moves the means by the solution, which no sampling around it would do."""
    once = np.array(solved(tables("linear-system", tmp_path)).figures.solution)
    twice = np.array(solved(tables("linear-system", tmp_path, vector=2 * B)).figures.solution)
    minus = np.array(solved(tables("linear-system", tmp_path, vector=-B)).figures.solution)
    assert twice - once == pytest.approx(SOLUTION, abs=1e-4)
    assert once - minus == pytest.approx(2 * SOLUTION, abs=1e-4)


def test_euler_maruyama_shifts_covariances_by_what_is_reported(tmp_path):
    """The stationary covariance is kT (A (1 - mu dt A / 2))^-1: nine entries within 4.5 standard errors."""
    run = solved(tables("inverse", tmp_path, duration=800.0, integrator="euler-maruyama", dt=0.2))
    found = run.figures
    shifted = np.linalg.inv(A @ (np.eye(3) - 0.1 * A))
    within(found.inverse, found.inverse_se, shifted, 4.5)
    assert np.abs(np.array(found.inverse) - INVERSE)[1, 1] > 4.5 * found.inverse_se[1][1]
    z = 0.2 * (2 + math.sqrt(2))
    assert found.step_bias == pytest.approx(1 / (1 - z / 2) - 1)
    assert any("the time step leaves an error" in text for text in run.warnings)


@pytest.mark.parametrize("name", ["euler-maruyama", "quarter-noise", "stochastic-heun", "leimkuhler-matthews", "baoab"])
def test_the_bias_of_a_step_has_its_closed_form(name):
    """At a single eigenvalue: z = mobility x dt x eigenvalue, and for BAOAB none."""
    k, dt, mobility, kT = 3.0, 0.1, 0.7, 0.4
    z = mobility * dt * k
    heun = 2 * z * (1 - z / 2) ** 2 / (1 - (1 - z + z**2 / 2) ** 2) - 1
    markov = 2 * z * (1 - z / 2) ** 2 / (1 - (1 - z) ** 2) - 1
    expected = {
        "euler-maruyama": 1 / (1 - z / 2) - 1,
        "quarter-noise": z**2 / (16 - 8 * z),
        "stochastic-heun": heun,
        "leimkuhler-matthews": markov,
        "baoab": 0.0,
    }
    found = linear_step(tz.get(name), k, k, dt=dt, mobility=mobility, kT=kT)
    assert found.bias == pytest.approx(expected[name], abs=1e-12)
    if name != "baoab":
        assert found.growth == pytest.approx(1 - z + (z**2 / 2 if name == "stochastic-heun" else 0))


@pytest.mark.long
def test_underdamped_units_solve_it_too(tmp_path):
    given = tables("linear-system", tmp_path, integrator="baoab")
    found = solved(given).figures
    within(found.solution, found.solution_se, SOLUTION, 4.5)
    assert found.step_bias == pytest.approx(0.0, abs=1e-9)


@pytest.mark.long
def test_heat_counts_kinetic_energy(tmp_path):
    """Without friction no heat flows, though potential energy becomes kinetic: to 3 % of what moves to and fro.

    BAOAB then conserves energy but for an error of order dt^2, of each period, that does not grow.
    """
    given = tables("linear-system", tmp_path, integrator="baoab", duration=20.0, relaxation=0.1)
    given["computer"]["mobility"] = 1e6
    found = solved(given).figures
    moved = 1.0 / KT  # b^T A^-1 b / (2 kT), and as much again at rest on the other side
    assert abs(found.heat_mean_kT) < 0.03 * moved
    assert found.heat_se_kT < 0.03 * moved


@pytest.mark.parametrize(("dt", "safe"), [(0.75, True), (0.78, False)])
def test_underdamped_units_bear_steps_of_a_share_of_their_period(tmp_path, dt, safe):
    """BAOAB is stable at stiffness k while k dt^2 < 4 m, whatever the friction; twice the stiffest is asked for."""
    assert (2 * (2 + math.sqrt(2)) * dt**2 < 4) is safe
    given = tables("inverse", tmp_path, integrator="baoab", dt=dt)
    given["computer"]["mobility"] = 10.0  # of overdamped units, dt would have to stay below 0.03
    config = parse(given, catalogue(), Origin("test"))
    if safe:
        assert config.task.law(assemble_machine(config).config).bias == pytest.approx(0.0, abs=1e-9)
        return
    said = (
        rf"dynamics\.dt: dt = {dt} is too long .* 'baoab' must be stable at twice that eigenvalue; choose dt <= 0\.39"
    )
    with pytest.raises(ConfigError, match=said) as caught:
        assemble_machine(config)
    assert len(caught.value.faults) == 1


def test_entries_of_a_large_inverse_are_beside_the_report(tmp_path):
    """65 rows: the report has the trace with its error bar, against the digital one within 4.5 of these."""
    given = tables("inverse", tmp_path, duration=40.0, dimension=65, chains=16)
    del given["task"]["matrix"]
    run = solved(given)
    found = run.figures
    assert found.inverse is found.inverse_se is found.reference.inverse is found.error_bars.inverse is None
    within(found.trace, found.trace_se, found.reference.trace, 4.5)
    assert found.reference.trace == pytest.approx(np.geomspace(1, 10, 65).sum())
    assert run.samples["inverse"].shape == run.samples["inverse_se"].shape == (65, 65)
    assert float(np.trace(run.samples["inverse"])) == pytest.approx(found.trace)


def test_small_eigenvalues_bear_long_steps(tmp_path):
    """A thousandth of the matrix at a thousand times the step and duration: the same, as a clock runs slower.

    What `[computer.potential]` says of stiffness, 2 by default, is no matter.
    """
    slow = {"matrix": A / 1000, "vector": B / 1000, "dt": 50.0, "duration": 4e5}
    given = tables("linear-system", tmp_path, **slow)
    given["computer"]["temperature"] = KT / 1000
    found = solved(given).figures
    within(found.solution, found.solution_se, SOLUTION, 4.5)


def test_a_relaxation_that_is_too_short_is_said_to_be_so(tmp_path):
    run = solved(tables("linear-system", tmp_path, duration=20.0, relaxation=0.01))
    assert any(text.startswith("relaxation is too short") for text in run.warnings)


def test_a_matrix_is_made_where_none_is_given(tmp_path):
    """Of the dimension and condition number that are asked for; its seed is another than that of the noise."""
    given = tables("inverse", tmp_path, duration=20.0, dimension=5, condition=50.0)
    del given["task"]["matrix"]
    one, other = (solved(given | {"seed": seed}).figures for seed in (1, 2))
    assert one.dimension == 5
    assert (one.eigenvalue_smallest, one.eigenvalue_largest) == pytest.approx((0.02, 1.0))
    assert one.reference == other.reference
    assert one.inverse != other.inverse


def test_a_matrix_beyond_the_memory_is_not_made(tmp_path, capsys):
    given = ["run", "inverse", "--set", "task.dimension=100000", "--out", str(tmp_path / "run")]
    assert command(given) == 2
    assert "task.dimension: a matrix of 100,000 x 100,000 and its eigenvalues need more" in capsys.readouterr().err


def test_files_of_three_formats_are_the_same_matrix(tmp_path):
    np.save(tmp_path / "A.npy", A)
    np.savetxt(tmp_path / "A.csv", A, delimiter=",")
    symmetric = "%%MatrixMarket matrix coordinate real symmetric\n3 3 5\n1 1 2\n2 2 2\n3 3 2\n2 1 -1\n3 2 -1\n"
    (tmp_path / "A.mtx").write_text(symmetric)
    (tmp_path / "b.mtx").write_text("%%MatrixMarket matrix array real general\n3 1\n1\n0\n1\n")
    (tmp_path / "b.csv").write_text("1,0,1\n")
    np.save(tmp_path / "b.npy", B)
    found = []
    for end in ("npy", "csv", "mtx"):
        given = tables("linear-system", tmp_path, duration=5.0)
        given["task"] |= {"matrix": str(tmp_path / f"A.{end}"), "vector": str(tmp_path / f"b.{end}")}
        found.append(solved(given).figures)
    assert found[0] == found[1] == found[2]


REFUSED = [
    ({"matrix": np.ones((2, 3))}, r"task\.matrix: expected a square matrix, got 2 x 3"),
    ({"matrix": [[2.0, 1.0], [0.5, 2.0]]}, r"task\.matrix: the matrix is not symmetric: entry \(0, 1\) is 1 and"),
    ({"matrix": [[1.0, 2.0], [2.0, 1.0]]}, r"task\.matrix: .* not positive definite: its smallest eigenvalue is -1,"),
    ({"matrix": [[1.0, 1.0], [1.0, 1.0]]}, r"task\.matrix: the matrix is singular: its smallest eigenvalue is "),
    ({"matrix": [[1.0, np.nan], [np.nan, 1.0]]}, r"task\.matrix: .*A\.npy has nan at \(0, 1\); expected finite"),
    ({"matrix": [["a", "b"]]}, r"task\.matrix: .*A\.npy: it holds strings, and not numbers"),
    ({"vector": [1.0, 2.0]}, r"task\.vector: expected 3 numbers, one a row of the matrix, got 2"),
    ({"vector": np.ones((3, 2))}, r"task\.vector: expected a vector, got a matrix of 3 x 2"),
    (
        {"dt": 0.3},
        r"dynamics\.dt: dt = 0\.3 is too long for the stiffest mode of the matrix, eigenvalue 3\.41421: .* 0\.03",
    ),
    (
        {"dt": 30.0, "duration": 3e4},
        r"dynamics\.dt: dt = 30 is too long for the stiffest mode of the matrix, eigenvalue 3\.41421: .*",
    ),
    ({"vector": np.zeros(3)}, r"task\.vector: expected a vector that is not zero"),
    ({"dimension": 5}, r"task\.dimension: nothing uses it: task\.matrix brings the matrix; leave it out"),
    ({"observe_every": 5000}, r"task\.observe_every: expected 8 observations of a chain at least"),
    ({"condition": 0.5, "matrix": A}, r"task\.condition: condition must be a number from 1 to 1e12, got 0\.5"),
]


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_what_is_no_such_problem_is_one_line(tmp_path, change, said):
    with pytest.raises(ConfigError, match=said) as caught:
        assemble_machine(parse(tables("linear-system", tmp_path, **change), catalogue(), Origin("test")))
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"units": {"x": 5}}, r"computer\.units: the matrix has 3 rows, but the computer 5 units: give 'auto'"),
        ({"units": {"x": 1, "y": 2}}, r"computer\.units: expected one group of units"),
        ({"potential": {"plugin": "quartic"}}, r"computer\.potential: expected plugin = 'quadratic'"),
        ({"connectivity": {"plugin": "ring"}}, r"computer\.connectivity: .*does not couple"),
        ({"interaction": {"plugin": "difference"}}, r"computer\.interaction: expected 'bilinear'"),
    ],
)
def test_a_computer_that_is_not_linear_is_one_line(tmp_path, change, said):
    of_four = {"matrix": np.eye(4) + 0.1, "vector": np.ones(4)} if "connectivity" in change else {}
    given = tables("linear-system", tmp_path, **of_four)
    given["computer"] |= change
    with pytest.raises(ConfigError, match=said):
        assemble_machine(parse(given, catalogue(), Origin("test")))


@pytest.mark.parametrize(
    "broken", ["", "1,2\n3\n", "%%MatrixMarket matrix coordinate complex general\n1 1 1\n1 1 2 3\n"]
)
def test_a_file_that_is_none_ends_with_one_line_and_nothing_written(tmp_path, capsys, broken):
    file = tmp_path / "A.csv"
    if broken:
        file.write_text(broken)
    given = ["run", "linear-system", "--set", f"task.matrix={file}", "--out", str(tmp_path / "run")]
    assert command(given) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert "task.matrix" in lines[0]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("name", "key"), [("linear-system", "linear_system"), ("inverse", "inverse")])
def test_the_packaged_config_leaves_a_report_with_answer_and_reference(tmp_path, capsys, name, key):
    short = ["--set", "dynamics.duration=200", "--set", "task.relaxation=0.5"]
    assert command(["run", name, *short, "--quiet", "--out", str(tmp_path / "run")]) == 0
    assert "off the digital answer; its error bars say" in capsys.readouterr().out
    found = json.loads((tmp_path / "run" / "report.json").read_text())[key]
    answer = "solution" if name == "linear-system" else "inverse"
    assert {answer, f"{answer}_se", "reference", "error_bars", "relative_error"} <= set(found)
    # the length of the error is that of about 8 or 36 independent ones: 2.5 times the expected one is beyond 1e-6
    assert found["relative_error"] < 2.5 * found["relative_error_expected"]
    assert (tmp_path / "run" / "figures" / "error.png").is_file()
    (tmp_path / "run" / "report.html").unlink()
    assert command(["report", str(tmp_path / "run")]) == 0


@few_and_many
@pytest.mark.parametrize("task", ["linear-system", "inverse"])
def test_error_bars_cover_what_they_promise(tmp_path, task, seeds):
    """95 % intervals of an entry."""
    from scipy.stats import t

    width = float(t.ppf(0.975, 15))
    hits = np.zeros(3)
    for seed in range(seeds):
        found = solved(tables(task, tmp_path, seed=seed, chains=16, duration=100.0, relaxation=0.3)).figures
        if task == "linear-system":
            off, error = np.array(found.solution) - SOLUTION, np.array(found.solution_se)
        else:
            places = ([0, 1, 0], [0, 1, 2])
            off, error = (
                (np.array(one) - exact)[places] for one, exact in ((found.inverse, INVERSE), (found.inverse_se, 0))
            )
        hits += np.abs(off) < width * error
    check_cover(hits, seeds)
