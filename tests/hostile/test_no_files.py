"""What lies where a file is expected and is none, or claims to be much larger than it is."""

from __future__ import annotations

import io
import json
import os
import resource
import struct
import sys
import tracemalloc
import zipfile

import h5py
import numpy as np
import pytest
from readers import IMAGES, LABELS, SIZES, computer_bytes, readers

from thermozoo.computer import unsealed
from thermozoo.computer.files import load_computer
from thermozoo.errors import DataError, ThermozooError
from thermozoo.given_files import memory_left, read_file, read_regular
from thermozoo.registry.catalogue import load_catalogue
from thermozoo.runs.plugin_files import with_copies


def plugin_of(path):
    """A plugin file is read by its records: what is wrong is said there."""
    (record,) = load_catalogue([], files=[path]).records
    if record.error:
        raise DataError(record.error)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return readers(tmp_path_factory.mktemp("valid"))


def _fifo(path):
    os.mkfifo(path)


def _loop(path):
    path.symlink_to(path)


def _socket(path):
    os.mknod(path, 0o140600)


#: What is put where a file is expected. Nothing writes into the pipe: whoever opens it to read waits.
PLACED = {
    "nothing": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "a named pipe": _fifo,
    "a socket": _socket,
    "a link to itself": _loop,
    "a link to nothing": lambda path: path.symlink_to(path.parent / "none"),
    "a link to a folder": lambda path: path.symlink_to(path.parent),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to memory": lambda path: path.symlink_to("/proc/self/mem"),
    "no byte": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(4096)),
    "a sparse file of an exabyte": lambda path: _sparse(path, 2**60),
}


def _sparse(path, size):
    with path.open("wb") as file:
        try:
            file.truncate(size)
        except OSError:  # a file system of smaller files
            file.truncate(2**43)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pipes, /proc and /dev of Linux")
@pytest.mark.parametrize("placed", PLACED)
def test_no_file(placed, known, tmp_path):
    """Each is refused, none is waited for, and none is read into memory."""
    everything = {name: (reader.file, reader.read) for name, reader in known.items()}
    everything["plugin"] = ("mine.py", plugin_of)
    for k, (name, (file, read)) in enumerate(everything.items()):
        folder = tmp_path / str(k)
        folder.mkdir()
        PLACED[placed](folder / file)
        if placed == "no byte" and name in ("config", "plugin"):
            continue  # without a table, and without a hook
        with pytest.raises(ThermozooError) as caught:
            read(folder / file)
        assert "\n" not in str(caught.value).strip(), name
        assert len(str(caught.value)) < 1000, name


def npy_promising(shape, descr="<f8", data=b""):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue() + data


def zip_of(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights_0.npy", content)
    return file.getvalue()


def hdf5_of(make):
    file = io.BytesIO()
    with h5py.File(file, "w") as opened:
        make(opened)
    return file.getvalue()


def _huge(opened):
    opened.create_dataset("bias", (2**40,), "f8", chunks=(2**20,), compression="gzip")


def _cycle(opened):
    opened["inner"] = opened["/"]


PROMISES = {
    "rows of .npy": ("matrix.npy", npy_promising((2**40, 4), data=bytes(64))),
    "rows of .npy beyond any integer": ("matrix.npy", npy_promising((2**70, 4))),
    "negative rows": ("matrix.npy", npy_promising((-2, -4), data=bytes(64))),
    "fewer rows than there are": ("matrix.npy", npy_promising((2, 4), data=bytes(65))),
    "long text in .npy": ("matrix.npy", npy_promising((1,), "<U999999999", bytes(64))),
    "Python objects": ("matrix.npy", npy_promising((1, 1), "|O", b"cos\nsystem\n(S'echo'\ntR.")),
    "a header of 4 GB": ("matrix.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b"{" * 64),
    "a header nested too deep": ("matrix.npy", b"\x93NUMPY\x01\x00\x00\x20" + b"(" * 8192),
    "teacher": ("teacher.npz", zip_of(npy_promising((2**40, 4), data=bytes(64)))),
    "a bomb of zeros": ("teacher.npz", zip_of(npy_promising((2**40, 4), data=bytes(2**24)))),
    "sizes of IDX": ("IDX", b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1) + bytes(64)),
    "rows of a dense matrix": ("dense matrix", b"%%MatrixMarket matrix array real general\n1000000000 1000000000\n1\n"),
    "rows of a sparse matrix": (
        "sparse matrix", b"%%MatrixMarket matrix coordinate real general\n1000000000 1000000000 1\n1 1 1\n"
    ),
    "entries of a sparse matrix": (
        "sparse matrix", b"%%MatrixMarket matrix coordinate real general\n3 3 900000000000000000\n1 1 1\n"
    ),
    "rows that there is memory for": ("dense matrix", b"%%MatrixMarket matrix array real general\n9000 9000\n1\n"),
    "no rows": ("dense matrix", b"%%MatrixMarket matrix array real general\n0 3\n1\n"),
    "edges": ("edges.mtx", b"%%MatrixMarket matrix coordinate real symmetric\n99999999 99999999 999999999999\n2 1 1\n"),
    "vertices": ("G-set", b"99999999999999999 99999999999999999\n1 2 1\n"),
    "variables of NetCDF": ("samples.nc", hdf5_of(_huge)),
    "a group in itself": ("samples.nc", hdf5_of(_cycle)),
    "another file": ("samples.nc", hdf5_of(lambda f: f.__setitem__("x", h5py.ExternalLink("/dev/zero", "/x")))),
    "values elsewhere": (
        "samples.nc", hdf5_of(lambda f: f.create_dataset("x", (8,), "f8", external=[("/dev/zero", 0, 64)]))
    ),
}  # fmt: skip


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_is_looked_at_before_it_is_kept(promise, known, tmp_path):
    name, content = PROMISES[promise]
    path = tmp_path / known[name].file
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ThermozooError):
            known[name].read(path)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


def test_a_gzip_bomb(known, tmp_path):
    """Ten gigabytes of zeros in ten megabytes are refused for what they would take, and less than they promise is."""
    import gzip

    promise = b"\0\0\x08\x03" + struct.pack(">3I", 10_000_000, 1000, 1)
    (tmp_path / "images.gz").write_bytes(gzip.compress(promise + bytes(2**22)))
    with pytest.raises(DataError, match=r"promises 10000000000 bytes of data .* holds at most "):
        known["gzipped IDX"].read(tmp_path / "images.gz")


def test_memory_that_is_left_is_the_limit(tmp_path, monkeypatch, known):
    import thermozoo_plugins.datasets.idx_files as reading

    (tmp_path / "images").write_bytes(IMAGES)
    (tmp_path / "labels").write_bytes(LABELS)
    monkeypatch.setattr(reading, "memory_left", lambda: 200)
    with pytest.raises(DataError, match=r"take 216 as numbers, and there are 200 of memory left"):
        known["IDX"].read(tmp_path / "images")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc of Linux")
def test_the_limit_of_the_process_counts():
    before = resource.getrlimit(resource.RLIMIT_AS)
    free = memory_left()
    assert 2**20 < free < 2**50
    with open("/proc/self/statm") as file:
        held = int(file.read().split()[0]) * resource.getpagesize()
    try:
        resource.setrlimit(resource.RLIMIT_AS, (held + 300 * 2**20, before[1]))
        assert 200 * 2**20 < memory_left() <= 310 * 2**20
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_a_file_that_grows_is_read_whole_and_a_larger_one_is_not(tmp_path):
    """Files of /proc state no size."""
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 8192)
    assert read_regular(path) == path.read_bytes()
    assert read_regular(path, 2**21) == path.read_bytes()
    with pytest.raises(OSError, match="larger than the 2 MiB that are expected"):
        read_regular(path, 2**21 - 1)
    with pytest.raises(
        DataError, match=r"^cannot read the list .*: it is larger than the 16 bytes that are expected; exp"
    ):
        read_file("/proc/self/status", "the list", "a list", 16)


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("import time; time.sleep(600)", "it was not read within 0 s"),
        ("input(); import os; os.abort()", "HDF5 crashed on it"),
        ("input(); print('\"cannot read it: no HDF5\"')", "no HDF5"),
    ],
)
def test_a_file_of_another_tool_is_given_up_where_it_stops_the_process_that_reads_it(tmp_path, monkeypatch, does, said):
    """As HDF5 does of some damaged files; a file that has a checksum is not looked at there."""
    sealed = computer_bytes(tmp_path)
    path = tmp_path / "computer.nc"
    path.write_bytes(sealed[: -len("\nsha256 of all before: ") - 65])
    monkeypatch.setattr(unsealed, "_SECONDS", 600 if "input" in does else 0.2)
    monkeypatch.setattr(unsealed, "_CODE", f"print('ready', flush=True); {does}")
    unsealed._end()
    try:
        with pytest.raises(DataError, match=said):
            load_computer(path)
        path.write_bytes(sealed)
        assert load_computer(path)
    finally:
        unsealed._end()


def test_a_file_of_another_tool_is_read_after_another_process_has_read_it(tmp_path):
    path = tmp_path / "computer.nc"
    path.write_bytes(computer_bytes(tmp_path)[: -len("\nsha256 of all before: ") - 65])
    first = unsealed._process()
    assert load_computer(path)
    assert unsealed._process() is first


def test_links_are_followed(known, tmp_path):
    """A link to a file is one."""
    for k, (name, reader) in enumerate(known.items()):
        folder = tmp_path / str(k)
        folder.mkdir()
        (folder / "there").write_bytes(reader.content)
        (folder / reader.file).symlink_to("there")
        reader.read(folder / reader.file)
        assert name


def test_no_plugin_of_a_run_folder_is_run_from_elsewhere_or_changed(tmp_path):
    """A manifest names plugin files by their digest: none is executed that differs, or lies elsewhere."""
    from thermozoo.errors import PluginLoadError
    from thermozoo.registry.catalogue import catalogue

    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "plugins").mkdir()
    trap = f"open({str(tmp_path / 'executed')!r}, 'w').close()\n"
    (tmp_path / "run" / "plugins" / "mine.py").write_text(trap)
    (tmp_path / "mine.py").write_text(trap)
    for copy, raises in (("plugins/mine.py", True), ("plugins/../../mine.py", False), ("/etc/mine.py", False)):
        entry = {"kind": "potential", "name": "mine", "copy": copy, "sha256": "0" * 64}
        (tmp_path / "run" / "manifest.json").write_text(json.dumps({"plugins": [entry]}))
        if raises:
            with pytest.raises(PluginLoadError, match="SHA-256 differs"):
                with_copies(tmp_path / "run" / "config.toml", catalogue())
        else:
            assert with_copies(tmp_path / "run" / "config.toml", catalogue()) == catalogue()
    assert not (tmp_path / "executed").exists()
    assert SIZES


def test_variables_of_a_sealed_file_are_looked_at_too(tmp_path):
    """No other process reads it: a gigabyte of zeros that a kilobyte promises."""
    from thermozoo.computer.datasets import read_dataset
    from thermozoo.computer.seal import add_seal

    path = tmp_path / "samples.nc"
    path.write_bytes(hdf5_of(lambda f: f.create_dataset("bias", (2**27,), "f8", chunks=(2**20,), compression="gzip")))
    add_seal(path)
    with pytest.raises(DataError, match=r"'bias' promises 1073741824 bytes of data, more than fit into the file"):
        read_dataset(path)
