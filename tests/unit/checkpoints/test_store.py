"""The folder of checkpoints: the last two, whole or not there, whatever happens to files."""

from __future__ import annotations

import errno
import json
import os
import random

import numpy as np
import pytest

from thermozoo.checkpoints import store as room
from thermozoo.checkpoints.store import Store
from thermozoo.errors import DataError

ABOUT = {"config": "seed = 1\n" * 40}


def refuse(text):
    raise AssertionError(text)


def filled(folder, count=4):
    """Checkpoints of which each finishes a piece, and has another under way."""
    made = Store.new(folder)
    made.write(ABOUT, {}, {})
    for k in range(count):
        made.write(ABOUT, {f"{k}": ("done", "d", np.full(3, k))}, {f"{k + 1}": ("half", "h", [k])})
    return made


def test_the_last_one_is_read_with_all_that_was_finished(tmp_path):
    filled(tmp_path / "c")
    found = Store.read(tmp_path / "c", refuse)
    assert found.about == ABOUT
    assert {place: one.done for place, one in found.entries.items()} == dict.fromkeys("0123", True) | {"4": False}
    assert [found.value(f"{k}").tolist() for k in range(4)] == [[k] * 3 for k in range(4)]
    assert found.value("4") == [3]


def test_two_are_kept_and_nothing_that_neither_names(tmp_path):
    filled(tmp_path / "c")
    names = sorted(os.listdir(tmp_path / "c"))
    assert [one for one in names if one.startswith("checkpoint")] == [
        "checkpoint-000004.json",
        "checkpoint-000005.json",
    ]
    assert [one for one in names if one.startswith("under")] == ["under-way-000004.npz", "under-way-000005.npz"]
    assert len([one for one in names if one.startswith("finished")]) == 4


def test_a_damaged_last_one_is_said_and_the_one_before_is_taken(tmp_path):
    filled(tmp_path / "c")
    (tmp_path / "c" / "under-way-000005.npz").write_bytes(b"")
    said = []
    found = Store.read(tmp_path / "c", said.append)
    assert found.value("3") == [2]
    assert "3" in found.entries
    assert not found.entries["3"].done
    assert len(said) == 1
    assert "under-way-000005.npz is damaged" in said[0]
    assert "going on from the checkpoint before it" in said[0]
    found.write(ABOUT, {"3": ("done", "d", 3)}, {})
    assert Store.read(tmp_path / "c", refuse).entries["3"].done


def test_any_damage_to_any_file_is_seen(tmp_path):
    """Each file truncated and with a bit flipped: the checkpoint before, or an error; never other values."""
    draw = random.Random(1)
    filled(tmp_path / "c", 2)
    contents = {path: path.read_bytes() for path in (tmp_path / "c").iterdir()}
    for path, whole in contents.items():
        for _ in range(60):
            changed = bytearray(whole[: draw.randrange(len(whole))])
            if draw.random() < 0.5:
                changed = bytearray(whole)
                changed[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
            path.write_bytes(changed)
            try:
                found = Store.read(tmp_path / "c", lambda text: None)
            except DataError:
                pass
            else:
                assert found.about == ABOUT
                assert all(one.name == ("done" if one.done else "half") for one in found.entries.values())
                assert found.value("0").tolist() == [0] * 3
        path.write_bytes(whole)
    Store.read(tmp_path / "c", refuse)


def changed_index(tmp_path, change):
    made = filled(tmp_path / "c", 1)
    made.write(ABOUT, {}, {"1": ("half", "h", 5)})
    for path in (tmp_path / "c").glob("checkpoint-*.json"):
        content = json.loads(path.read_text())
        content.pop("digest")
        change(content)
        path.write_text(json.dumps({"digest": room._digest(content), **content}))


def outside(content):
    content["files"] = {"../secret.npz": ["0", 1]}


def missing(content):
    content["files"] = {}


def strange(content):
    content["entries"] = {"0": {"name": "x"}}


@pytest.mark.parametrize("change", [outside, missing, strange, lambda one: one.update(about=3, files=[], entries=[])])
def test_an_index_that_is_strange_is_refused(tmp_path, change):
    changed_index(tmp_path, change)
    with pytest.raises(DataError, match=r"no checkpoint in .* is whole"):
        Store.read(tmp_path / "c", refuse)


def test_another_format_is_refused_by_name(tmp_path):
    changed_index(tmp_path, lambda content: content.update(format=2))
    with pytest.raises(DataError, match="has the format 2, and this version reads 1"):
        Store.read(tmp_path / "c", refuse)


@pytest.mark.parametrize("what", ["link", "pipe", "folder"])
def test_what_is_no_file_is_not_opened(tmp_path, what):
    filled(tmp_path / "c")
    path = tmp_path / "c" / "checkpoint-000005.json"
    if what == "link":
        path.rename(tmp_path / "elsewhere.json")
        path.symlink_to(tmp_path / "elsewhere.json")
    else:
        path.unlink()
        os.mkfifo(path) if what == "pipe" else path.mkdir()
    said = []
    assert Store.read(tmp_path / "c", said.append).value("3") == [2]
    assert "is no plain file" in said[0]


@pytest.mark.parametrize("place", range(6))
def test_a_disk_that_is_full_leaves_the_earlier_ones(tmp_path, monkeypatch, place):
    """Wherever writing fails, down to the disk and to the name."""
    made = filled(tmp_path / "c")
    before = {path.name: path.read_bytes() for path in (tmp_path / "c").iterdir()}
    left = [place]

    def failing(real):
        def call(*arguments, **options):
            if left[0] == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            left[0] -= 1
            return real(*arguments, **options)

        return call

    monkeypatch.setattr(os, "fsync", failing(os.fsync))
    monkeypatch.setattr(np, "savez", failing(np.savez))
    monkeypatch.setattr(room.Path, "replace", failing(room.Path.replace))
    with pytest.raises(OSError, match="No space"):
        made.write(ABOUT, {"4": ("done", "d", 1)}, {"5": ("half", "h", 2)})
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in (tmp_path / "c").iterdir()} == before
    made.write(ABOUT, {"4": ("done", "d", 1)}, {"5": ("half", "h", 2)})
    assert Store.read(tmp_path / "c", refuse).value("5") == 2


def test_only_its_own_files_are_removed(tmp_path):
    made = filled(tmp_path / "c")
    (tmp_path / "c" / "notes.txt").write_text("mine")
    made.remove()
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["notes.txt"]


def test_something_else_in_its_place_is_not_written_into(tmp_path):
    (tmp_path / "c").symlink_to(tmp_path)
    with pytest.raises(OSError, match="in the way"):
        Store.new(tmp_path / "c").write(ABOUT, {}, {})
