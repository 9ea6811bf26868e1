"""A run folder is whole or not there, whatever goes wrong."""

from __future__ import annotations

import json

import pytest

from thermozoo.errors import OutputError
from thermozoo.runs.folder import MARK, free_name, run_folder, write_json


def tree(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def test_a_folder_appears_when_the_run_ends(tmp_path):
    target = tmp_path / "deep" / "run"
    with run_folder(target) as folder:
        assert not target.exists()
        (folder / "a.txt").write_text("x")
    assert tree(tmp_path) == ["deep", "deep/run", "deep/run/a.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OutputError])
def test_a_run_that_fails_leaves_nothing(tmp_path, error):
    def run():
        with run_folder(tmp_path / "deep" / "er" / "run") as folder:
            (folder / "sub").mkdir()
            (folder / "sub" / "a.txt").write_text("x")
            raise error

    with pytest.raises(error):
        run()
    assert tree(tmp_path) == []


def test_a_parent_that_was_there_stays(tmp_path):
    (tmp_path / "deep").mkdir()
    with pytest.raises(RuntimeError), run_folder(tmp_path / "deep" / "run"):
        raise RuntimeError
    assert tree(tmp_path) == ["deep"]


def test_an_existing_folder_is_refused_and_replaced_with_force(tmp_path):
    target = tmp_path / "run"
    with run_folder(target) as folder:
        (folder / MARK).write_text("{}")
        (folder / "old.txt").write_text("old")
    with (
        pytest.raises(OutputError, match="exists: choose another with --out, or replace it with --force"),
        run_folder(target),
    ):
        pass
    with pytest.raises(RuntimeError), run_folder(target, force=True) as folder:
        raise RuntimeError
    assert tree(tmp_path) == ["run", f"run/{MARK}", "run/old.txt"]
    with run_folder(target, force=True) as folder:
        (folder / "new.txt").write_text("new")
    assert tree(tmp_path) == ["run", "run/new.txt"]


def test_force_replaces_only_what_is_a_run(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_text("cat")
    (tmp_path / "file").write_text("x")
    for name in ("photos", "file"):
        with pytest.raises(OutputError, match="is not the folder of a run"), run_folder(tmp_path / name, force=True):
            pass
    assert tree(tmp_path) == ["file", "photos", "photos/cat.png"]
    (tmp_path / "empty").mkdir()
    with run_folder(tmp_path / "empty", force=True) as folder:
        (folder / "a").write_text("x")
    assert "empty/a" in tree(tmp_path)


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    for target in (tmp_path / "file" / "run", tmp_path / "file" / "deep" / "run"):
        with pytest.raises(OutputError, match=r"cannot write .*file"), run_folder(target):
            pass
    assert tree(tmp_path) == ["file"]


def test_the_next_free_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(free_name()) == "thermozoo-run"
    (tmp_path / "thermozoo-run").mkdir()
    (tmp_path / "thermozoo-run-2").write_text("x")
    assert str(free_name()) == "thermozoo-run-3"


def test_json_is_json(tmp_path):
    write_json(tmp_path / "a.json", {"x": 1.5, "y": None})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1.5, "y": None}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "b.json", {"x": float("nan")})
