"""What HDF5 writes to: full disks and interruptions at each of its writes end in one exception and leave no file."""

from __future__ import annotations

import errno
import signal
import threading

import numpy as np
import pytest
import xarray

from thermozoo.computer.datasets import read_dataset, write_dataset
from thermozoo.computer.output import Output, hdf5_output
from thermozoo.errors import OutputError

NUMBERS = np.random.default_rng(0).normal(size=(60, 50))
DATA = xarray.Dataset({"x": (("a", "b"), NUMBERS), "names": ("c", ["a", "bb"])}, {"a": np.arange(60)})


class Calls:
    """Counts the calls of a method of what HDF5 writes to, and does something in one of them."""

    def __init__(self, monkeypatch, name):
        self.count, self.at, self.what = 0, 0, lambda: None
        real = getattr(Output, name)

        def called(this, *arguments):
            self.count += 1
            if self.count == self.at:
                self.what()
            return real(this, *arguments)

        monkeypatch.setattr(Output, name, called)


@pytest.fixture(params=["write", "seek"])
def calls(request, monkeypatch):
    return Calls(monkeypatch, request.param)


@pytest.fixture
def python_handlers():
    """Ctrl-C as Python has it, whatever the shell of the tests makes of it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def writes(calls, path, at, what):
    calls.count, calls.at, calls.what = 0, at, what
    write_dataset(DATA, path)


def test_ctrl_c_at_any_moment_of_a_write(calls, tmp_path, capfd, python_handlers):
    """It is heard once HDF5 is done; in one of its writes, HDF5 would print tracebacks and crash the process."""
    path = tmp_path / "x.nc"
    writes(calls, path, 0, lambda: None)
    total, before = calls.count, path.read_bytes()
    assert total > 10
    for at in range(1, total + 1):
        with pytest.raises(KeyboardInterrupt):
            writes(calls, path, at, lambda: signal.raise_signal(signal.SIGINT))
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert [one.name for one in tmp_path.iterdir()] == ["x.nc"]
        assert path.read_bytes() == before
    assert capfd.readouterr() == ("", "")


class FullDisk:
    """A file on a disk that takes so many bytes, cannot be read from then on, and says so again when it is closed."""

    def __init__(self, file, room):
        self.file, self.room, self.full = file, room, False

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    def write(self, data):
        if self.room <= 0:
            self.full = True
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self.file.write(data[: self.room])
        self.room -= written
        return written

    def read(self):
        raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("room", [0, 1, 100, 1000, 5000, 15_000])
def test_a_disk_that_is_full_and_cannot_be_read_either(room, tmp_path, capfd, monkeypatch):
    real = Output.__init__

    def full(this, path):
        real(this, path)
        this._file = FullDisk(this._file, room)

    path = tmp_path / "x.nc"
    write_dataset(DATA, path)
    before = path.read_bytes()
    monkeypatch.setattr(Output, "__init__", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_dataset(DATA, path)
    assert [one.name for one in tmp_path.iterdir()] == ["x.nc"]
    assert path.read_bytes() == before
    assert capfd.readouterr() == ("", "")


def test_what_hdf5_makes_of_a_failure_is_not_what_is_said(tmp_path):
    def crash(failed):
        with hdf5_output(tmp_path / "x") as file:
            if failed:
                file._to_memory(OSError(errno.ENOSPC, "No space left on device"))
            raise RuntimeError("Can't decrement id ref count")

    with pytest.raises(OSError, match="No space left"):
        crash(failed=True)
    with pytest.raises(RuntimeError, match="id ref count"):
        crash(failed=False)


def test_a_thread_leaves_signals_alone(tmp_path, python_handlers):
    found = []

    def work():
        with hdf5_output(tmp_path / "x"):
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def test_what_it_takes_reads_as_written(tmp_path):
    write_dataset(DATA, tmp_path / "x.nc")
    assert read_dataset(tmp_path / "x.nc").identical(DATA)


@pytest.mark.long
def test_a_disk_that_is_full_after_any_byte_is_a_line_and_changes_nothing(tmp_path):
    """HDF5 itself would crash, or print tracebacks when the file is forgotten: it is never told."""
    resource = pytest.importorskip("resource")
    path = tmp_path / "d.nc"
    write_dataset(DATA, path)
    before, (soft, hard) = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    size = len(before)
    for room in [*range(0, size, 211), size - 1]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        try:
            with pytest.raises(OutputError, match=r"^cannot write .*d\.nc: File too large$"):
                write_dataset(DATA, path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["d.nc"]
