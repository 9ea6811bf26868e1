"""Instances: planted energies against a transfer matrix, graphs against networkx, and the table of best known cuts."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

import thermozoo as tz
from thermozoo.errors import ParameterError
from thermozoo.problems.best_known import SOURCES, named_instances


def least_energy_of_a_torus(problem, side):
    """The least energy by a transfer matrix in the algebra of minimum and plus, row by row."""
    rows = np.array(list(itertools.product((-1, 1), repeat=side)))
    matrix = problem.matrix().toarray()
    step = None
    for y in range(side):
        here, below = np.arange(side) + y * side, np.arange(side) + (y + 1) % side * side
        along = sum(matrix[here[x], here[(x + 1) % side]] * rows[:, x] * rows[:, (x + 1) % side] for x in range(side))
        across = np.einsum("ax,x,bx->ab", rows, matrix[here, below], rows)
        both = along[:, None] + across
        step = both if step is None else np.min(step[:, :, None] + both[None], axis=1)
    return np.diagonal(step).min()


@pytest.mark.parametrize("seed", range(3))
def test_no_state_lies_below_a_planted_one(seed):
    planted = tz.planted_spin_glass(6, seed)
    assert planted.problem.energies(planted.state[None])[0] == planted.energy
    assert least_energy_of_a_torus(planted.problem, 6) == planted.energy


def test_a_planted_glass_is_a_torus_and_frustrated():
    planted = tz.planted_spin_glass(8, 5)
    problem = planted.problem
    torus = nx.convert_node_labels_to_integers(nx.grid_2d_graph(8, 8, periodic=True), ordering="sorted")
    assert {tuple(e) for e in problem.edges.tolist()} == {tuple(sorted(e)) for e in torus.edges}
    assert set(np.abs(problem.strengths).tolist()) == {1.0, 2.0}
    # a bond in each of the 32 plaquettes of one color is broken
    assert planted.energy == 2 * 32 - np.abs(problem.strengths).sum()
    assert set(planted.state.tolist()) == {-1, 1}
    assert not np.array_equal(planted.state, tz.planted_spin_glass(8, 6).state)
    assert np.array_equal(problem.strengths, tz.planted_spin_glass(8, 5).problem.strengths)
    with pytest.raises(ParameterError, match="side must be even"):
        tz.planted_spin_glass(5)


def test_all_pairs_of_a_graph_can_be_drawn():
    assert tz.random_max_cut(9, 36).edges.tolist() == [list(e) for e in itertools.combinations(range(9), 2)]


def test_edges_are_drawn_alike():
    """Each of 15 pairs is an edge of 7 / 15 of 600 graphs: none is off by 5 standard errors (1 in 100,000 runs)."""
    counts = np.zeros((6, 6))
    for seed in range(600):
        counts[tuple(tz.random_max_cut(6, 7, seed).edges.T)] += 1
    found = counts[np.triu_indices(6, 1)]
    assert found.sum() == counts.sum() == 4200
    error = np.sqrt(600 * 7 / 15 * 8 / 15)
    assert np.abs(found - 280).max() < 5 * error


def test_signs_are_alike():
    """Of 19,176 weights, half are -1 within 5 standard errors of their sum (6 in 10 million)."""
    one = tz.random_max_cut(800, 19_176, weights="sign")
    assert set(one.strengths.tolist()) == {-1.0, 1.0}
    assert abs(one.total_weight) < 5 * np.sqrt(19_176)


def test_torus_is_that_of_networkx():
    torus = nx.convert_node_labels_to_integers(nx.grid_2d_graph(3, 5, periodic=True), ordering="sorted")
    assert {tuple(e) for e in tz.toroidal_max_cut(3, 5).edges.tolist()} == {tuple(sorted(e)) for e in torus.edges}


def test_strengths_of_a_glass():
    """The sum of n J^2 follows chi^2 with 79,800 degrees of freedom: within 5 standard errors (6 in 10 million)."""
    one = tz.sherrington_kirkpatrick(400, seed=2)
    pairs = len(one.edges)
    assert pairs == 79_800
    assert abs(400 * np.square(one.strengths).sum() - pairs) < 5 * np.sqrt(2 * pairs)


def test_best_known_cuts():
    for name in named_instances():
        known = tz.best_known(name)
        assert {source for source, _ in known.cuts} <= set(SOURCES)
        assert len(dict(known.cuts)) == len(known.cuts)
        assert all(0 < cut <= known.edges for _, cut in known.cuts)
        # lists disagree by less than 1 %, so that "at least 99 %" of one is near the others
        assert min(cut for _, cut in known.cuts) > 0.99 * known.highest
    assert {"G1", "G22", "G43", "G57", "G62", "G81"} <= set(named_instances())
    assert [dict(tz.best_known(g).cuts)["Benlic and Hao 2013"] for g in ("G57", "G62", "G81")] == [3492, 4868, 14030]
    assert any(len({cut for _, cut in tz.best_known(name).cuts}) > 1 for name in named_instances())
    with pytest.raises(ParameterError, match="instance must be one of G1, "):
        tz.best_known("G82")
