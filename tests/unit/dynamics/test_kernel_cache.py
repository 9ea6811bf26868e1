"""The folder of compiled kernels, damaged, full, taken, stale, foreign: results are right, kernels compiled anew."""

from __future__ import annotations

import contextlib
import importlib.util
import marshal
import os
import pickle
import re
import resource
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from thermozoo.dynamics.engines import color_kernel, kept_kernel, kernel_cache, kernel_template, sealed_files
from thermozoo.training.sampled import loss_template

KERNEL = '''"""A kernel that is quick to compile."""

from numba import njit


@njit
def advance(x):
    return x + {number}
'''
FIVE, SIX = (KERNEL.format(number=k) for k in (5, 6))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("THERMOZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kernel_cache, "_LOADED", {})
    return tmp_path / "cache" / "kernels"


def fresh(text=FIVE, x=1):
    """Load a kernel as another process would, and call it; return it and what it found."""
    kernel_cache._LOADED.clear()
    kernel = kernel_cache.load_kernel("small", text)
    kernel.call_first(x)
    return kernel, kernel.advance(x)


def hits(kernel):
    return sum(kernel.advance.stats.cache_hits.values())


def machine_code(folder):
    (file,) = folder.rglob("*.nbc")
    return file


def hostile(mark):
    """A pickle that makes a file when it is read."""

    class Planted:
        def __reduce__(self):
            return Path.touch, (mark,)

    return pickle.dumps(Planted())


def damages(tmp_path):
    def flipped(content, at):
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    return {
        "empty": lambda c: b"",
        "cut within the seal": lambda c: c[:30],
        "cut within the code": lambda c: c[: len(c) // 2],
        "its last byte lost": lambda c: c[:-1],
        "a byte more": lambda c: c + b"\0",
        "zeros, as after a power failure": lambda c: bytes(len(c)),
        "a bit of the seal": lambda c: flipped(c, 40),
        "a bit of the code": lambda c: flipped(c, len(c) // 2),
        "the last bit": lambda c: flipped(c, len(c) - 1),
        "a pickle that runs code": lambda c: hostile(tmp_path / "ran"),
        "a pickle behind the old seal": lambda c: c[:56] + hostile(tmp_path / "ran"),
    }


@pytest.mark.parametrize("what", damages(Path()))
def test_machine_code_that_is_not_as_it_was_written_is_compiled_anew(folder, tmp_path, what):
    """Its result is right, nothing of it is unpickled, and the next process finds it whole."""
    assert fresh()[1] == 6
    file = machine_code(folder)
    whole = file.read_bytes()
    file.write_bytes(damages(tmp_path)[what](whole))
    kernel, found = fresh()
    assert (found, hits(kernel), kernel.path) == (6, 0, folder / f"{kernel.name}.py")
    assert not (tmp_path / "ran").exists()
    kernel, found = fresh()
    assert (found, hits(kernel)) == (6, 1)


def test_a_cut_or_a_flipped_bit_anywhere_is_seen(tmp_path):
    """All of a small file, none by chance: a digest of 256 bits."""
    file = tmp_path / "file"
    sealed_files.write_sealed(file, "purpose", b"content of it")
    whole = file.read_bytes()
    assert sealed_files.read_sealed(file, "purpose") == b"content of it"
    assert sealed_files.read_sealed(file, "purpos") is None
    for at in range(len(whole)):
        file.write_bytes(whole[:at])
        assert sealed_files.read_sealed(file, "purpose") is None
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        assert sealed_files.read_sealed(file, "purpose") is None


def test_what_is_no_file_of_ours_is_not_read(tmp_path):
    """A pipe would keep its reader waiting; a huge file would fill the memory."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**40)
    sealed_files.write_sealed(tmp_path / "good", "purpose", b"content")
    (tmp_path / "link").symlink_to(tmp_path / "good")
    for name in ("pipe", "folder", "huge", "link", "missing"):
        assert sealed_files.read_sealed(tmp_path / name, "purpose") is None


def test_machine_code_of_another_kernel_is_not_run(folder):
    """Both files are whole, and each is under the name of the other."""
    assert fresh(FIVE)[1] == 6
    five = machine_code(folder)
    kept = five.read_bytes()
    five.unlink()
    assert fresh(SIX)[1] == 7
    machine_code(folder).write_bytes(kept)
    kernel, found = fresh(SIX)
    assert (found, hits(kernel)) == (7, 0)


def test_two_processes_that_compile_for_two_signatures_at_once(folder):
    """Both have looked before either has written; each later finds its own."""
    kernels = []
    for _ in range(2):
        kernel_cache._LOADED.clear()
        kernels.append(kernel_cache.load_kernel("small", FIVE))
    saves = []
    for kernel in kernels:
        cache = kernel.advance._cache
        save = cache.save_overload
        cache.save_overload = lambda *given, save=save: saves.append((save, given))
    assert kernels[0].advance(1) == 6
    assert kernels[1].advance(0.5) == 5.5
    for save, given in saves:
        save(*given)
    for x in (1, 0.5):
        kernel, found = fresh(FIVE, x)
        assert (type(found), found, hits(kernel)) == (type(x), x + 5, 1)


def test_machine_code_of_another_version_or_processor_is_not_run(folder, monkeypatch):
    """It lies beside the other, and where it takes the other's place it is refused."""
    kernel, _ = fresh()
    own = machine_code(folder)
    kept = own.read_bytes()
    codegen = type(next(iter(kernel.advance.overloads.values())).codegen)
    real = codegen.magic_tuple
    with monkeypatch.context() as patch:
        patch.setattr(codegen, "magic_tuple", lambda self: (*real(self)[:1], "another-processor", "+none"))
        other, _ = fresh()
        assert hits(other) == 0
        assert other.path == kernel.path
    (foreign,) = {*folder.glob("*.nbc")} - {own}
    own.write_bytes(foreign.read_bytes())
    again, found = fresh()
    assert (found, hits(again)) == (6, 0)
    with monkeypatch.context() as patch:
        patch.setattr("numba.__version__", "0.0.1")
        other, _ = fresh()
        assert other.path != kernel.path
    assert own.read_bytes()[:24] == kept[:24]


def test_all_that_is_compiled_into_a_kernel_is_in_its_name():
    """Of every module that a generated source imports, and of all that those import, a change makes another kernel."""
    engines = Path(kernel_cache.__file__).parent

    def imported(text):
        return {*re.findall(r"^\s*from thermozoo\.dynamics\.engines\.(\w+) import", text, re.MULTILINE)}

    templates = [
        value
        for module in (kernel_template, color_kernel, kept_kernel, loss_template)
        for value in vars(module).values()
        if isinstance(value, str) and "import" in value
    ]
    todo = set().union(*map(imported, templates))
    assert {"thread_group", "products", "panels", "uniform_numbers"} <= todo
    found = set()
    while todo:
        one = todo.pop()
        found.add(one)
        todo |= imported((engines / f"{one}.py").read_text()) - found
    assert found == {*kernel_cache._PARTS}


def test_bytecode_beside_a_source_is_not_run(folder):
    """Python would take it for that of the source, whose size and time it names."""
    kernel, _ = fresh()
    for file in folder.rglob("*.nb?"):
        file.unlink()
    about = kernel.path.stat()
    cached = Path(importlib.util.cache_from_source(str(kernel.path)))
    cached.parent.mkdir(exist_ok=True)
    head = importlib.util.MAGIC_NUMBER + b"".join(
        n.to_bytes(4, "little") for n in (0, int(about.st_mtime), about.st_size)
    )
    cached.write_bytes(head + marshal.dumps(compile(KERNEL.format(number=99), str(kernel.path), "exec")))
    assert fresh()[1] == 6


@pytest.mark.parametrize("content", [b"", b"raise SystemExit", b"\xff\xfe", FIVE.encode()[:-3]])
def test_a_source_that_is_damaged_is_written_anew(folder, content):
    kernel, _ = fresh()
    kernel.path.write_bytes(content)
    assert fresh()[1] == 6
    assert kernel.path.read_text() == FIVE


@contextlib.contextmanager
def files_no_larger_than(size):
    """As on a full disk, writing fails beyond some bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("room", "kept"), [(40, False), (1500, True)], ids=["nothing fits", "only the source fits"])
def test_a_disk_that_is_full_stops_nothing_and_leaves_nothing_half_written(folder, room, kept):
    with files_no_larger_than(room):
        kernel, found = fresh()
    assert found == 6
    assert (kernel.path is not None) is kept
    assert [file.suffix for file in folder.iterdir()] == [".py"] * kept
    kernel, found = fresh()
    assert (found, hits(kernel)) == (6, 0)
    assert hits(fresh()[0]) == 1


@pytest.mark.parametrize("obstacle", ["a file for the folder", "a file for its parent", "a link to itself", "a name"])
def test_a_folder_that_cannot_be_made_stops_nothing(folder, monkeypatch, obstacle):
    if obstacle == "a file for the folder":
        folder.parent.mkdir()
        folder.write_text("not a folder")
    elif obstacle == "a file for its parent":
        folder.parent.write_text("not a folder")
    elif obstacle == "a link to itself":
        folder.parent.symlink_to(folder.parent)
    else:
        monkeypatch.setenv("THERMOZOO_CACHE", "n" * 300)
    kernel, found = fresh()
    assert (found, kernel.path) == (6, None)


def test_a_folder_that_may_only_be_read_is_read(folder, monkeypatch):
    """As one that an administrator has filled: what is there is used, what is not lives in memory."""
    fresh(FIVE)
    before = sorted(folder.iterdir())

    def refuse(*given, **more):
        raise PermissionError("read-only")

    monkeypatch.setattr(sealed_files.tempfile, "mkstemp", refuse)  # whoever is root may write everywhere
    kernel, found = fresh(FIVE)
    assert (found, hits(kernel)) == (6, 1)
    kernel, found = fresh(SIX)
    assert (found, kernel.path) == (7, None)
    assert sorted(folder.iterdir()) == before


def open_to_all(folder):
    folder.chmod(0o777)


def parent_open_to_all(folder):
    folder.parent.chmod(0o777)


def of_another_user(folder):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(folder, 12345, -1)


@pytest.mark.parametrize("spoil", [open_to_all, parent_open_to_all, of_another_user])
def test_a_folder_into_which_others_may_write_is_not_used(folder, spoil):
    """A right result, and one warning that says what to do."""
    fresh()
    spoil(folder)
    kernel_cache._warn.cache_clear()
    with pytest.warns(UserWarning, match=r"is not used, since .*chmod 700.*THERMOZOO_CACHE"):
        kernel, found = fresh()
    assert (found, kernel.path) == (6, None)
    assert fresh()[1] == 6


def test_a_folder_in_a_shared_one_with_a_sticky_bit_is_used(folder):
    folder.parent.mkdir()
    folder.parent.chmod(0o1777)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fresh()[0].path is not None


def test_files_of_another_user_are_not_read(folder):
    fresh()
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(machine_code(folder), 12345, -1)
    kernel, found = fresh()
    assert (found, hits(kernel)) == (6, 0)


def test_a_folder_is_made_for_its_user_alone(folder):
    before = os.umask(0)
    try:
        assert fresh()[0].path is not None
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700


AT_ONCE = """
import sys, threading
from thermozoo.dynamics.engines import kernel_cache
text = {text!r}
sys.stdin.readline()
for x in {order}:
    kernel_cache._LOADED.clear()
    kernel = kernel_cache.load_kernel("small", text)
    kernel.call_first(x)
    assert kernel.advance(x) == x + 5, (x, kernel.advance(x))
print("right")
"""


@pytest.mark.long
def test_processes_that_compile_the_same_kernel_at_once(folder):
    """Six at the same moment, in two orders of two signatures; and what they leave is whole."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", AT_ONCE.format(text=FIVE, order=(1, 0.5) if k % 2 else (0.5, 1))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for k in range(6)
    ]  # fmt: skip
    for one in processes:
        one.stdin.write("\n")
        one.stdin.flush()
    assert [one.communicate()[0] for one in processes] == ["right\n"] * 6
    assert sorted(file.suffix for file in folder.iterdir()) == [".nbc", ".nbc", ".py"]
    for x in (1, 0.5):
        assert hits(fresh(FIVE, x)[0]) == 1


@pytest.mark.long
def test_random_damage_of_a_real_kernel_changes_no_bit(folder, make_computer, euler):
    """Eight damages of machine code that takes a second to compile: what is read is refused, and compiled anew."""
    from thermozoo_plugins.connectivities.bipartite import Bipartite
    from thermozoo_plugins.potentials.quartic import Quartic

    from thermozoo.dynamics.engines import Dynamics, engine_named
    from thermozoo.dynamics.noise import NoiseKey
    from thermozoo.dynamics.simulate import simulate

    computer = make_computer({"a": 3}, Quartic(), Bipartite())
    dynamics = Dynamics(computer, euler, 0.01, "double")

    def states():
        kernel_cache._LOADED.clear()
        return simulate(dynamics, np.ones((1, 3)), 20, key=NoiseKey(1), engine=engine_named("compiled")).final

    right = states()
    file = machine_code(folder)
    whole = file.read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(8):
        content = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            content[at] ^= 1 << int(rng.integers(8))
        file.write_bytes(bytes(content[: rng.integers(1, len(whole))] if rng.random() < 0.3 else content))
        assert np.array_equal(states(), right)
        shutil.copyfile(file, folder / "copy")
        assert (folder / "copy").read_bytes()[:24] == whole[:24]
