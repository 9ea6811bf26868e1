"""Problems from files: every format means what its page says, and every fault is one line with the line's number."""

from __future__ import annotations

import itertools
import re
import tracemalloc

import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

import thermozoo as tz
from thermozoo.errors import DataError, ParameterError

G_SET = "6 9\n1 2 1\n1 3 -1\n2 3 1\n2 4 1\n3 5 1\n4 5 -1\n4 6 1\n5 6 1\n1 6 1\n"
MATRIX = "%%MatrixMarket matrix coordinate {} {}\n% a comment\n\n{}\n"


@pytest.fixture
def problem_of(tmp_path):
    def read(name, text, kind=None):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return tz.ising_problem(tmp_path / name, kind)

    return read


def all_bits(n):
    return np.array(list(itertools.product((0, 1), repeat=n)))


def values_of(matrix):
    """x^T Q x of all bits."""
    bits = all_bits(len(matrix))
    return np.einsum("bi,ij,bj->b", bits, matrix, bits)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_graph_with_negative_weights(problem_of, end):
    """Its third column is a weight, and no vertex: cut 6, where 25 would come of the target taken for the weight."""
    graph = problem_of("G0", G_SET.replace("\n", end))
    assert graph.kind == "max-cut"
    assert list(graph.labels) == [1, 2, 3, 4, 5, 6]
    assert graph.total_weight == 5
    best = graph.optima()
    assert (best.objective, best.energy, best.count) == (6, -7, 2)
    assert np.array_equal(best.states[0], -best.states[1])
    assert best.energy == 5 - 2 * best.objective
    lines = [tuple(map(int, line.split())) for line in G_SET.splitlines()[1:]]
    side = graph.assignments(best.states)[0]
    assert sum(w for i, j, w in lines if side[i] != side[j]) == 6


def test_other_kinds_of_a_graph(problem_of):
    spins = problem_of("G0", G_SET, "ising")
    assert (spins.kind, spins.optima().energy, spins.optima().objective) == ("ising", -7, -7)


@pytest.mark.parametrize("name", ["gka0.sparse", "gka0"])
def test_a_qubo_of_biq_mac(problem_of, name):
    """Q is symmetric and each entry is there once; what is on the diagonal is linear."""
    text = "# a comment\n4 6\n1 1 -7\n1 2 3\n2 2 -5\n2 4 -6\n3 4 2\n4 4 9\n"
    one = problem_of(name, text, None if name.endswith("sparse") else "qubo")
    matrix = np.array([[-7, 3, 0, 0], [3, -5, 0, -6], [0, 0, 0, 2], [0, -6, 2, 9]])
    assert one.kind == "qubo"
    assert np.array_equal(one.objective(2 * all_bits(4) - 1), values_of(matrix))


FILES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)


@FILES
@given(seed=st.integers(0, 10**6), dense=st.booleans(), form=st.sampled_from(["full", "symmetric", "upper"]))
def test_matrices_that_scipy_writes(tmp_path, seed, dense, form):
    random, n = np.random.default_rng(seed), 5
    matrix = random.integers(-4, 5, size=(n, n)).astype(float)
    matrix[0, 1] = 1.5  # at least one
    matrix = {"full": matrix, "upper": np.triu(matrix), "symmetric": np.tril(matrix) + np.tril(matrix, -1).T}[form]
    matrix[1, 0] = matrix[1, 0] or (1.5 if form == "symmetric" else 0)
    matrix = np.maximum(matrix, matrix.T) if form == "symmetric" else matrix
    file = tmp_path / "a.mtx"

    def write(what):
        scipy.io.mmwrite(
            file,
            what if dense else sparse.coo_array(what),
            symmetry="symmetric" if form == "symmetric" else "general",
            precision=17,
        )

    write(matrix)
    bits = tz.ising_problem(file, "qubo")
    assert np.array_equal(bits.objective(2 * all_bits(n) - 1), values_of(matrix))
    assert list(bits.labels) == [1, 2, 3, 4, 5]
    off = matrix - np.diag(np.diagonal(matrix))
    write(off)
    if form == "full" and not np.array_equal(off, off.T):
        with pytest.raises(DataError, match=r"line \d+: the matrix is not symmetric: entry"):
            tz.ising_problem(file, "ising")
        return
    spins = tz.ising_problem(file, "ising")
    assert np.array_equal(spins.matrix().toarray(), off if form == "symmetric" else off + off.T)


def test_lists_of_edges(problem_of):
    text = "# a comment\r\nsource, target, strength\r\n7, 3, 2\r\n3, 40, -1.5\r\n"
    one = problem_of("a.csv", text, "ising")
    assert list(one.labels) == [3, 7, 40]
    assert one.edges.tolist() == [[0, 1], [0, 2]]
    assert one.strengths.tolist() == [2, -1.5]
    assert problem_of("a.csv", "0,1\n1,2\n2,0\n", "max-cut").optima().objective == 2
    assert problem_of("a.csv", "i,j,strength\n0,0,-1\n0,1,3\n", "qubo").optima().objective == -1


def test_coordinates(problem_of):
    text = "0 0 0.5\n0 7 -1\n\n7 2 2e0\n"
    spins = problem_of("a.txt", text, "ising")
    assert list(spins.labels) == [0, 2, 7]
    assert spins.fields.tolist() == [0.5, 0, 0]
    assert spins.matrix().toarray()[2].tolist() == [-1, 2, 0]
    bits = problem_of("a.txt", text, "qubo")
    values = [x * 0.5 - x * z + 2 * y * z for x, y, z in all_bits(3)]
    assert bits.objective(2 * all_bits(3) - 1).tolist() == values
    for header, kind in (("# vartype=SPIN", "ising"), ("#vartype: BINARY", "qubo")):
        assert problem_of("a.txt", f"{header}\n{text}").kind == kind
    assert problem_of("a.txt", "# vartype=SPIN\n0 7 -1\n", "max-cut").kind == "max-cut"


UNSTATED = "does not say what its variables are: state the kind, 'ising' (they are -1 or 1), 'qubo' (0 or 1) or"

FAULTS = [
    # the line's number is that of the file, whatever its lines end with
    ("G0", G_SET.replace("6 9", "6 8", 1), None, "line 1: says 8 pairs, but the file has 9"),
    ("G0", G_SET.replace("6 9", "6 10", 1), None, "line 1: says 10 pairs, but the file has 9"),
    ("G0", G_SET.replace("2 4 1", "0 4 1"), None, "line 5: no variable 0: variables are numbered from 1 to 6"),
    ("G0", G_SET.replace("2 4 1", "7 4 1").replace("\n", "\r\n"), None, "line 5: no variable 7"),
    ("G0", G_SET.replace("2 4 1", "2 1 1"), None, "line 5: couples the variables 1 and 2 again, as line 2 does"),
    ("G0", G_SET.replace("2 4 1", "4 4 1"), None, "line 5: couples variable 4 with itself"),
    ("G0", G_SET.replace("2 4 1", "2 4"), None, "line 5: expected two variables and a weight, got '2 4'"),
    ("G0", G_SET.replace("2 4 1", "2 4 nan"), None, "line 5: expected a strength, a finite number, got 'nan'"),
    ("G0", G_SET.replace("2 4 1", "2 4 -inf"), None, "line 5: expected a strength, a finite number, got '-inf'"),
    ("G0", G_SET.replace("2 4 1", "2 4 heavy"), None, "line 5: expected a strength, a finite number, got 'heavy'"),
    ("G0", f"# a comment\n{G_SET}", None, "line 1: expected the numbers of variables and of pairs of a G-set"),
    ("G0", f"{G_SET}# a comment\n", None, "line 11: expected the number of a variable, a whole number, got '#'"),
    ("G0", "", None, "line 1: expected the numbers of variables and of pairs of a G-set file"),
    ("G0", "6 0\n", None, "lists no tuple of variables: expected at least one"),
    ("G0", "3 1\n1 2 0\n", None, "has no coefficient that is not zero: there is nothing to minimize"),
    ("G0", "2147483647 1\n1 2 1\n", None, "line 1: says 2147483647 variables; expected at most 16,777,216"),
    ("G0", b"\x1f\x8b\x08\x00", None, "line 1: no UTF-8 text (byte 0x8b)"),
    ("a.sparse", "4 0\n", None, "lists no tuple of variables: expected at least one"),
    ("a.sparse", "4 1\n2 2 0\n", None, "has no coefficient that is not zero: there is nothing to minimize"),
    ("a.sparse", "# a\n4 2\n1 1 1\n1 1 2\n", None, "line 4: couples the variables 1 and 1 again, as line 3 does"),
    ("a.sparse", "4 1\n2 2 1\n", "max-cut", "line 2: couples variable 2 with itself"),
    ("a.txt", "0 0 1\n0 1 2\n", None, UNSTATED),
    ("a.txt", "0 0 1\n0 1 2\n", "max-cut", "line 1: couples variable 0 with itself"),
    ("a.txt", "# vartype=BINARY\n0 1 2\n", "ising", "line 1: says vartype=BINARY, but the kind is stated as 'ising'"),
    ("a.txt", "# vartype=INTEGER\n0 1 2\n", None, "line 1: expected vartype=SPIN or vartype=BINARY, got 'INTEGER'"),
    ("a.txt", "0 1 2\n1 0 3\n", "ising", "line 2: couples the variables 0 and 1 again, as line 1 does"),
    ("a.txt", "0 1 2\n1 0\n", "ising", "line 2: expected row, column and value, got '1 0'"),
    ("a.txt", "0 1 2\n-1 0 1\n", "ising", "line 2: no variable -1: variables are numbered from 0"),
    ("a.txt", "0 1 1e308\n1 2 1e308\n", "ising", "are so large that their sum is not finite"),
    ("a.csv", "i,j,strength\n0,1,2\n", None, UNSTATED),
    ("a.csv", "0,1,2\n", "ising", "line 1: expected pairs of variables, got 3 columns of them: where the last one has"),
    ("a.csv", "0,1\n", "ising", "has no strengths, and is a problem of kind 'ising'"),
    ("a.csv", "", "qubo", "lists no tuple of variables"),
    ("a.mtx", MATRIX.format("real", "symmetric", "3 3 1\n2 1 1"), None, UNSTATED),
    ("a.mtx", MATRIX.format("real", "symmetric", "3 3 1\n2 2 1"), "ising", "line 5: couples variable 2 with itself"),
    ("a.mtx", MATRIX.format("real", "general", "3 3 2\n1 2 1\n2 1 3"), "ising", "entry (1, 2) is 1, and entry (2, 1)"),
    ("a.mtx", MATRIX.format("real", "general", "3 3 2\n1 2 1\n1 2 3"), "qubo", "line 6: couples the variables 1 and 2"),
    ("a.mtx", MATRIX.format("pattern", "symmetric", "3 3 1\n2 1"), "qubo", "has no strengths"),
    ("a.mtx", MATRIX.format("real", "general", "3 4 1\n2 1 1"), "qubo", "line 4: expected a square matrix, got 3 x 4"),
    ("a.mtx", "1 2\n", "qubo", "line 1: expected a Matrix Market file"),
    ("a.mtx", MATRIX.format("real", "symmetric", f"{10**9} {10**9} 1\n2 1 1"), "qubo", "line 4: says 1000000000 varia"),
    ("a.mtx", f"%%MatrixMarket matrix array real general\n{10**9} {10**9}\n1\n", "qubo", "line 2: says 10000000000000"),
]


@pytest.mark.parametrize(("name", "text", "kind", "said"), FAULTS)
def test_faults_name_file_and_line(problem_of, tmp_path, name, text, kind, said):
    with pytest.raises(DataError) as caught:
        problem_of(name, text, kind)
    message = str(caught.value)
    assert said in message
    assert str(tmp_path / name) in message
    assert message.isprintable()
    assert len(message) < 500


@pytest.mark.parametrize("place", ["nowhere.csv", "", ".", "~nobody-of-this-name/a.csv", "a\0.csv"])
def test_a_place_that_holds_no_file(monkeypatch, tmp_path, place):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"^cannot read the edge file "):
        tz.ising_problem(place, "ising")
    with pytest.raises(ParameterError, match="kind must be one of max-cut, ising, qubo"):
        tz.ising_problem(place, "spin")


@pytest.mark.parametrize(
    ("name", "text", "refused"),
    [
        ("G0", "2147483647 1\n1 2147483647 1\n", True),
        ("a.txt", "0 2147483647 1\n", False),
        ("a.csv", "i,j,strength\n0,2147483647,1\n", False),
        ("a.mtx", MATRIX.format("real", "symmetric", "2147483647 2147483647 1\n2147483647 1 1"), True),
    ],
)
def test_what_a_file_declares_is_not_allocated(problem_of, name, text, refused):
    """Two variables take some kilobytes; as many as are declared would take 17 gigabytes."""
    tracemalloc.start()
    try:
        if refused:
            with pytest.raises(DataError, match="expected at most 16,777,216"):
                problem_of(name, text, "ising")
        else:
            assert list(problem_of(name, text, "ising").labels) == [0, 2147483647]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2**20


SEEDS = [
    G_SET.encode(),
    b"i,j,strength\n0,1,0.5\n1,2,-1\n",
    b"# vartype=SPIN\n0 0 1\n0 3 -2.5\n",
    b"# a comment\n3 3\n1 1 2\n1 2 -1\n2 3 4\n",
    MATRIX.format("real", "symmetric", "3 3 2\n2 1 0.5\n3 1 -1").encode(),
    MATRIX.format("integer", "general", "3 3 2\n2 1 4\n1 2 4").encode(),
    b"%%MatrixMarket matrix array real symmetric\n2 2\n0\n1\n0\n",
]
PIECES = b'|\n|\r|,| |0|-|nan|%|#|"|i|1e308|99999999999999999999|\x00|\xff|\xe2\x80\xa8'.split(b"|")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(
    start=st.sampled_from(SEEDS),
    changes=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 3), st.sampled_from(PIECES)), max_size=4),
    name=st.sampled_from(["a.csv", "a.mtx", "a.sparse", "G0"]),
    kind=st.sampled_from([None, "ising", "qubo", "max-cut"]),
)
def test_whatever_is_in_a_file_is_read_or_refused_on_one_line(tmp_path, start, changes, name, kind):
    content = start
    for place, length, piece in changes:
        content = content[:place] + piece + content[place + length :]
    (tmp_path / name).write_bytes(content)
    refused = ""
    try:
        problem = tz.ising_problem(tmp_path / name, kind)
    except DataError as error:
        refused = str(error)
    if refused:
        assert re.search(r", line \d+: |lists no tuple|does not say|no coefficient|not finite|no strengths", refused)
        assert refused.isprintable()
        return
    assert kind in (None, problem.kind)
    assert np.isfinite(problem.energies(np.ones((1, problem.n)))).all()
    assert len(problem.labels) == problem.n
