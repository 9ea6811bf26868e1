"""A run folder is claimed at the start, filled with whole results or not at all, and never at anybody's cost."""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading

import pytest

from thermozoo.errors import OutputError
from thermozoo.runs import claim
from thermozoo.runs import folder as folders
from thermozoo.runs.claim import CLAIM, HeldError, holder_of, take_claim
from thermozoo.runs.folder import run_folder, write_json
from thermozoo.runs.place import MARK

RESULTS = {"config.toml": "c", "computer.nc": "n", MARK: "{}"}


def tree(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def writer(**contents):
    """Writes files of given contents into a folder; "/" in a name is "__"."""

    def write(place):
        for name, text in (RESULTS | {k.replace("__", "/"): v for k, v in contents.items()}).items():
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_text(text)

    return write


def complete(target, **contents):
    """Let a run be whole."""
    with run_folder(target) as folder:
        folder.fill(writer(**contents))


def test_the_folder_is_there_from_the_start_and_its_results_at_the_end(tmp_path):
    target = tmp_path / "deep" / "run"
    with run_folder(target) as folder:
        assert tree(target) == [CLAIM]
        folder.fill(writer(**{"plugins__a.py": "x"}))
        folder.add("figures/heat.png", lambda path: path.write_text("png"))
    assert tree(target) == sorted([*RESULTS, "figures", "figures/heat.png", "plugins", "plugins/a.py"])


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OutputError])
@pytest.mark.parametrize("when", ["computing", "writing", "named"])
def test_a_run_that_fails_leaves_nothing(tmp_path, error, when, monkeypatch):
    (tmp_path / "deep").mkdir()

    def fails(place):
        writer()(place)
        raise error

    if when == "named":  # the second of the files that get their names
        calls = []
        real = os.link

        def link(*arguments, **options):
            calls.append(arguments)
            if len(calls) == 2:
                raise error
            real(*arguments, **options)

        monkeypatch.setattr(os, "link", link)
        monkeypatch.setattr(folders, "_others", lambda place: ())

    def run():
        with run_folder(tmp_path / "deep" / "er" / "run") as folder:
            if when == "computing":
                raise error
            folder.fill(writer() if when == "named" else fails)

    if when == "writing":
        monkeypatch.setattr(folders, "_others", lambda place: ())
    if when == "named" and error is OutputError:
        run()  # a disk without hard links: files are renamed
        assert (tmp_path / "deep" / "er" / "run" / MARK).exists()
        return
    with pytest.raises(error):
        run()
    assert tree(tmp_path) == ["deep"]


def test_an_existing_folder_is_refused_and_replaced_with_force(tmp_path):
    target = tmp_path / "run"
    complete(target, **{"config.toml": "old", "figures__heat.png": "old", "computer-window-2.nc": "old"})
    (target / "notes.txt").write_text("mine")
    (target / "figures" / "talk.png").write_text("mine")
    before = tree(target)
    with (
        pytest.raises(OutputError, match="exists: choose another with --out, or replace it with --force"),
        run_folder(target),
    ):
        pass
    for error in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(error), run_folder(target, force=True):
            raise error
        assert tree(target) == before
        assert (target / "config.toml").read_text() == "old"
    with run_folder(target, force=True) as folder:
        assert (target / "config.toml").read_text() == "old"
        folder.fill(writer(**{"config.toml": "new"}))
    assert tree(target) == sorted([*RESULTS, "figures", "figures/talk.png", "notes.txt"])
    assert (target / "config.toml").read_text() == "new"


def test_a_replacement_that_fails_half_way_puts_the_old_files_back(tmp_path, monkeypatch):
    target = tmp_path / "run"
    complete(target, **{"config.toml": "old"})
    real, calls = os.link, []

    def link(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 5:
            raise KeyboardInterrupt
        real(*arguments, **options)

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(KeyboardInterrupt), run_folder(target, force=True) as folder:
        folder.fill(writer(**{"config.toml": "new"}))
    assert tree(target) == sorted(RESULTS)
    assert (target / "config.toml").read_text() == "old"


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
        folder.fill(writer())
    assert "empty/config.toml" in tree(tmp_path)


def test_what_somebody_puts_into_a_claimed_folder_stays_beside_the_results(tmp_path):
    target = tmp_path / "later"
    with run_folder(target) as folder:
        (target / "precious.txt").write_text("thesis")
        folder.fill(writer())
    assert tree(target) == sorted([*RESULTS, "precious.txt"])
    assert (target / "precious.txt").read_text() == "thesis"


@pytest.mark.parametrize("replacing", [False, True])
def test_results_go_elsewhere_rather_than_over_somebody_s_file(tmp_path, replacing):
    """Also where a file of the folder that is to be replaced was changed meanwhile."""
    target, said = tmp_path / "later", []
    if replacing:
        complete(target)
    (tmp_path / "later-2").mkdir()
    with run_folder(target, force=replacing, note=said.append) as folder:
        (target / "config.toml").write_text("thesis")
        folder.fill(writer())
        folder.add("report.html", lambda path: path.write_text("page"))
    assert (target / "config.toml").read_text() == "thesis"
    assert tree(target) == (sorted(RESULTS) if replacing else ["config.toml"])
    assert folder.path == tmp_path / "later-3"
    assert tree(tmp_path / "later-3") == sorted([*RESULTS, "report.html"])
    assert said == [
        f"{target}: config.toml was put there, or changed, while the run was on: the results are in {folder.path}"
    ]


@pytest.mark.parametrize("again", [False, True])
def test_a_folder_that_is_removed_or_replaced_during_the_run_loses_no_results(tmp_path, again):
    target, said = tmp_path / "later", []
    with run_folder(target, note=said.append) as folder:
        shutil.rmtree(target)
        if again:
            target.mkdir()
            (target / "precious.txt").write_text("thesis")
        folder.fill(writer())
    assert (tree(target) == ["precious.txt"]) if again else not target.exists()
    assert tree(tmp_path / "later-2") == sorted(RESULTS)
    assert len(said) == 1
    assert "was removed or replaced while the run was on: the results are in" in said[0]


def test_a_folder_of_somebody_else_is_not_removed_with_a_run_that_fails(tmp_path):
    def run():
        with run_folder(tmp_path / "later"):
            shutil.rmtree(tmp_path / "later")
            (tmp_path / "later").mkdir()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run()
    assert tree(tmp_path) == ["later"]


def test_a_disk_that_is_full_sends_the_results_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    def full(place):
        if "temporary" not in str(place):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        writer()(place)

    said = []
    with run_folder(tmp_path / "data" / "run", note=said.append) as folder:
        folder.fill(full)
    assert tree(tmp_path) == ["temporary", "temporary/run-2", *(f"temporary/run-2/{n}" for n in sorted(RESULTS))]
    assert "No space left on device: the results are in" in said[0]


def test_results_that_can_be_written_nowhere_are_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))

    def full(place):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with (
        pytest.raises(OutputError, match=r"cannot write .*run: No space left on device"),
        run_folder(tmp_path / "run") as folder,
    ):
        folder.fill(full)
    assert tree(tmp_path) == []


def test_of_two_runs_with_one_name_the_second_is_refused_at_once(tmp_path):
    target = tmp_path / "run"
    with run_folder(target) as folder:
        for force in (False, True):
            with pytest.raises(OutputError, match=f"a run is writing it .process {os.getpid()} on "):
                run_folder(target, force=force).__enter__()
        folder.fill(writer())
    assert tree(target) == sorted(RESULTS)
    with run_folder(target, force=True) as folder:
        with pytest.raises(OutputError, match="a run is writing it"):
            run_folder(target, force=True).__enter__()
        folder.fill(writer())


def test_runs_without_a_name_each_get_a_number_of_their_own(tmp_path, monkeypatch):
    """Eight at the same time; the names that are taken are whatever they are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thermozoo-run").mkdir()
    (tmp_path / "thermozoo-run-3").write_text("x")
    (tmp_path / "thermozoo-run-4").symlink_to("nowhere")
    start, found = threading.Barrier(8), []

    def one():
        start.wait()
        with run_folder(None) as folder:
            folder.fill(writer(**{"config.toml": str(folder.path)}))
            found.append(folder.path)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, found)) == sorted(f"thermozoo-run-{k}" for k in (2, 5, 6, 7, 8, 9, 10, 11))
    assert all((tmp_path / path / "config.toml").read_text() == str(path) for path in found)


def test_what_a_killed_run_leaves_is_told_and_can_be_replaced(tmp_path):
    """Its lock is gone with it, its files are not; old ones that it had set aside go back."""
    target = tmp_path / "run"
    (target / ".thermozoo-work" / "new").mkdir(parents=True)
    (target / ".thermozoo-work" / "new" / "computer.nc").write_text("half")
    (target / ".thermozoo-work" / "old").mkdir()
    (target / ".thermozoo-work" / "old" / "config.toml").write_text("old")
    (target / CLAIM).write_text("process 1 on moon, since 1969\n")
    assert holder_of(target) == ("process 1 on moon, since 1969", False)
    with (
        pytest.raises(OutputError, match=r"a run that was stopped before its end .process 1 on moon, since 1969.: rep"),
        run_folder(target),
    ):
        pass
    with pytest.raises(RuntimeError), run_folder(target, force=True):
        raise RuntimeError
    assert tree(target) == ["config.toml"]
    (target / CLAIM).write_text("process 1 on moon, since 1969\n")
    with run_folder(target, force=True) as folder:
        folder.fill(writer())
    assert tree(target) == sorted(RESULTS)


def test_a_claim_whose_file_is_removed_is_lost(tmp_path):
    first = take_claim(tmp_path)
    with pytest.raises(HeldError):
        take_claim(tmp_path)
    (tmp_path / CLAIM).unlink()
    second = take_claim(tmp_path)
    assert (first.stands(), second.stands()) == (False, True)
    first.release()
    assert second.stands()
    second.release()
    second.release()
    assert tree(tmp_path) == []


def test_a_claim_that_is_given_up_while_another_is_taken_is_not_taken_for_it(tmp_path, monkeypatch):
    """Its former holder removes the file after it was opened and before it is locked."""
    real, calls = claim._lock, []

    def late(handle, made):
        if not calls:
            (tmp_path / CLAIM).unlink()
        calls.append(handle)
        return real(handle, made)

    monkeypatch.setattr(claim, "_lock", late)
    taken = take_claim(tmp_path)
    assert len(calls) == 2
    assert taken.stands()
    with pytest.raises(HeldError):
        take_claim(tmp_path)
    taken.release()


def test_where_there_are_no_locks_the_file_itself_is_the_claim(tmp_path, monkeypatch):
    monkeypatch.setattr(claim, "_lock", lambda handle, made: made)
    taken = take_claim(tmp_path)
    with pytest.raises(HeldError, match=f"process {os.getpid()} on "):
        take_claim(tmp_path)
    assert holder_of(tmp_path)[1]
    taken.release()
    assert tree(tmp_path) == []


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "loop").symlink_to("loop")
    before = tree(tmp_path)
    for name, said in {
        "file/run": "cannot write .*run: Not a directory",
        "file/deep/run": "cannot write .*run: Not a directory",
        "nowhere": "nowhere is a symbolic link that leads nowhere: remove it",
        "nowhere/run": "cannot write .*run: Not a directory",
        "loop": "loop is a symbolic link that leads nowhere",
        "n" * 300: "cannot write .*: File name too long",
        "x/" + "n" * 300: "cannot write .*: File name too long",
        "/".join(["n" * 200] * 30): "cannot write .*: File name too long",
        "a\0b": "cannot write",
    }.items():
        for force in (False, True):
            with pytest.raises(OutputError, match=said) as caught, run_folder(tmp_path / name, force=force):
                pass
            assert len(str(caught.value)) < 700
    assert tree(tmp_path) == before


def test_what_will_be_done_at_the_end_is_tried_at_the_start(tmp_path, monkeypatch):
    with run_folder(tmp_path / "run") as folder:
        folder.check(lambda path: path.write_text("x"), 1000)
        assert tree(tmp_path / "run") == [CLAIM]
        with pytest.raises(OutputError, match=r"will write about 888\.2 PiB, but its disk has room for"):
            folder.check(lambda path: path.write_text("x"), 10**18)

        def full(path):
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

        with pytest.raises(OutputError, match=r"cannot write .*run: Disk quota exceeded"):
            folder.check(full, 1000)
    assert tree(tmp_path) == []


def test_a_later_file_replaces_only_one_of_the_run(tmp_path):
    with run_folder(tmp_path / "run") as folder:
        folder.fill(writer(**{"report.json": "1"}))
        (tmp_path / "run" / "report.html").write_text("mine")
        folder.add("report.json", lambda path: path.write_text("2"))
        with pytest.raises(OSError, match=r"report\.html was put there"):
            folder.add("report.html", lambda path: path.write_text("page"))
    assert (tmp_path / "run" / "report.json").read_text() == "2"
    assert (tmp_path / "run" / "report.html").read_text() == "mine"
    assert tree(tmp_path / "run") == sorted([*RESULTS, "report.html", "report.json"])


def test_a_plugin_that_changes_the_current_folder_moves_nothing(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with run_folder(None) as folder:
        os.chdir(tmp_path)
        folder.fill(writer())
    assert tree(tmp_path / "here" / "thermozoo-run") == sorted(RESULTS)


def test_json_is_json(tmp_path):
    write_json(tmp_path / "a.json", {"x": 1.5, "y": None})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1.5, "y": None}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "b.json", {"x": float("nan")})


@pytest.mark.parametrize("killed", [False, True])
def test_a_claim_that_does_not_fit_onto_the_disk_leaves_nothing(killed, tmp_path, monkeypatch):
    """What a killed run has left stays as it was: an empty file would be taken for a claim in the making."""
    if killed:
        (tmp_path / CLAIM).write_text("process 1 on moon, since 1969\n")

    def full(handle, text):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(claim.os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        take_claim(tmp_path)
    monkeypatch.undo()
    assert tree(tmp_path) == ([CLAIM] if killed else [])
    assert holder_of(tmp_path) == (("process 1 on moon, since 1969", False) if killed else None)


def test_what_is_added_elsewhere_needs_no_record_on_a_disk_that_is_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrote = []

    def full_once(place):
        wrote.append(place)
        if len(wrote) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        writer()(place)

    said = []
    with run_folder(tmp_path / "run", note=said.append) as folder:
        folder.checkpoints.mkdir()
        monkeypatch.setattr(folder._record, "add", lambda names: pytest.fail("recorded"))
        folder.fill(full_once)
        folder.add("report.html", lambda path: path.write_text("page"))
        folder.checkpoints.rmdir()
    assert tree(tmp_path) == ["run-2", *(f"run-2/{name}" for name in sorted([*RESULTS, "report.html"]))]
