"""`tz.anneal`: problems whose optimum is enumerated, objects of other libraries in and out, seeds, bad input."""

from __future__ import annotations

import itertools

import attrs
import networkx as nx
import numpy as np
import pytest
from scipy import sparse

import thermozoo as tz
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.errors import ArgumentError, BudgetError, DataError, ParameterError, ThermozooError
from thermozoo.front.anneal import _engine, spins_of


def random_problem(kind, n=10, share=0.6, seed=3):
    """Return a problem with whole numbers, so that energies are exact."""
    random = np.random.default_rng(seed)
    edges = [pair for pair in itertools.combinations(range(n), 2) if random.random() < share]
    strengths = random.integers(-4, 5, len(edges)).astype(float)
    if kind == "max-cut":
        return tz.IsingProblem(np.zeros(n), edges, strengths, kind=kind)
    fields = random.integers(-4, 5, n).astype(float)
    if kind == "qubo":
        return tz.IsingProblem.from_qubo(fields, edges, strengths, 2.5)
    return tz.IsingProblem(fields, edges, strengths, 2.5)


@pytest.mark.parametrize("method", ["anneal", "tempering"])
@pytest.mark.parametrize("kind", ["max-cut", "ising", "qubo"])
def test_the_optimum_of_small_problems_is_found(kind, method):
    problem = random_problem(kind)
    rungs = 4 if method == "tempering" else None
    found = tz.anneal(problem, reads=8, sweeps=25, seed=1, method=method, rungs=rungs)
    best = problem.optima()
    assert found.best == best.objective
    assert found.best_state.tolist() in best.states.tolist()
    assert found.states.shape == (8, problem.n)
    assert set(found.states.ravel().tolist()) == {-1, 1}
    assert found.energies.tolist() == problem.energies(found.states).tolist()
    assert found.objective.tolist() == problem.objective(found.states).tolist()
    assert found.problem is problem
    assert problem.objective(problem.spins(found.assignment)[None]) == best.objective
    if method == "tempering":
        assert found.acceptance.shape == (3,)
        assert found.round_trips.shape == (8,)
        assert (found.acceptance > 0).all()


@pytest.mark.parametrize("vartype", ["SPIN", "BINARY"])
def test_a_model_of_dimod_comes_back_with_its_labels_and_offset(vartype):
    dimod = pytest.importorskip("dimod")
    random = np.random.default_rng(5)
    labels = ["c", "a", ("b", 1), 4, "d", "e"]
    pairs = {pair: float(random.integers(-5, 6)) for pair in itertools.combinations(labels, 2)}
    model = dimod.BinaryQuadraticModel(dict(zip(labels, random.normal(size=6), strict=True)), pairs, 2.5, vartype)
    found = tz.anneal(model, reads=6, sweeps=30, seed=2)
    samples = found.to_sampleset()
    assert samples.vartype.name == vartype
    assert list(samples.variables) == labels
    assert len(samples) == 6
    assert samples.record.energy == pytest.approx(model.energies(samples), rel=1e-12)
    expected = dimod.ExactSolver().sample(model).first
    assert samples.first.energy == pytest.approx(expected.energy, rel=1e-12)
    assert found.best == pytest.approx(expected.energy, rel=1e-12)
    assert found.assignment == dict(samples.first.sample) == dict(expected.sample)


def test_a_graph_of_networkx():
    graph = nx.petersen_graph()
    nx.set_edge_attributes(graph, {edge: 1.0 + (edge[0] == 0) for edge in graph.edges}, "length")
    graph = nx.relabel_nodes(graph, {k: f"city {k}" for k in graph})
    plain, weighted = (tz.anneal(graph, reads=4, sweeps=30, seed=1, weight=w) for w in ("weight", "length"))
    for one, weight in ((plain, None), (weighted, "length")):
        side = [vertex for vertex, value in one.assignment.items() if value == 1]
        assert nx.cut_size(graph, side, weight=weight) == one.best
    assert weighted.best == tz.ising_problem(graph, weight="length").optima().objective
    assert weighted.best > plain.best == 12


def test_matrices_and_a_file_are_the_same_problem(tmp_path):
    half = np.triu(np.random.default_rng(1).integers(-3, 4, (8, 8)).astype(float), 1)
    lines = [f"{i + 1} {j + 1} {half[i, j]:g}" for i, j in zip(*np.nonzero(half), strict=True)]
    path = tmp_path / "graph"
    path.write_text("\n".join([f"8 {len(lines)}", *lines]) + "\n")
    sources = [half + half.T, half.tolist(), sparse.csr_matrix(half), sparse.coo_array(half + half.T), str(path), path]
    found = [tz.anneal(one, "max-cut", reads=3, sweeps=20, seed=4) for one in sources]
    assert all(np.array_equal(one.states, found[0].states) for one in found)
    assert found[0].best == tz.ising_problem(half, "max-cut").optima().objective
    spins = tz.anneal(half, "ising", reads=3, sweeps=20, seed=4)
    assert spins.best == tz.ising_problem(half, "ising").optima().energy


def test_bits_are_those_of_the_seed():
    problem = random_problem("ising", n=24)
    first, again, other = (tz.anneal(problem, reads=5, sweeps=2, seed=seed) for seed in (7, 7, 8))
    assert np.array_equal(first.states, again.states)
    assert not np.array_equal(first.states, other.states)
    assert len(np.unique(first.states, axis=0)) == 5
    drawn = tz.anneal(problem, reads=5, sweeps=2)
    assert np.array_equal(tz.anneal(problem, reads=5, sweeps=2, seed=drawn.seed).states, drawn.states)
    more = tz.anneal(problem, reads=9, sweeps=2, seed=7)
    assert np.array_equal(more.states[:5], first.states)


@pytest.mark.parametrize("unit", [3 * 2.0**-300, 3 * 2.0**300])
def test_the_unit_of_energy_does_not_matter(unit):
    problem = random_problem("ising", n=24)
    scaled = attrs.evolve(
        problem, fields=problem.fields * unit, strengths=problem.strengths * unit, offset=problem.offset * unit
    )
    one, other = (tz.anneal(p, reads=5, sweeps=3, seed=7) for p in (problem, scaled))
    assert (one.states == other.states).mean() > 0.99  # three is no power of two, so that roundings differ
    assert other.best == pytest.approx(unit * one.best)


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_spins_have_the_energy_of_the_problem(share):
    problem = random_problem("ising", n=9, share=share)
    computer, unit = spins_of(problem)
    states = np.array(list(itertools.product((-1, 1), repeat=9)))
    assert np.array_equal(unit * computer.energy(states.astype(float)) + problem.offset, problem.energies(states))
    assert unit == 2.0 ** round(np.log2(unit))


@pytest.mark.parametrize("rungs", [None, 2])
def test_temperatures_are_kT_in_the_unit_of_the_problem(rungs):
    """One spin in a field, from random states: the best is up unless it begins and ends down, at every rung.

    Of 4,000 reads the share lies within four standard errors: a false alarm in 16,000.
    """
    h, kT, reads = 3.0, 7.0, 4000
    one = tz.IsingProblem([-h], np.empty((0, 2), int), [])
    given = {"cold": kT} if rungs is None else {"cold": kT * (1 - 1e-9), "method": "tempering", "rungs": rungs}
    found = tz.anneal(one, reads=reads, sweeps=1, hot=kT, seed=1, integrator="heat-bath", **given)
    expected = 1 - (0.5 / (1 + np.exp(2 * h / kT))) ** (rungs or 1)
    share = (found.states == 1).mean()
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / reads)


def test_the_last_sweep_is_cold():
    """Uncoupled spins in fields: after one sweep near zero all lie in their fields, whatever was hot before."""
    problem = tz.IsingProblem(np.linspace(-3, 3, 30), np.empty((0, 2), int), [])
    found = tz.anneal(problem, reads=3, sweeps=2, hot=1e3, cold=1e-3, seed=1, integrator="heat-bath")
    assert (found.states == -np.sign(problem.fields)).all()
    assert found.temperatures.tolist() == [1e3, 1e-3]


def test_problems_without_energies_or_of_one_variable():
    flat = tz.anneal(tz.IsingProblem(np.zeros(3), [(0, 2)], [0.0]), reads=2, sweeps=2, seed=1)
    assert flat.energies.tolist() == [0, 0]
    alone = tz.anneal([[-2.0]], "qubo", reads=4, sweeps=5, seed=1)
    assert (alone.best, alone.assignment) == (-2.0, {0: 1})


def test_progress_counts_sweeps():
    for method, rungs in (("anneal", None), ("tempering", 2)):
        done = []
        tz.anneal(random_problem("ising"), reads=2, sweeps=13, seed=1, method=method, rungs=rungs, progress=done.append)
        assert sum(done) == 13


def test_it_shows_itself():
    found = tz.anneal(random_problem("qubo"), reads=4, sweeps=20, seed=1)
    for said in (repr(found), found._repr_html_()):
        assert "least value" in said
        assert "20 sweeps of metropolis, cooled from kT" in said
    assert found._repr_html_().startswith("<table>")
    ladder = tz.anneal(random_problem("max-cut"), reads=1, sweeps=5, seed=1, method="tempering", rungs=3)
    assert "largest cut" in repr(ladder)
    assert "at 3 temperatures" in repr(ladder)


def test_auto_takes_the_engine_that_suits_the_work_and_threads_are_those_of_the_compiled_one():
    law = tz.Dynamics(spins_of(random_problem("ising"))[0], tz.get("metropolis"), 1.0, "single")
    assert _engine("auto", None, law, 4, 10).name == "reference"
    assert _engine("auto", None, law, 4, 10**6).name == "compiled"
    chosen = _engine("auto", 3, law, 4, 10**6)
    assert isinstance(chosen, CompiledEngine)
    assert chosen.threads == 3


@pytest.mark.long
@pytest.mark.parametrize("method", ["anneal", "tempering"])
def test_engines_and_threads_give_the_same_states(method):
    for problem in (random_problem("ising", n=200, share=0.05), random_problem("ising", n=150, share=1.0)):
        given = {"reads": 20, "sweeps": 30, "seed": 5, "method": method}
        reference = tz.anneal(problem, engine="reference", **given)
        for threads in (1, 3):
            assert np.array_equal(
                tz.anneal(problem, threads=threads, engine="compiled", **given).states, reference.states
            )


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"kind": None}, DataError, "the matrix does not say what its variables are: state the kind"),
        ({"kind": "sat"}, ParameterError, "kind must be one of"),
        ({"problem": 3.0}, ThermozooError, "expected a path|must be square"),
        ({"problem": "no/such/file"}, DataError, "no/such/file"),
        ({"problem": np.diag([1.0, 2.0])}, ParameterError, "couples 0 with itself"),
        ({"problem": [[0, np.nan], [0, 0]]}, ParameterError, "finite"),
        ({"reads": 0}, ParameterError, "reads must be a whole number of 1 or more, got 0"),
        ({"sweeps": 2.5}, ArgumentError, "sweeps must be a whole number of 1 or more, got 2.5"),
        ({"sweeps": 10**12}, BudgetError, r"above the limit of 4.0 GiB: take fewer, or raise byte_limit"),
        ({"reads": 10**10}, BudgetError, "10,000,000,000 reads of 2 variables"),
        ({"seed": -1}, ParameterError, "seed"),
        ({"hot": 0}, ParameterError, "hot must be positive"),
        ({"hot": "warm"}, ArgumentError, "hot must be positive"),
        ({"cold": 1e-30}, ParameterError, "cold is kT in the unit of the problem's energies, .* got 1e-30"),
        ({"cold": 50.0}, ParameterError, "cold must be at most hot, got cold 50 and hot 2, by default: give hot and"),
        ({"hot": 1, "cold": 1, "method": "tempering"}, ParameterError, "cold must be below hot"),
        ({"method": "quantum"}, ParameterError, "method must be one of anneal, tempering, got 'quantum'"),
        ({"rungs": 4}, ParameterError, "rungs are those of tempering"),
        ({"method": "tempering", "rungs": 1}, ParameterError, "rungs must be a whole number of 2 or more"),
        ({"integrator": "euler-maruyama"}, ParameterError, "'euler-maruyama'"),
        ({"integrator": "metropolic"}, ThermozooError, "did you mean 'metropolis'"),
        ({"integrator": "quartic"}, ArgumentError, "integrator must be"),
        ({"engine": "fast"}, ThermozooError, "no engine is called 'fast'"),
        ({"engine": CompiledEngine}, ArgumentError, "engine must be"),
        ({"threads": 0}, ParameterError, "threads must be a whole number from 1"),
        ({"threads": 2, "engine": "reference"}, ParameterError, "threads are those of the compiled engine"),
        ({"precision": "half"}, ParameterError, "precision must be one of single, double"),
        ({"progress": 1}, ArgumentError, "progress must be a function"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(given, error, said):
    given = {"problem": [[0, 1], [0, 0]], "kind": "ising", "reads": 2, "sweeps": 2, **given}
    with pytest.raises(error, match=said) as caught:
        tz.anneal(given.pop("problem"), given.pop("kind"), **given)
    assert "\n" not in str(caught.value)
