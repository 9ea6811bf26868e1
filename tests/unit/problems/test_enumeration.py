"""Optima by enumeration, against enumeration by plain loops and against closed forms."""

from __future__ import annotations

import itertools
import math

import networkx as nx
import numpy as np
import pytest

import thermozoo as tz
from thermozoo.errors import ParameterError


@pytest.mark.parametrize(("n", "seed"), [(1, 0), (2, 1), (5, 2), (9, 3), (12, 4), (13, 5)])
def test_every_state_is_looked_at(n, seed):
    """Of 12 and 13 variables the head of the split has one and two."""
    random = np.random.default_rng(seed)
    edges = list(itertools.combinations(range(n), 2))
    strengths = random.integers(-1, 2, size=len(edges))
    one = tz.IsingProblem(random.integers(-1, 2, size=n), np.reshape(edges, (-1, 2)).astype(int), strengths, 0.5)
    states = np.array(list(itertools.product((-1, 1), repeat=n)))
    dense = np.zeros((n, n))
    dense[tuple(np.reshape(edges, (-1, 2)).astype(int).T)] = strengths
    energies = np.einsum("bi,ij,bj->b", states, dense, states) + states @ one.fields + 0.5
    best = one.optima(keep=10**6)
    assert best.energy == best.objective == energies.min()
    assert best.count == (energies == energies.min()).sum()
    assert np.array_equal(best.states, states[energies == energies.min()])


def test_complete_graph():
    """Half the vertices on either side: floor(n^2 / 4) edges are cut, in binomial(n, n / 2) ways."""
    best = tz.ising_problem(nx.complete_graph(16)).optima(keep=7)
    assert (best.objective, best.count) == (64, math.comb(16, 8))
    assert best.states.shape == (7, 16)
    assert not best.states.sum(axis=1).any()


def test_odd_cycle():
    """One edge of it stays whole, any, and the sides may be exchanged; blocks of the head are more than one here."""
    best = tz.ising_problem(nx.cycle_graph(23)).optima()
    assert (best.energy, best.objective, best.count) == (-21, 22, 46)
    assert len(np.unique(best.states, axis=0)) == 46


def test_rounding_parts_no_optima():
    """A complete graph of 13 whose weights are 0.1, no binary number: sums differ by their order alone."""
    graph = nx.complete_graph(13)
    nx.set_edge_attributes(graph, 0.1, "weight")
    assert tz.ising_problem(graph).optima().count == 2 * math.comb(13, 6)


def test_too_many_variables():
    with pytest.raises(ParameterError, match="only up to 26 variables are enumerated, got 27"):
        tz.ising_problem(nx.cycle_graph(27)).optima()
