"""Energies, cuts and values of bits against sums written out, and what a problem refuses."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

import thermozoo as tz
from thermozoo.errors import ArgumentError, ParameterError, ShapeError


def a_problem(seed, n, kind="ising", share=0.6, whole=True):
    random = np.random.default_rng(seed)
    edges = [pair for pair in itertools.combinations(range(n), 2) if random.random() < share]
    draw = (lambda size: random.integers(-5, 6, size=size)) if whole else random.standard_normal
    if kind == "max-cut":
        return tz.IsingProblem(np.zeros(n), edges, draw(len(edges)), kind=kind)
    return tz.IsingProblem(draw(n), edges, draw(len(edges)), float(draw(1)[0]), kind)


def all_states(n):
    return np.array(list(itertools.product((-1, 1), repeat=n)))


def test_energies_are_the_sum_written_out():
    one = a_problem(1, 7)
    for state, energy in zip(all_states(7).tolist(), one.energies(all_states(7)).tolist(), strict=True):
        wanted = one.offset + sum(h * s for h, s in zip(one.fields.tolist(), state, strict=True))
        for (i, j), strength in zip(one.edges.tolist(), one.strengths.tolist(), strict=True):
            wanted += strength * state[i] * state[j]
        assert energy == wanted
    assert np.array_equal(one.objective(all_states(7)), one.energies(all_states(7)))
    assert not one.maximized


def test_many_states_are_worked_on_in_blocks(monkeypatch):
    one, states = a_problem(2, 6), all_states(6)
    whole = one.energies(states)
    monkeypatch.setattr("thermozoo.problems.problem._BLOCK", 30)
    assert np.array_equal(one.energies(states), whole)


def test_cut_and_energy():
    one, states = a_problem(3, 7, "max-cut"), all_states(7)
    graph = nx.Graph()
    graph.add_nodes_from(range(7))
    graph.add_weighted_edges_from((*e, w) for e, w in zip(one.edges.tolist(), one.strengths.tolist(), strict=True))
    cuts = [nx.cut_size(graph, set(np.flatnonzero(s == 1).tolist()), weight="weight") for s in states]
    assert one.maximized
    assert one.objective(states).tolist() == cuts
    total = sum(w for *_, w in graph.edges(data="weight"))
    assert one.total_weight == total
    assert one.energies(states).tolist() == [total - 2 * cut for cut in cuts]
    assert one.energy_of_objective(cuts).tolist() == one.energies(states).tolist()


@pytest.mark.parametrize("whole", [True, False])
def test_a_function_of_bits_and_back(whole):
    random = np.random.default_rng(4)
    n, edges = 7, list(itertools.combinations(range(7), 2))
    draw = (lambda size: random.integers(-9, 10, size=size)) if whole else random.standard_normal
    linear, quadratic, constant = draw(n), draw(len(edges)), 3
    one = tz.IsingProblem.from_qubo(linear, edges, quadratic, constant, labels=list("abcdefg"))
    assert one.kind == "qubo"
    assert one.values == (0, 1)
    matrix = np.diag(linear).astype(float)
    matrix[tuple(np.transpose(edges))] = quadratic
    bits = (all_states(n) + 1) // 2
    wanted = np.einsum("bi,ij,bj->b", bits, matrix, bits) + constant
    again = one.qubo()
    if whole:  # a quarter of a whole number is exact
        assert np.array_equal(one.objective(all_states(n)), wanted)
        assert np.array_equal(again[0], linear)
        assert np.array_equal(again[1], quadratic)
        assert again[2] == constant
    else:
        np.testing.assert_allclose(one.objective(all_states(n)), wanted, rtol=0, atol=1e-13)
        np.testing.assert_allclose(again[0], linear, rtol=0, atol=1e-13)


def test_values_by_label():
    one = tz.IsingProblem.from_qubo([1, 2], [(0, 1)], [-4], labels=["here", ("there", 2)])
    values = [{"here": 1, ("there", 2): 0}, {"here": 1, ("there", 2): 1}]
    spins = one.spins(values)
    assert spins.tolist() == [[1, -1], [1, 1]]
    assert one.objective(spins).tolist() == [1, -1]
    assert one.assignments(spins) == values
    assert one.spins(values[0]).tolist() == [1, -1]
    cut = tz.IsingProblem([0, 0], [(0, 1)], [1], kind="max-cut")
    assert cut.assignments([[1, -1]]) == [{0: 1, 1: -1}]
    with pytest.raises(ParameterError, match="no value for the variable 'here'"):
        one.spins({("there", 2): 0})
    with pytest.raises(ParameterError, match="of kind 'qubo' must be 0 or 1"):
        one.spins({"here": -1, ("there", 2): 0})


def test_the_matrix_is_symmetric():
    one = a_problem(5, 5)
    dense = one.matrix().toarray()
    assert np.array_equal(dense, dense.T)
    assert not dense.diagonal().any()
    assert [dense[i, j] for i, j in one.edges] == one.strengths.tolist()


def test_numbers_of_a_problem_are_its_own():
    fields = np.zeros(2)
    one = tz.IsingProblem(fields, [(0, 1)], [1.0])
    fields[0] = 7
    assert not one.fields.any()
    with pytest.raises(ValueError, match="read-only"):
        one.strengths[0] = 2


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (([], [(0, 1)], [1]), ParameterError, "a problem has 1 to 16,777,216 variables, got 0"),
        (([0, 0], [(0, 1)], [np.nan]), ParameterError, "strengths must be finite, got nan at 0"),
        (([0, np.inf], [(0, 1)], [1]), ParameterError, "fields must be finite, got inf at 1"),
        (([0, 0], [(0, 1)], [1, 2]), ShapeError, "strengths must be as many as edges, 1, got 2"),
        (([0, 0], [(1, 1)], [1]), ParameterError, r"pairs i < j of variables 0 to 1, got \(1, 1\)"),
        (([0, 0], [(0, 2)], [1]), ParameterError, r"pairs i < j of variables 0 to 1, got \(0, 2\)"),
        (([0, 0, 0], [(1, 2), (0, 1)], [1, 1]), ParameterError, r"got \(0, 1\) after one that is not before it"),
        (([0, 0, 0], [(0, 1), (0, 1)], [1, 1]), ParameterError, r"each there once, got \(0, 1\)"),
        (([1, 0], [(0, 1)], [1], 0.0, "max-cut"), ParameterError, "a max-cut has neither fields nor an offset"),
        (([0, 0], [(0, 1)], [1], 2.0, "max-cut"), ParameterError, "a max-cut has neither fields nor an offset"),
        (([0, 0], [(0, 1)], [1], 0.0, "maxcut"), ParameterError, "did you mean 'max-cut'"),
        (([0, 1e308], [(0, 1)], [1.5e308]), ParameterError, "their sum is not finite: scale them"),
        (([0, 0], [(0, 1)], ["strong"]), ArgumentError, "strengths must be real numbers, got strings"),
    ],
)
def test_what_is_refused(arguments, kind, said):
    with pytest.raises(kind, match=said):
        tz.IsingProblem(*arguments)


def test_labels_that_are_refused():
    for labels, said in ((["a"], "as many as variables"), (["a", "a"], "got one twice"), ("ab", "a sequence of names")):
        with pytest.raises((ShapeError, ParameterError, ArgumentError), match=said):
            tz.IsingProblem([0, 0], [(0, 1)], [1], labels=labels)


def test_states_that_are_refused():
    one = tz.IsingProblem([0, 0], [(0, 1)], [1])
    with pytest.raises(ShapeError, match=r"shape \(states, 2\), got \(2,\)"):
        one.energies([1, 1])
    for states in ([[0, 1]], [[1, 2]], [[1.0, np.nan]], [["1", "1"]]):
        with pytest.raises(ParameterError, match="states must be spins, -1 or 1"):
            one.energies(states)
