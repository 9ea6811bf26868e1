"""Couplings against the dense matrix they stand for, and against loops over pairs."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from thermozoo_plugins.connectivities import Bipartite, Dense

from thermozoo import Connectivity
from thermozoo.computer.connect import connect, strengths_of, tuples_of
from thermozoo.computer.couplings import DenseCouplings, EdgeCouplings
from thermozoo.computer.layout import Layout
from thermozoo.errors import PluginError, ShapeError


def listed(edges, strengths=None):
    @attrs.frozen
    class Listed(Connectivity):
        name = "listed"

        def edges(self, layout):
            return edges

        def strengths(self, layout):
            return strengths

    return Listed()


@st.composite
def couplings(draw):
    """Couplings of every structure, with drawn strengths: blocks, few edges (sparse), many edges (dense)."""
    kind = draw(st.sampled_from(["dense", "bipartite", "within", "sparse", "many"]))
    if kind in ("sparse", "many"):
        n = draw(st.integers(12, 16) if kind == "sparse" else st.integers(3, 6))
        pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
        most = n // 2 if kind == "sparse" else len(pairs)
        chosen = draw(st.lists(st.sampled_from(pairs), unique=True, min_size=1, max_size=most))
        flips = draw(st.lists(st.booleans(), min_size=len(chosen), max_size=len(chosen)))
        edges = np.array([(j, i) if f else (i, j) for (i, j), f in zip(chosen, flips, strict=True)])
        empty = connect(listed(edges), Layout({"a": n}))
    else:
        sizes = {g: draw(st.integers(0, 4)) for g in ("a", "b", "c")}
        sizes["d"] = draw(st.integers(1, 3))
        structure = {"dense": Dense(), "bipartite": Bipartite(), "within": Bipartite(within=["b", "d"])}
        empty = connect(structure[kind], Layout(sizes))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    return empty.with_vector(random.standard_normal(empty.size))


def matrix_of(one):
    """The matrix by a loop over edges."""
    full = np.zeros((one.n, one.n))
    for (i, j), value in zip(one.edges, one.vector, strict=True):
        full[i, j] += value
        full[j, i] += value
    return full


@given(couplings(), st.integers(0, 10**6), st.sampled_from([np.float32, np.float64]))
def test_product_energy_and_outer(one, seed, dtype):
    random = np.random.default_rng(seed)
    x = random.standard_normal((2, 3, one.n)).astype(dtype)
    r = random.standard_normal((2, 3, one.n)).astype(dtype)
    matrix = matrix_of(one)
    eps = np.finfo(dtype).eps
    product = one.product(x)
    assert product.dtype == dtype
    assert product.shape == x.shape
    bound = (one.n + 3) * eps * (np.abs(x).astype(float) @ np.abs(matrix))
    assert np.all(np.abs(product - x.astype(float) @ matrix) <= bound)
    # every pair once
    energy = np.zeros(x.shape[:-1])
    size = np.zeros(x.shape[:-1])
    for (i, j), value in zip(one.edges, one.vector, strict=True):
        energy += value * x[..., i].astype(float) * x[..., j]
        size += np.abs(value * x[..., i].astype(float) * x[..., j])
    assert np.all(np.abs(one.energy(x) - energy) <= 2 * (one.n + 3) * eps * (size + 1e-30))
    contracted = one.contract(r, x)
    assert contracted.dtype == np.float64
    for e, (i, j) in enumerate(one.edges):
        terms = [
            float(v) for a, b in zip(r.reshape(-1, one.n), x.reshape(-1, one.n), strict=True)
            for v in (float(a[i]) * float(b[j]), float(a[j]) * float(b[i]))
        ]  # fmt: skip
        assert abs(contracted[e] - sum(terms)) <= 16 * eps * sum(map(abs, terms))


@given(couplings())
def test_structure_is_symmetric_without_diagonal_each_pair_once(one):
    pairs = {frozenset(map(int, e)) for e in one.edges}
    assert len(pairs) == one.size == len(one.vector)
    assert all(len(p) == 2 for p in pairs)
    assert np.array_equal(one.matrix(), matrix_of(one))
    assert np.array_equal(one.matrix(), one.matrix().T)
    if one.blocks is not None:
        rebuilt = np.zeros((one.n, one.n))
        for block in one.blocks:
            rebuilt[block.rows, block.columns] = block.values
            rebuilt[block.columns, block.rows] = block.values.T
        assert np.array_equal(rebuilt, one.matrix())
    if isinstance(one, DenseCouplings):
        for blocks in ([p.once(one.vector) for p in one.parts], [b.values for b in one.blocks]):
            parts = [p.couplings(block) for p, block in zip(one.parts, blocks, strict=True)]
            assert np.array_equal(np.concatenate([*parts, []]), one.vector)
        assert all(not np.any(p.once(one.vector).T[p.places]) for p in one.parts if p.places is not None)


@given(couplings(), st.integers(0, 10**6))
def test_vector_round_trip(one, seed):
    vector = np.random.default_rng(seed).standard_normal(one.size)
    other = one.with_vector(vector)
    assert np.array_equal(other.vector, vector)
    assert np.array_equal(other.edges, one.edges)
    assert type(other) is type(one)
    vector[:] = 0.0  # the couplings keep a copy
    assert one.size == 0 or np.any(other.vector != 0.0)


@given(couplings())
def test_norms(one):
    matrix = matrix_of(one)
    assert one.norm() == pytest.approx(np.linalg.norm(matrix), rel=1e-12)
    assert one.spectral_norm() == pytest.approx(np.linalg.norm(matrix, 2), rel=1e-9, abs=1e-12)


def test_the_spectral_norm_of_a_large_matrix():
    empty = connect(Bipartite(within=["b"]), Layout({"a": 50, "b": 40}))
    one = empty.with_vector(np.random.default_rng(3).standard_normal(empty.size))
    assert one.spectral_norm() == pytest.approx(np.linalg.norm(matrix_of(one), 2), rel=5e-3)
    assert one.spectral_norm() == one.spectral_norm()


def test_few_edges_are_sparse_and_many_dense():
    n = 30
    few = connect(listed([(i, i + 1) for i in range(n - 1)]), Layout({"a": n}))
    many = connect(listed([(i, j) for i in range(n) for j in range(i + 1, n)]), Layout({"a": n}))
    assert isinstance(few, EdgeCouplings)
    assert few.blocks is None
    assert len(many.blocks) == 1
    assert isinstance(connect(Dense(), Layout({"a": n})), DenseCouplings)


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        (None, "returned None: one must return pairs"),
        ([(0, 3)], "names unit 3, but units are numbered 0 to 2"),
        ([(-1, 2)], "names unit -1, but units are numbered 0 to 2"),
        ([(1, 1)], "couples unit 1 with itself"),
        ([(0, 1), (1, 0)], r"the pair \(0, 1\) more than once"),
        ([(0.0, 1.0)], "must return integers of shape"),
        ([0, 1, 2], "must return integers of shape"),
        ([(0,), (1,)], "must return integers of shape"),
        ([(0, 1), (2,)], "must return integers of shape .*, got rows of unequal length"),
    ],
)
def test_bad_edges(edges, said):
    with pytest.raises(ShapeError, match=rf"^connectivity 'listed': .*{said}.* \(.*\.py, line \d+\)$"):
        connect(listed(edges), Layout({"a": 3}))


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ([(0, 1, 2), (1, 3, 1)], r"has a unit twice in the tuple \(1, 1, 3\)"),
        ([(0, 1, 2), (1, 3, 2), (2, 1, 0)], r"the tuple \(0, 1, 2\) more than once"),
        ([(0, 1, 4)], "names unit 4, but units are numbered 0 to 3"),
    ],
)
def test_bad_tuples(edges, said):
    with pytest.raises(ShapeError, match=rf"^connectivity 'listed': edges\(layout\) .*{said}.* \(.*\.py, line \d+\)$"):
        tuples_of(listed(edges), Layout({"a": 4}), 3)


def test_tuples_of_any_order_keep_the_order_of_their_units():
    edges = [(2, 0, 1), (3, 1, 0)]
    assert tuples_of(listed(edges), Layout({"a": 4}), 3).tolist() == [[2, 0, 1], [3, 1, 0]]
    assert tuples_of(listed([(3, 1)]), Layout({"a": 4}), 2).tolist() == [[3, 1]]
    assert tuples_of(listed([]), Layout({"a": 4}), 3).shape == (0, 3)
    assert tuples_of(Dense(), Layout({"a": 2, "b": 1}), 2).tolist() == [[0, 1], [0, 2], [1, 2]]
    layout = Layout({"a": 3, "b": 2})
    bipartite = Bipartite(within=["b"])
    assert np.array_equal(tuples_of(bipartite, layout, 2), connect(bipartite, layout).edges)


def test_an_order_that_the_interaction_does_not_have():
    said = "connectivity 'listed' has tuples of 3 units, the interaction 'bilinear' couples 2: take"
    with pytest.raises(ShapeError, match=f"^{said}"):
        connect(listed([(0, 1, 2)]), Layout({"a": 3}))
    said = "connectivity 'listed' has tuples of 2 units, the interaction 'three-body' couples 3: take"
    with pytest.raises(ShapeError, match=f"^{said}"):
        tuples_of(listed([(0, 1)]), Layout({"a": 3}), 3, "three-body")
    with pytest.raises(ShapeError, match=r"^connectivity 'dense' has tuples of 2 units, the interaction 'x' couples 4"):
        tuples_of(Dense(), Layout({"a": 3}), 4, "x")


def test_strengths_that_are_stated():
    layout = Layout({"a": 3})
    one = connect(listed([(2, 1), (0, 2)], np.array([2, -1])), layout)
    assert one.matrix().tolist() == [[0, 0, -1], [0, 0, 2], [-1, 2, 0]]
    assert one.vector.dtype == np.float64
    assert strengths_of(listed([(2, 1), (0, 2)], [2, -1]), layout, 2).tolist() == [2.0, -1.0]
    assert strengths_of(listed([(2, 1)]), layout, 1).tolist() == [0.0]

    @attrs.frozen
    class Weighted(Connectivity):
        name = "weighted"

        def blocks(self, layout):
            return [("a", "a")]

        def strengths(self, layout):
            return np.array([1.0, 2.0, 3.0])

    assert connect(Weighted(), layout).matrix().tolist() == [[0, 1, 2], [1, 0, 3], [2, 3, 0]]


@pytest.mark.parametrize(
    ("strengths", "said"),
    [
        ([1.0], r"got float64 of shape \(1,\)"),
        ([1.0, np.nan], "got nan for tuple 1"),
        ([1.0, -np.inf], "got -inf for tuple 1"),
        (["1", "2"], r"got strings of shape \(2,\)"),
        ([True, False], r"got booleans of shape \(2,\)"),
        ([1j, 2], r"got complex128 of shape \(2,\)"),
        ([[1, 2], [3]], "got rows of unequal length"),
    ],
)
def test_bad_strengths(strengths, said):
    expected = r"strengths\(layout\) must return 2 finite numbers, one a tuple, or None, "
    with pytest.raises(ShapeError, match=rf"^connectivity 'listed': {expected}{said} \(.*\.py, line \d+\)$"):
        connect(listed([(0, 1), (1, 2)], strengths), Layout({"a": 3}))


def test_what_a_connectivity_raises_names_the_line():
    @attrs.frozen
    class Misspelt(Connectivity):
        name = "misspelt"

        def edges(self, layout):
            return np.arrange(layout.n)

    said = r"^Misspelt\.edges raised AttributeError: .*arrange.*test_couplings\.py, line \d+: 'return np\.arrange"
    with pytest.raises(PluginError, match=said):
        connect(Misspelt(), Layout({"a": 3}))


@pytest.mark.parametrize("returned", [["a"], [("a", 1)], 3, [("a", "a", "a")]])
def test_blocks_that_are_no_pairs_of_groups(returned):
    @attrs.frozen
    class Odd(Connectivity):
        name = "odd"

        def blocks(self, layout):
            return returned

    with pytest.raises(ShapeError, match=r"^connectivity 'odd': blocks\(layout\) must return pairs of names of groups"):
        connect(Odd(), Layout({"a": 3}))


def test_a_group_that_is_not_there_names_the_connectivity():
    @attrs.frozen
    class Absent(Connectivity):
        name = "absent"

        def edges(self, layout):
            return layout.slice("input")

    with pytest.raises(ShapeError, match=r"^connectivity 'absent': no group is called 'input'; groups: a$"):
        connect(Absent(), Layout({"a": 3}))


def test_no_edges_at_all():
    one = connect(listed([]), Layout({"a": 3}))
    assert one.size == 0
    assert one.product(np.ones((2, 3))).tolist() == [[0.0] * 3] * 2
    assert one.spectral_norm() == 0.0


def test_a_pair_of_groups_listed_twice():
    @attrs.frozen
    class Twice(Connectivity):
        name = "twice"

        def blocks(self, layout):
            return [("a", "b"), ("b", "a")]

    with pytest.raises(ShapeError, match="coupled more than once"):
        connect(Twice(), Layout({"a": 1, "b": 1}))


@pytest.mark.parametrize("structure", [Dense(), listed([(0, 1), (1, 2)])])
def test_a_vector_of_the_wrong_length(structure):
    one = connect(structure, Layout({"a": 3}))
    with pytest.raises(ShapeError, match=rf"couplings must have shape \({one.size},\), got"):
        one.with_vector(np.zeros(one.size + 1))
