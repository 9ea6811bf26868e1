"""Values as files: what comes back is what was written, and nothing else is read."""

from __future__ import annotations

import io
import json
import math
import pickle
import random
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from thermozoo.checkpoints.values import (
    UnkeptError,
    file_digest,
    read_rows,
    read_value,
    size_of,
    value_digest,
    write_value,
)
from thermozoo.errors import DataError

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | arrays.arrays(arrays.scalar_dtypes(), arrays.array_shapes(min_dims=0, min_side=0)).filter(
        lambda one: one.dtype.kind in "biufcUS"
    )
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.integers(), st.text()), inner)
        | st.sets(st.integers())
    ),
    max_leaves=8,
)


def alike(one, other):
    if isinstance(one, np.ndarray | np.generic):
        return type(one) is type(other) and one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and (one == other or (isinstance(one, float) and math.isnan(one)))


@given(value=VALUES)
def test_a_value_comes_back_bit_for_bit(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("value") / "one.npz"
    seal = write_value(value, path)
    assert seal == file_digest(path)
    assert seal[1] == path.stat().st_size <= size_of(value) + 1000
    assert alike(value, read_value(path))


def test_arrays_may_be_written_to_and_may_lie_as_columns(tmp_path):
    columns = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    write_value([columns], tmp_path / "one.npz")
    (found,) = read_value(tmp_path / "one.npz")
    found += 1
    assert np.array_equal(found, columns + 1)


@pytest.mark.parametrize("value", [object(), np.array([object()]), {"a": [print]}, np.datetime64("2020-01-01")])
def test_what_is_no_value_is_refused_and_leaves_no_file(tmp_path, value):
    with pytest.raises(UnkeptError):
        size_of(value)
    with pytest.raises(UnkeptError):
        write_value(value, tmp_path / "one.npz")
    assert not list(tmp_path.iterdir())


def archive(path, tree, **content):
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("tree.npy", npy(np.frombuffer(json.dumps(tree).encode(), np.uint8)))
        for name, held in content.items():
            made.writestr(f"{name}.npy", held)


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_a_pickle_is_not_read(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    file = io.BytesIO()
    np.save(file, np.array([Evil()], dtype=object), allow_pickle=True)
    archive(tmp_path / "one.npz", {"array": 0}, a0=file.getvalue())
    with pytest.raises(DataError):
        read_value(tmp_path / "one.npz")
    (tmp_path / "two.npz").write_bytes(pickle.dumps([Evil()]))
    with pytest.raises(DataError):
        read_value(tmp_path / "two.npz")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("shape", [(10**15,), (2**62, 4), (3, 0, 10**18, 0), (-1,)])
def test_a_declared_size_is_not_allocated(tmp_path, shape):
    header = npy(np.zeros(3)).replace(b"(3,)", repr(shape).encode())
    archive(tmp_path / "one.npz", {"array": 0}, a0=header)
    with pytest.raises(DataError):
        read_value(tmp_path / "one.npz")


@pytest.mark.parametrize(
    "tree",
    [
        [1],
        {"array": 7},
        {"array": "x"},
        {"what": []},
        {},
        {"list": 3},
        {"mapping": [[{"list": []}, 1]]},
        {"a": 1, "b": 2},
    ],
)
def test_a_strange_tree_is_refused(tmp_path, tree):
    archive(tmp_path / "one.npz", tree)
    with pytest.raises(DataError):
        read_value(tmp_path / "one.npz")


def test_damaged_files_are_refused_or_read_as_something(tmp_path):
    """Truncated anywhere, or with bits flipped: an error of ours or another value, and never another error."""
    path = tmp_path / "one.npz"
    write_value({"a": np.arange(5.0), "b": [1, "x", (2.5,)]}, path)
    whole, draw = path.read_bytes(), random.Random(0)
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            read_value(path)
    for _ in range(200):
        changed = bytearray(whole)
        changed[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        path.write_bytes(changed)
        try:
            read_value(path)
        except DataError:
            continue


def test_some_rows_of_a_file_are_read_alone(tmp_path):
    """Of arrays that are written row after row; texts, numbers and what nests them stay as they are."""
    value = {
        "x": np.arange(24.0).reshape(6, 4),
        "more": {"counts": np.arange(6), "name": "one", "none": np.ones(6) > 2},
    }
    write_value(value, tmp_path / "rows")
    for rows in (slice(0, 2), slice(2, 5), slice(5, 9), slice(0, 6)):
        found = read_rows(tmp_path / "rows", rows)
        assert np.array_equal(found["x"], value["x"][rows])
        assert np.array_equal(found["more"]["counts"], value["more"]["counts"][rows])
        assert found["more"]["none"].shape == value["x"][rows].shape[:1]
        assert found["more"]["name"] == "one"
        found["x"][...] = 0.0  # what goes on from it changes it in place
    write_value({"x": np.asfortranarray(value["x"])}, tmp_path / "columns")
    with pytest.raises(DataError, match=r"x?a0.npy does not hold"):
        read_rows(tmp_path / "columns", slice(0, 2))


def test_rows_of_a_file_that_was_cut_are_refused(tmp_path):
    write_value({"x": np.arange(24.0).reshape(6, 4)}, tmp_path / "rows")
    with zipfile.ZipFile(tmp_path / "rows") as whole, zipfile.ZipFile(tmp_path / "cut", "w") as cut:
        for one in whole.namelist():
            cut.writestr(one, whole.read(one)[: -8 if one == "a0.npy" else None])
    with pytest.raises(DataError, match=r"a0.npy does not hold the \(6, 4\) numbers"):
        read_rows(tmp_path / "cut", slice(0, 2))


def test_a_digest_is_that_of_all_that_a_value_holds():
    value = {"x": np.arange(6.0), "name": "one", "more": [1, (2.0, None)]}
    assert value_digest(value) == value_digest({"x": np.arange(6.0), "name": "one", "more": [1, (2.0, None)]})
    others = (
        {**value, "x": np.arange(6.0)[::-1]},
        {**value, "x": np.arange(6)},
        {**value, "x": np.arange(6.0).reshape(2, 3)},
        {**value, "name": "two"},
        {**value, "more": [1, [2.0, None]]},
    )
    assert len({value_digest(one) for one in (value, *others)}) == 6
