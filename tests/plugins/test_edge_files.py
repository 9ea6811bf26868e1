"""Files of tuples of units: what scipy and NumPy write is read as it was meant, and every fault is one line."""

from __future__ import annotations

import re

import networkx as nx
import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse
from thermozoo_plugins.connectivities import Edges

from thermozoo.computer.connect import connect, tuples_of
from thermozoo.computer.layout import Layout
from thermozoo.errors import DataError, ShapeError

G_SET = "6 9\n1 2 1\n1 3 -1\n2 3 1\n2 4 1\n3 5 1\n4 5 -1\n4 6 1\n5 6 1\n1 6 1\n"
MATRIX = "%%MatrixMarket matrix coordinate {} {}\n% a comment\n\n{}\n"


@pytest.fixture
def couplings_of(tmp_path):
    def read(name, text, n):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return connect(Edges(path=str(tmp_path / name)), Layout({"units": n}))

    return read


def symmetric(seed, n, share):
    """A random symmetric matrix without diagonal, as scipy holds it."""
    random = np.random.default_rng(seed)
    upper = np.triu(random.standard_normal((n, n)) * (random.random((n, n)) < share), k=1)
    return upper + upper.T


# each example writes a file of its own name
FILES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@FILES
@given(seed=st.integers(0, 10**6), n=st.integers(2, 9), whole=st.booleans(), dense=st.booleans(), full=st.booleans())
def test_what_scipy_writes(tmp_path, seed, n, whole, dense, full):
    matrix = symmetric(seed, n, 0.7)
    matrix[0, 1] = matrix[1, 0] = 1.5  # at least one
    if whole:
        matrix = np.round(2 * matrix).astype(int)
    symmetry = "general" if full else "symmetric"
    file = tmp_path / f"{seed}.mtx"
    scipy.io.mmwrite(file, matrix if dense else sparse.coo_array(matrix), symmetry=symmetry, precision=17)
    assert symmetry in file.read_text().splitlines()[0]
    assert np.array_equal(connect(Edges(path=str(file)), Layout({"a": n})).matrix(), matrix)


def test_a_pattern_has_no_strengths(couplings_of, tmp_path):
    graph = nx.karate_club_graph()
    file = tmp_path / "club.mtx"
    scipy.io.mmwrite(file, nx.to_scipy_sparse_array(graph, weight=None), field="pattern", symmetry="symmetric")
    one = connect(Edges(path=str(file)), Layout({"a": 34}))
    assert {frozenset(e) for e in one.edges.tolist()} == {frozenset(e) for e in graph.edges}
    assert not one.vector.any()
    assert Edges(path=str(file)).strengths(Layout({"a": 34})) is None
    both = couplings_of("both.mtx", MATRIX.format("pattern", "general", "3 3 4\n1 2\n2 1\n3 2\n2 3"), 3)
    assert both.edges.tolist() == [[0, 1], [1, 2]]


def test_a_zero_that_is_stored_is_coupled(couplings_of):
    one = couplings_of("a.mtx", MATRIX.format("real", "symmetric", "3 3 2\n2 1 0\n3 1 2.5"), 3)
    assert one.edges.tolist() == [[0, 1], [0, 2]]
    assert one.vector.tolist() == [0.0, 2.5]


@FILES
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(4, 9),
    order=st.integers(2, 4),
    header=st.sampled_from(["", "i,j,k,l", "unit 1, unit 2, unit_3,unit4", '"i", "j","k", "l"']),
    strengths=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_comma_separated_tuples(tmp_path, seed, n, order, header, strengths, end):
    random = np.random.default_rng(seed)
    tuples = np.unique(np.sort([random.permutation(n)[:order] for _ in range(5)], axis=1), axis=0)
    tuples = random.permuted(random.permutation(tuples), axis=1)
    values = random.standard_normal(len(tuples))
    names = header.split(",")[:order] if header or not strengths else list("ijkl")[:order]
    head = ",".join([*names, "strength"] if strengths else names)
    rows = [list(map(str, units)) for units in tuples.tolist()]
    if strengths:
        rows = [[*row, repr(value)] for row, value in zip(rows, values.tolist(), strict=True)]
    lines = ["# a comment", head, "", *(", ".join(row) for row in rows)]
    file = tmp_path / f"{seed}.csv"
    file.write_bytes(("\ufeff" + "\n".join(lines)).replace("\n", end).encode())
    plugin, layout = Edges(path=str(file)), Layout({"a": 2, "b": n - 2})
    assert np.array_equal(tuples_of(plugin, layout, order), tuples)
    found = plugin.strengths(layout)
    assert np.array_equal(found, values) if strengths else found is None


def test_a_file_is_read_once(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("0,1\n")
    plugin, layout = Edges(path=str(file)), Layout({"a": 3})
    assert plugin.edges(layout).tolist() == [[0, 1]]
    file.write_text("1,2\n")
    assert plugin.edges(layout).tolist() == [[0, 1]]
    assert Edges(path=str(file)).edges(layout).tolist() == [[1, 2]]


CSV = [
    ("", "a.csv lists no tuple of units: expected at least one"),
    ("# nothing\n\n", "lists no tuple"),
    ("i,j\n", "lists no tuple"),
    ("0,1\n2,2\n", "line 2: couples unit 2 with itself"),
    ("0,1,2\n0,2,0\n", "line 2: names unit 0 twice"),
    ("0,1\n# a comment\n\n1,2\n1,0\n0,1\n", "line 5: couples the units 0 and 1 again, as line 1 does"),
    ("0,1,2\n2,0,1\n", "line 2: couples the units 0, 1, 2 again, as line 1 does"),
    ("0,1\n0,-1\n", "line 2: no unit -1: units are numbered from 0"),
    ("0,1\n0,4\n", "line 2: no unit 4: the computer has 4 units, numbered 0 to 3"),
    ("0,1\n0,99999999999\n", "line 2: no unit 99999999999"),
    (f"0,1\n0,{'9' * 5000}\n", "line 2: expected the number of a unit, a whole number, got '9999"),
    ("0,1\n0,1.5\n", "line 2: expected the number of a unit, a whole number, got '1.5'"),
    ("0,1\n0,nan\n", "line 2: expected the number of a unit, a whole number, got 'nan'"),
    ("0,nan\n", "line 1: expected the number of a unit, a whole number, got 'nan'"),
    ("0,1_0\n", "line 1: expected the number of a unit, a whole number, got '1_0'"),
    ("0,\u0663\n", "line 1: expected the number of a unit, a whole number, got"),
    ("0,1\n0,\n", "line 2: expected the number of a unit, a whole number, got nothing"),
    ("0\n1\n", "line 1: expected two or more columns of units, got 1"),
    ("i,strength\n0,1\n", "line 1: expected two or more columns of units, got 1"),
    ("0,1\r\n0,1,2\r\n", "line 2: has 3 columns, but line 1 has 2"),
    ("i,j,strength\n0,1\n", "line 2: has 2 columns, but line 1 has 3"),
    ("i,j,strength\n0,1,nan\n", "line 2: expected a strength, a finite number, got 'nan'"),
    ("i,j,strength\n0,1,-inf\n", "line 2: expected a strength, a finite number, got '-inf'"),
    ("i,j,strength\n0,1,1e999\n", "line 2: expected a strength, a finite number, got '1e999'"),
    ("i,j,strength\n0,1,strong\n", "line 2: expected a strength, a finite number, got 'strong'"),
    ("i,j,weight\n0,1,2\n", "line 1: the column 'weight' is neither a unit nor a strength"),
    ("i,j,J\n0,1,2\n", "line 1: the column 'J' is neither a unit nor a strength"),
    ("strength,i,j\n0,1,2\n", "line 1: the column 'strength' is neither"),
    ("Once upon a time\n", "line 1: the column 'Once upon a time' is neither"),
    ('0,1\n0,"2\n', "line 2: no comma-separated values: unexpected end of data"),
    (b"0,1\n0,2\n\xff\xfe,3\n", "line 3: no UTF-8 text (byte 0xff)"),
    (b"0,1\n0,\x00\n", r"line 2: expected the number of a unit, a whole number, got '\x00'"),
]

MARKET = [
    ("", "line 1: expected a Matrix Market file, which begins with %%MatrixMarket"),
    ("%%MatrixMarket\n", "line 1: expected %%MatrixMarket and object, format, field, symmetry, got 0 words"),
    (
        MATRIX.format("complex", "symmetric", "3 3 1\n2 1 1 0"),
        "line 1: the field 'complex' is no symmetric real matrix",
    ),
    (
        MATRIX.format("real", "hermitian", "3 3 1\n2 1 1"),
        "line 1: the symmetry 'hermitian' is no symmetric real matrix",
    ),
    (MATRIX.format("real", "skew-symmetric", "3 3 1\n2 1 1"), "line 1: the symmetry 'skew-symmetric' is no symmetric"),
    ("%%MatrixMarket vector coordinate real general\n", "line 1: the object 'vector' is no symmetric real matrix"),
    (MATRIX.format("real", "general", "4 4 2\n2 1 1\n1 2 2"), "entry (2, 1) is 1, and entry (1, 2) is 2"),
    (MATRIX.format("real", "general", "4 4 2\n2 1 1\n3 1 2"), "line 5: the matrix is not symmetric: entry (2, 1) is 1"),
    (
        MATRIX.format("real", "general", "4 4 3\n2 1 1\n1 2 1\n1 2 1"),
        "line 7: couples the units 1 and 2 again, as line 6",
    ),
    (MATRIX.format("real", "symmetric", "4 4 2\n2 1 1\n1 2 1"), "line 6: couples the units 1 and 2 again, as line 5"),
    (MATRIX.format("real", "symmetric", "4 4 2\n2 1 1\n3 3 1"), "line 6: couples unit 3 with itself"),
    (MATRIX.format("real", "symmetric", "4 4 1\n5 1 1"), "line 5: no unit 5: units are numbered from 1 to 4"),
    (MATRIX.format("real", "symmetric", "4 4 1\n1 0 1"), "line 5: no unit 0: units are numbered from 1 to 4"),
    (MATRIX.format("real", "symmetric", "4 4 1\n2 1 nan"), "line 5: expected a strength, a finite number, got 'nan'"),
    (MATRIX.format("real", "symmetric", "4 4 1\n2 1"), "line 5: expected row, column and value, got '2 1'"),
    (MATRIX.format("pattern", "symmetric", "4 4 1\n2 1 1"), "line 5: expected row and column, got '2 1 1'"),
    (MATRIX.format("real", "symmetric", "4 4 2\n2 1 1"), "line 4: says 2 entries, but the file has 1"),
    (MATRIX.format("real", "symmetric", "4 4 1\n2 1 1\n3 1 1"), "line 6: is entry 2, but line 4 says 1"),
    (MATRIX.format("real", "symmetric", "4 4 0"), "lists no tuple"),
    (MATRIX.format("real", "symmetric", "4 5 1\n2 1 1"), "line 4: expected a square matrix, got 4 x 5"),
    (MATRIX.format("real", "symmetric", "4 4"), "line 4: expected the numbers of rows, columns and entries, got '4 4'"),
    (MATRIX.format("real", "symmetric", "5 5 1\n2 1 1"), "line 4: it is for 5 units, but the computer has 4"),
    (
        "%%MatrixMarket matrix coordinate real general\n% x\n",
        "expected the numbers of rows, columns and entries, got ''",
    ),
    (
        "%%MatrixMarket matrix array real general\n2 2\n0\n1\n2\n0\n",
        "line 4: the matrix is not symmetric: entry (2, 1)",
    ),
    ("%%MatrixMarket matrix array real symmetric\n2 2\n3\n1\n0\n", "line 3: couples unit 1 with itself"),
    ("%%MatrixMarket matrix array real symmetric\n2 2\n0\n1\n0\n5", "line 6: is entry 4, but line 2 says 3"),
    ("%%MatrixMarket matrix array pattern general\n2 2\n", "line 1: the field 'pattern' goes with"),
]

G_SETS = [
    ("", "line 1: expected the numbers of units and of pairs of a G-set file, such as 800 19176, got ''"),
    ("0,1\n1,2\n", "names of comma-separated files end in .csv"),
    (G_SET.replace("6 9", "6 8", 1), "line 1: says 8 pairs, but the file has 9"),
    (G_SET.replace("6 9", "6 10", 1), "line 1: says 10 pairs, but the file has 9"),
    (G_SET.replace("2 4 1", "0 4 1"), "line 5: no unit 0: units are numbered from 1 to 6"),
    (G_SET.replace("2 4 1", "7 4 1").replace("\n", "\r\n"), "line 5: no unit 7: units are numbered from 1 to 6"),
    (G_SET.replace("2 4 1", "2 1 1"), "line 5: couples the units 1 and 2 again, as line 2 does"),
    (G_SET.replace("2 4 1", "4 4 1"), "line 5: couples unit 4 with itself"),
    (G_SET.replace("2 4 1", "2 4"), "line 5: expected two units and a weight, got '2 4'"),
    (G_SET.replace("2 4 1", "2 4 1 1"), "line 5: expected two units and a weight, got '2 4 1 1'"),
    (G_SET.replace("2 4 1", "2 4 inf"), "line 5: expected a strength, a finite number, got 'inf'"),
    (f"# a comment\n{G_SET}", "line 1: expected the numbers of units and of pairs of a G-set file"),
    (f"{G_SET}# a comment\n", "line 11: expected the number of a unit, a whole number, got '#'"),
    (G_SET, "line 1: it is for 6 units, but the computer has 4"),
    (
        b"\x1f\x8b\x08\x00",
        "line 1: no UTF-8 text (byte 0x8b): expected a .csv, Matrix Market or G-set file, not packed",
    ),
]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [("a.csv", *row) for row in CSV] + [("a.mtx", *row) for row in MARKET] + [("G0", *row) for row in G_SETS],
)
def test_faults_name_file_and_line(couplings_of, tmp_path, name, text, said):
    with pytest.raises((DataError, ShapeError)) as caught:
        couplings_of(name, text, 4)
    message = str(caught.value)
    assert said in message
    assert str(tmp_path / name) in message
    assert "\n" not in message
    assert len(message) < 500


@pytest.mark.parametrize("place", ["nowhere.csv", "", ".", "~nobody-of-this-name/a.csv", "a\0.csv", "x" * 5000])
def test_a_place_that_holds_no_file(monkeypatch, tmp_path, place):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"^cannot read the edge file "):
        Edges(path=place).edges(Layout({"a": 2}))


SEEDS = [
    G_SET.encode(),
    b"i,j,strength\n0,1,0.5\n1,2,-1\n",
    b"0,1,2\n1,2,3\n",
    MATRIX.format("real", "symmetric", "3 3 2\n2 1 0.5\n3 1 -1").encode(),
    MATRIX.format("integer", "general", "3 3 2\n2 1 4\n1 2 4").encode(),
    b"%%MatrixMarket matrix array real symmetric\n2 2\n0\n1\n0\n",
]
PIECES = b'|\n|\r|,| |0|-|nan|%|#|"|i|1e9|99999999999999999999|\x00|\xff|\xe2\x80\xa8'.split(b"|")


@FILES
@given(
    start=st.sampled_from(SEEDS) | st.binary(max_size=60),
    changes=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 3), st.sampled_from(PIECES)), max_size=4),
    name=st.sampled_from(["a.csv", "a.mtx", "G0"]),
    n=st.integers(1, 7),
)
def test_whatever_is_in_a_file_is_read_or_refused_on_one_line(tmp_path, start, changes, name, n):
    content = start
    for place, length, piece in changes:
        content = content[:place] + piece + content[place + length :]
    (tmp_path / name).write_bytes(content)
    plugin, layout = Edges(path=str(tmp_path / name)), Layout({"a": n})
    refused = ""
    try:
        units = plugin.edges(layout)
    except (DataError, ShapeError) as error:
        refused = str(error)
    if refused:
        assert re.search(r", line \d+: |lists no tuple", refused)
        assert refused.isprintable()
        return
    assert units.min() >= 0
    assert units.max() < n
    assert len({frozenset(row) for row in units.tolist()}) == len(units)
    assert all(len(set(row)) == units.shape[1] for row in units.tolist())
    strengths = plugin.strengths(layout)
    assert strengths is None or (strengths.shape == (len(units),) and np.isfinite(strengths).all())
    tuples_of(plugin, layout, units.shape[1])
