"""Damaged files: a clear error or exactly what the bytes state, whatever was cut or flipped, and nothing in between."""

from __future__ import annotations

import pytest
from damage import cuts, flips
from readers import frozen, readers, same_numbers

from thermozoo.errors import ThermozooError

NAMES = [
    "computer.nc", "program of two windows", "samples.nc", "teacher.npz", "gzipped IDX", "IDX", "matrix.npy",
    "table.npy", "patterns.npy", "table.csv", "patterns.csv", "matrix.csv", "sparse matrix", "dense matrix",
    "edges.csv", "edges.mtx", "G-set", "mapping", "config",
]  # fmt: skip


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return readers(tmp_path_factory.mktemp("valid"))


def judged(reader, path, content):
    """Read damaged bytes: None where they are refused or read as they stand, else what is wrong."""
    path.write_bytes(content)
    try:
        found = reader.read(path)
    except ThermozooError as error:
        return None if str(error) and "\n" not in str(error).strip() else f"an error of several lines: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if frozen(found) == frozen(reader.read_whole):
        return None
    if reader.says is None:
        return f"read as {found}"
    stated = reader.says(content)
    same = found == stated if isinstance(stated, dict) else same_numbers(found, stated)
    return None if same else f"read as {found}, and the bytes state {stated}"


@pytest.mark.parametrize("tries", [20, pytest.param(500, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_refused_or_read_as_it_stands(name, tries, known, tmp_path):
    reader = known[name]
    path = tmp_path / reader.file
    path.write_bytes(reader.content)
    whole = reader.read(path)

    class WithWhole:
        read, says, read_whole = staticmethod(reader.read), reader.says and staticmethod(reader.says), whole

    wrong = {}
    damaged = cuts(reader.content, tries) + flips(reader.content, reader.header, len(name), tries)
    for content in damaged:
        said = judged(WithWhole, path, content)
        if said is not None:
            wrong[content] = said
    assert len(damaged) > tries
    assert not wrong, "\n".join(f"{content[:80]!r}: {said[:300]}" for content, said in list(wrong.items())[:5])


def test_every_reader_is_damaged(known):
    assert list(known) == NAMES
