"""Connectivities against networkx, counts and enumeration: nothing here knows how they list their pairs."""

from __future__ import annotations

import itertools
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from thermozoo_plugins.connectivities import Edges, Lattice, Layered, RandomRegular, Ring

import thermozoo as tz
from thermozoo.computer.connect import connect
from thermozoo.computer.layout import Layout
from thermozoo.errors import ParameterError, ShapeError


def pairs(connectivity, n):
    """The pairs of a connectivity on one group; every pair listed once."""
    listed = [frozenset(e) for e in connect(connectivity, Layout({"units": n})).edges.tolist()]
    assert len(set(listed)) == len(listed)
    return set(listed)


def pairs_of_graph(graph):
    return {frozenset(e) for e in graph.edges}


@given(st.integers(1, 14), st.integers(1, 16))
def test_a_closed_ring_is_a_circulant_graph(n, neighbors):
    graph = nx.circulant_graph(n, range(1, neighbors + 1))
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    assert pairs(Ring(neighbors=neighbors), n) == pairs_of_graph(graph)


@given(st.integers(1, 14), st.integers(1, 16))
def test_an_open_ring_is_a_power_of_a_path(n, neighbors):
    assert pairs(Ring(neighbors=neighbors, closed=False), n) == pairs_of_graph(nx.power(nx.path_graph(n), neighbors))


@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=4))
def test_a_lattice_is_a_grid_graph(axes):
    shape, periodic = zip(*axes, strict=True)
    # networkx names its axes the other way round; units are numbered row by row
    graph = nx.grid_graph(dim=shape[::-1], periodic=periodic[::-1])
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    number = {place: k for k, place in enumerate(itertools.product(*map(range, shape)))}
    if len(shape) == 1:
        number = {place: k for (place,), k in number.items()}
    expected = pairs_of_graph(nx.relabel_nodes(graph, number))
    assert pairs(Lattice(shape=shape, periodic=periodic), math.prod(shape)) == expected
    if len(set(periodic)) == 1:
        assert pairs(Lattice(shape=list(shape), periodic=periodic[0]), math.prod(shape)) == expected


def test_a_periodic_lattice_of_a_million_units():
    """Every unit has four neighbors, and each of them is one step away."""
    side = 1000
    couplings = connect(Lattice(shape=[side, side], periodic=True), Layout({"a": 1, "b": side**2 - 1}))
    assert couplings.size == 2 * side**2
    assert np.array_equal(np.bincount(couplings.edges.ravel()), np.full(side**2, 4))
    apart = np.abs(np.diff(np.stack(np.divmod(couplings.edges, side)), axis=2))[..., 0]
    assert np.array_equal(np.sort(np.minimum(apart, side - apart), axis=0)[:, 0], [0, 1])
    assert np.array_equal(np.minimum(apart, side - apart).sum(axis=0), np.ones(2 * side**2))


@pytest.mark.parametrize(
    ("shape", "count"), [([2], 1), ([1], 0), ([2, 2], 4), ([2, 3], 9), ([2, 1, 2], 4), ([4, 1], 4)]
)
def test_short_sides_that_are_periodic(shape, count):
    """Two neighbors are coupled once, though both ways round lead from one to the other; one unit has no neighbor."""
    assert len(pairs(Lattice(shape=shape, periodic=True), math.prod(shape))) == count


def test_a_lattice_without_shape_is_a_line():
    assert pairs(Lattice(), 5) == pairs_of_graph(nx.path_graph(5))
    assert pairs(Lattice(periodic=True), 5) == pairs_of_graph(nx.cycle_graph(5))


@given(st.integers(2, 24).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n - 1))), st.integers(0, 2**63 - 1))
def test_a_random_regular_graph(sizes, seed):
    n, degree = sizes
    if n * degree % 2:
        with pytest.raises(ShapeError, match=rf"degree = {degree} of {n} units makes {n * degree} ends.*odd"):
            pairs(RandomRegular(degree=degree, seed=seed), n)
        return
    found = pairs(RandomRegular(degree=degree, seed=seed), n)
    graph = nx.Graph(map(tuple, found))
    assert set(graph.nodes) == set(range(n))
    assert nx.is_k_regular(graph, degree)
    assert nx.number_of_selfloops(graph) == 0
    assert found == pairs(RandomRegular(degree=degree, seed=seed), n)


def test_the_same_seed_is_the_same_graph_in_every_version():
    """Written down once: results of runs rest on it."""
    edges = RandomRegular(degree=3, seed=11).edges(Layout({"units": 8}))
    first = [[0, 3], [0, 5], [0, 7], [1, 2], [1, 4], [1, 6]]
    assert edges.tolist() == [*first, [2, 5], [2, 6], [3, 4], [3, 7], [4, 7], [5, 6]]


def test_every_cycle_of_five_is_as_likely():
    """The twelve labelled graphs differ by names only, and names are drawn alike; fails by chance once in 1,000."""
    count = 2400
    layout = Layout({"units": 5})
    seen = {}
    for seed in range(count):
        graph = RandomRegular(degree=2, seed=seed).edges(layout).tobytes()
        seen[graph] = seen.get(graph, 0) + 1
    assert len(seen) == 12
    assert stats.chisquare(list(seen.values())).pvalue > 1e-3


@pytest.mark.parametrize(
    ("n", "degree", "count"), [(3, 2, 1), (4, 2, 3), (4, 3, 1), (6, 1, 15), (6, 2, 70), (6, 3, 70)]
)
def test_every_graph_of_few_units_comes_and_no_other(n, degree, count):
    """Of few units most draws have pairs that are wrong, of some none can be switched; `count` labelled graphs.

    The rarest has a share of 1/200 or more, so that one is missed once in 10^4 times.
    """
    layout = Layout({"units": n})
    seen = {RandomRegular(degree=degree, seed=seed).edges(layout).tobytes() for seed in range(40 * count)}
    graphs = [np.frombuffer(one, dtype=np.int64).reshape(-1, 2).tolist() for one in seen]
    assert len(graphs) == count
    for graph in graphs:
        assert len({frozenset(e) for e in graph}) == len(graph) == n * degree / 2
        assert nx.is_k_regular(nx.Graph(graph), degree)


def test_few_wrong_pairs_are_switched_in_a_large_graph():
    edges = RandomRegular(degree=5).edges(Layout({"units": 20_000}))
    assert np.array_equal(np.bincount(edges.ravel()), np.full(20_000, 5))
    assert len(np.unique(edges, axis=0)) == len(edges)
    # one of degree 3 or more hangs together almost surely
    assert nx.is_connected(nx.Graph(edges.tolist()))


def test_layers():
    layout = Layout({"a": 2, "b": 3, "c": 0, "d": 2, "e": 1})
    couplings = connect(Layered(), layout)
    expected = {frozenset((i, j)) for i in (0, 1) for j in (2, 3, 4)} | {frozenset((i, 7)) for i in (5, 6)}
    assert {frozenset(e) for e in couplings.edges.tolist()} == expected
    assert couplings.blocks is not None
    assert connect(Layered(), Layout({"a": 4})).size == 0


@pytest.mark.parametrize(
    ("connectivity", "n", "said"),
    [
        (Lattice(shape=[3, 4]), 13, r"'lattice': shape \[3, 4\] holds 3 x 4 = 12 units, but the computer has 13"),
        (RandomRegular(degree=4), 4, r"'random-regular': degree = 4 needs more than 4 units, but the computer has 4"),
        (RandomRegular(degree=3), 5, r"'random-regular': degree = 3 of 5 units makes 15 ends of pairs, which is odd"),
    ],
)
def test_units_that_do_not_fit(connectivity, n, said):
    with pytest.raises(ShapeError, match=f"^connectivity {said}"):
        connect(connectivity, Layout({"units": n}))


@pytest.mark.parametrize(
    ("cls", "settings", "said"),
    [
        (Ring, {"neighbors": 0}, "neighbors must be a whole number of 1 or more, got 0"),
        (Ring, {"neighbors": True}, "neighbors must be a whole number"),
        (Lattice, {"shape": [3, 0]}, "a side of shape must be a whole number of 1 or more, got 0"),
        (Lattice, {"shape": [3, 2.0]}, "a side of shape must be a whole number of 1 or more, got"),
        (Lattice, {"shape": "ab"}, "a side of shape must be a whole number"),
        (Lattice, {"shape": [3], "periodic": 1}, "periodic must be true or false"),
        (Lattice, {"shape": [3, 3], "periodic": [True]}, "periodic has 1 answers, but shape has 2 axes"),
        (RandomRegular, {"degree": -2}, "degree must be a whole number of 1 or more"),
        (RandomRegular, {"seed": -1}, "seed must be a whole number of 0 or more"),
    ],
)
def test_settings_that_are_refused(cls, settings, said):
    with pytest.raises(ParameterError, match=said):
        cls(**settings)


G_SET = "6 9\n1 2 1\n1 3 -1\n2 3 1\n2 4 1\n3 5 1\n4 5 -1\n4 6 1\n5 6 1\n1 6 1\n"


def test_a_g_set_by_enumeration(tmp_path):
    """Maximum cut 6, of two partitions that mirror each other; energy of w s s is 5 - 2 cut = -7."""
    (tmp_path / "G0").write_text(G_SET)
    computer = tz.assemble({"spins": 6}, tz.get("quadratic"), Edges(path=str(tmp_path / "G0")))
    spins = np.array(list(itertools.product((-1.0, 1.0), repeat=6)))
    energies = computer.energy_terms(spins)["coupling"]
    assert energies.min() == -7.0
    assert (energies == -7.0).sum() == 2
    assert computer.couplings.vector.sum() == 5.0
