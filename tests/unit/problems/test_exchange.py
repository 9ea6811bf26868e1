"""Problems from and to dimod, NetworkX, SciPy and NumPy, whose own energies and cuts are the oracle."""

from __future__ import annotations

import itertools
import sys

import networkx as nx
import numpy as np
import pytest
from scipy import sparse

import thermozoo as tz
from thermozoo.errors import ArgumentError, DataError, LibraryError, ParameterError, ShapeError


@pytest.fixture
def dimod():
    return pytest.importorskip("dimod")


def all_states(n):
    return np.array(list(itertools.product((-1, 1), repeat=n)), dtype=np.int8)


def a_model(dimod, vartype, seed=0):
    random = np.random.default_rng(seed)
    labels = ["c", "a", ("b", 1), 4, "d"]
    pairs = {pair: float(random.integers(-5, 6)) for pair in itertools.combinations(labels, 2) if random.random() < 0.8}
    linear = {label: float(random.integers(-5, 6)) for label in labels}
    return dimod.BinaryQuadraticModel(linear, {(v, u): b for (u, v), b in pairs.items()}, 2.5, vartype)


@pytest.mark.parametrize(("vartype", "kind"), [("SPIN", "ising"), ("BINARY", "qubo")])
def test_a_model_of_dimod(dimod, vartype, kind):
    model = a_model(dimod, vartype)
    one = tz.ising_problem(model)
    assert (one.kind, list(one.labels)) == (kind, list(model.variables))
    values = one.assignments(all_states(5))
    energies = [model.energy(value) for value in values]
    assert one.energies(all_states(5)).tolist() == energies
    assert one.to_dimod() == model
    found = dimod.ExactSolver().sample(model).lowest()
    best = one.optima()
    assert (best.energy, best.count) == (found.first.energy, len(found))
    samples = one.to_sampleset(all_states(5))
    assert samples.vartype.name == vartype
    assert samples.record.energy.tolist() == energies
    assert [dict(sample) for sample in samples.samples(sorted_by=None)] == values
    assert np.array_equal(one.spins(list(samples.samples(sorted_by=None))), all_states(5))
    with pytest.raises(ParameterError, match="change_vartype makes one of the other type"):
        tz.ising_problem(model, "max-cut")


def test_a_max_cut_as_a_model(dimod):
    graph = tz.random_max_cut(6, 9, seed=3, weights="sign")
    model = graph.to_dimod()
    assert model.vartype.name == "SPIN"
    assert model.energies((all_states(6), list(range(6)))).tolist() == graph.energies(all_states(6)).tolist()


@pytest.mark.parametrize(("vartype", "header"), [("SPIN", True), ("BINARY", True), ("BINARY", False)])
def test_a_file_that_dimod_writes(dimod, tmp_path, vartype, header):
    from dimod.serialization import coo

    linear, pairs = {0: 1.5, 3: -2.0, 9: 0.0}, {(0, 3): -1.0, (3, 9): 4.0}
    model = dimod.BinaryQuadraticModel(linear, pairs, 0.0, vartype)
    file = tmp_path / "model.txt"
    file.write_text(coo.dumps(model, vartype_header=header))
    assert tz.ising_problem(file, None if header else "qubo").to_dimod() == model


@pytest.mark.parametrize("coefficient", [float("nan"), float("inf")])
def test_a_model_whose_coefficients_are_no_numbers(dimod, coefficient):
    for linear, pairs, where in (({"a": coefficient}, {}, "'a'"), ({}, {("a", "b"): coefficient}, "('")):
        with pytest.raises(ParameterError) as caught:
            tz.ising_problem(dimod.BinaryQuadraticModel(linear, pairs, 0.0, "SPIN"))
        assert f"the model has {coefficient:g} at {where}" in str(caught.value)


def test_an_empty_model(dimod):
    with pytest.raises((ParameterError, DataError), match="no coefficient that is not zero"):
        tz.ising_problem(dimod.BinaryQuadraticModel.empty("BINARY"))


def test_without_dimod(monkeypatch):
    monkeypatch.setitem(sys.modules, "dimod", None)
    one = tz.random_max_cut(3, 2)
    for call in (one.to_dimod, lambda: one.to_sampleset([[1, 1, 1]])):
        with pytest.raises(LibraryError, match=r"dimod is not installed: pip install 'thermozoo\[dimod\]'"):
            call()


def test_a_graph_of_networkx():
    random = np.random.default_rng(1)
    graph = nx.karate_club_graph()
    nx.set_edge_attributes(graph, {e: {"weight": int(random.integers(-3, 4))} for e in graph.edges})
    one = tz.ising_problem(graph)
    states = 2 * random.integers(2, size=(20, 34)) - 1
    cuts = [
        nx.cut_size(graph, {v for v, s in zip(graph, row, strict=True) if s == 1}, weight="weight") for row in states
    ]
    assert one.kind == "max-cut"
    assert one.objective(states).tolist() == cuts
    back = one.to_networkx()
    assert {frozenset(e): w for *e, w in back.edges(data="weight")} == {
        frozenset(e): w for *e, w in graph.edges(data="weight")
    }
    other = nx.Graph()
    other.add_edge("a", "b", length=3)
    other.add_edge("b", "c")
    assert tz.ising_problem(other, weight="length").strengths.tolist() == [3, 1]


@pytest.mark.parametrize("kind", ["ising", "qubo", "max-cut"])
def test_there_and_back_through_networkx(kind):
    edges, values, labels = [(0, 1), (0, 3), (2, 3)], [1.0, -2.5, 3.0], ["w", "x", "y", "z"]
    if kind == "qubo":
        one = tz.IsingProblem.from_qubo([1, 0, -2, 5], edges, values, 7, labels=labels)
    elif kind == "ising":
        one = tz.IsingProblem([1, 0, -2, 5], edges, values, 7, labels=labels)
    else:
        one = tz.IsingProblem([0, 0, 0, 0], edges, values, kind=kind, labels=labels)
    again = tz.ising_problem(one.to_networkx())
    assert (again.kind, again.labels) == (kind, one.labels)
    assert again.objective(all_states(4)).tolist() == one.objective(all_states(4)).tolist()


@pytest.mark.parametrize("wrap", [np.array, sparse.csr_array, sparse.coo_matrix, list])
def test_matrices(wrap):
    full = np.array([[-1, 2, 0], [3, 0, 1], [0, -5, 4]])
    bits = (all_states(3) + 1) // 2
    wanted = np.einsum("bi,ij,bj->b", bits.astype(int), full, bits.astype(int))
    one = tz.ising_problem(wrap(full), "qubo")
    assert one.objective(all_states(3)).tolist() == wanted.tolist()
    q = one.to_scipy().toarray()
    assert not np.tril(q, -1).any()
    assert np.array_equal(q, np.triu(full) + np.tril(full, -1).T)
    symmetric = np.array([[0, 2, 0], [2, 0, -1.5], [0, -1.5, 0]])
    for given in (symmetric, np.triu(symmetric), np.tril(symmetric)):
        spins = tz.ising_problem(wrap(given), "ising")
        s = all_states(3).astype(float)
        assert spins.energies(s).tolist() == (np.einsum("bi,ij,bj->b", s, symmetric, s) / 2).tolist()
        assert np.array_equal(spins.to_scipy().toarray(), symmetric)


def test_entries_of_one_place_add_up():
    twice = sparse.coo_array(([1.0, 2.0], ([0, 0], [1, 1])), shape=(2, 2))
    assert tz.ising_problem(twice, "ising").strengths.tolist() == [3]
    assert twice.nnz == 2
    both = sparse.coo_array(([1.0, 2.0, 3.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    assert tz.ising_problem(both, "ising").strengths.tolist() == [3]


def test_fields_have_no_place_in_a_matrix():
    with pytest.raises(ParameterError, match=r"take problem\.matrix\(\) and problem\.fields"):
        tz.IsingProblem([1, 0], [(0, 1)], [1]).to_scipy()


def loop():
    graph = nx.path_graph(3)
    graph.add_edge("a", "a")
    return graph


def weighted(value):
    graph = nx.Graph()
    graph.add_edge("a", "b", weight=value)
    return graph


@pytest.mark.parametrize(
    ("source", "kind", "error", "said"),
    [
        (loop(), None, ParameterError, "the graph couples 'a' with itself: remove the self-loop"),
        (nx.DiGraph([(0, 1)]), None, ParameterError, "expected an undirected graph .* directed"),
        (nx.MultiGraph([(0, 1), (0, 1)]), None, ParameterError, "a multigraph"),
        (weighted("heavy"), None, ArgumentError, "the graph must have real numbers as weights, got 'heavy'"),
        (weighted(None), None, ArgumentError, "real numbers as weights, got None"),
        (weighted(np.nan), None, ParameterError, r"the graph has nan at \('a', 'b'\); expected finite numbers"),
        (nx.empty_graph(3), None, DataError, "the graph has no coefficient that is not zero"),
        (nx.empty_graph(0), None, DataError, "the graph has no coefficient that is not zero"),
        (np.ones((2, 3)), "qubo", ShapeError, r"the matrix must be square, got shape \(2, 3\)"),
        (np.zeros((0, 0)), "qubo", ShapeError, r"must be square, got shape \(0, 0\)"),
        ([[1, 2], [3]], "qubo", ShapeError, "got rows of unequal length"),
        (np.zeros((2, 2)), "qubo", DataError, "no coefficient that is not zero"),
        (np.ones((2, 2)), None, DataError, "the matrix does not say what its variables are: state the kind"),
        (np.ones((2, 2)), "ising", ParameterError, "the matrix couples 0 with itself: leave the diagonal out"),
        (
            np.array([[0, 1], [2, 0]]),
            "max-cut",
            ParameterError,
            r"entry \(0, 1\) is 1, and \(1, 0\) is 2",
        ),
        (np.array([[0, np.inf], [0, 0]]), "ising", ParameterError, r"the matrix has inf at \(0, 1\)"),
        (np.array([["a"]]), "qubo", ArgumentError, "expected a path, a dimod BinaryQuadraticModel"),
        (None, "qubo", ArgumentError, "expected a path, a dimod BinaryQuadraticModel"),
        (3, "qubo", ShapeError, r"must be square, got shape \(\)"),
        (np.ones((2, 2)), "spins", ParameterError, "kind must be one of max-cut, ising, qubo"),
    ],
)
def test_what_is_refused(source, kind, error, said):
    with pytest.raises(error, match=said) as caught:
        tz.ising_problem(source, kind)
    assert str(caught.value).isprintable()


def test_a_problem_is_one_already():
    one = tz.IsingProblem([0, 0], [(0, 1)], [1])
    assert tz.ising_problem(one) is one
    assert tz.ising_problem(one, "max-cut").kind == "max-cut"
    with pytest.raises(ParameterError, match="neither fields nor an offset"):
        tz.ising_problem(tz.IsingProblem([1, 0], [(0, 1)], [1]), "max-cut")
