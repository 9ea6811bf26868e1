"""Colors: no two coupled units share one, every free unit has one, and lattices get few."""

from __future__ import annotations

import attrs
import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thermozoo as tz
from thermozoo import Connectivity
from thermozoo.computer import coloring
from thermozoo.computer.coloring import units_by_color
from thermozoo.computer.terms import TupleCouplings


@attrs.frozen(eq=False)
class Edges(Connectivity):
    name = "edges-of-a-test"
    pairs: object

    def edges(self, layout):
        return self.pairs


def square(width):
    """Edges of a periodic square lattice, by hand; a width above 2 couples no pair twice."""
    site = np.arange(width**2).reshape(width, width)
    return np.concatenate([np.stack([site.ravel(), np.roll(site, -1, axis).ravel()], axis=1) for axis in (0, 1)])


def computer(n, pairs, **options):
    return tz.assemble({"spins": n}, tz.get("spin"), Edges(pairs), **options)


def check(one, pairs):
    """Every free unit has one color, and no pair of free units has the same."""
    colors = units_by_color(one)
    free = np.flatnonzero(one.layout.free)
    assert np.array_equal(np.sort(np.concatenate([np.empty(0, int), *colors])), free)
    of = np.full(one.n, -1)
    for k, units in enumerate(colors):
        assert np.all(np.diff(units) > 0)
        of[units] = k
    for pair in pairs:
        inside = [u for u in pair if of[u] >= 0]
        assert len({of[u] for u in inside}) == len(inside)
    return len(colors)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(2, 30), density=st.floats(0, 1), seed=st.integers(0, 10**6))
def test_random_graphs(n, density, seed):
    upper = np.stack(np.triu_indices(n, 1), axis=1)
    pairs = upper[np.random.default_rng(seed).random(len(upper)) < density]
    count = check(computer(n, pairs), pairs)
    graph = networkx.Graph(pairs.tolist())
    degrees = dict(graph.degree())
    assert count <= 1 + max(degrees.values(), default=0)
    if networkx.is_bipartite(graph):
        assert count == (2 if len(pairs) else 1)


@pytest.mark.parametrize(("width", "colors"), [(4, 2), (64, 2), (3, 3), (7, 3), (21, 3)])
def test_square_lattices(width, colors):
    """Rings of odd length need three."""
    pairs = square(width)
    assert check(computer(width**2, pairs), pairs) == colors


def test_many_units_that_two_colors_do_not_suffice_for():
    pairs = square(45)
    assert coloring._FEW < 45**2
    assert check(computer(45**2, pairs), pairs) <= 5


def test_tuples_are_cliques():
    base = computer(7, np.empty((0, 2), int))
    triples = np.array([[0, 1, 2], [2, 3, 4], [4, 5, 6]])
    one = attrs.evolve(base, terms={"triples": TupleCouplings(7, triples, np.ones(3), tz.get("three-body"))})
    assert check(one, triples) == 3


def test_clamped_units_have_no_color_and_couple_nobody():
    pairs = np.array([(0, 2), (1, 2), (0, 3), (1, 3)])
    one = tz.assemble({"a": 2, "b": 2}, tz.get("spin"), Edges(pairs), clamped=["a"])
    assert [list(units) for units in units_by_color(one)] == [[2, 3]]


def test_dense_blocks_are_colored_as_a_whole():
    """A restricted Boltzmann machine needs two colors, units that are coupled with one another one each."""
    sizes = {"visible": 60, "hidden": 40}
    two = tz.assemble(sizes, tz.get("spin"), tz.get("bipartite"))
    assert check(two, two.couplings.edges) == 2
    within = tz.assemble(sizes, tz.get("spin"), tz.get("bipartite", within=["hidden"]))
    assert check(within, within.couplings.edges) == 41
    dense = tz.assemble({"all": 50}, tz.get("spin"), tz.get("dense"))
    assert check(dense, dense.couplings.edges) == 50


def test_the_coloring_is_the_same_each_time_and_kept():
    one = computer(49, square(7))
    first = units_by_color(one)
    assert units_by_color(one.with_parameters(np.ones(98))) is first
    coloring._KEPT.clear()
    assert all(np.array_equal(a, b) for a, b in zip(first, units_by_color(one), strict=True))
