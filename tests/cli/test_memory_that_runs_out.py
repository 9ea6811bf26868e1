"""Memory that runs out: one line that says so, whatever a library calls it, and nothing is left behind."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys

import pytest

from thermozoo.checkpoints.store import FOLDER
from thermozoo.cli.app import run
from thermozoo.cli.memory import said_of_memory
from thermozoo.errors import LibraryError


def chained(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "no more is left"),
        (MemoryError("Unable to allocate 3 GiB"), "Unable to allocate 3 GiB"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "[Errno 12] Cannot allocate memory"),
        (RuntimeError("can't start new thread"), "can't start new thread"),
        (
            ImportError("numpy failed\n\nlibopenblas.so: failed to map segment from shared object\nread this"),
            "libopenblas.so: failed to map segment from shared object",
        ),
        (chained(ValueError("wrong"), MemoryError()), "no more is left"),
        (ValueError("wrong"), None),
        (OSError(errno.ENOSPC, "No space left on device"), None),
        (ImportError("No module named 'xarray'"), None),
    ],
)
def test_what_an_error_says_of_memory(error, said):
    assert said_of_memory(error) == said


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("can't start new thread"),
        chained(LibraryError("the library xarray cannot be imported; install it again"), MemoryError("no room")),
    ],
)
def test_the_command_says_it_in_a_line(monkeypatch, capsys, error):
    def out_of_memory(*given, **named):
        raise error

    monkeypatch.setattr("thermozoo.registry.catalogue.load_catalogue", out_of_memory)
    assert run(["plugins"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("thermozoo: out of memory: ")
    assert "install" not in line
    assert "; fewer samples, units, images or time steps" in line


#: MiB of address space, from less than Python's libraries take to enough for the run.
ROOM = (300, 400, 500, 600, 800, 1000, 1500)


@pytest.mark.long
@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_a_run_in_little_memory_ends_well_or_in_a_line(tmp_path, engine):
    """RLIMIT_AS: exit 0 or 2; OpenBLAS itself ends a process in which it finds no buffers, with 1 or as by Ctrl-C.

    With several threads it may also wait for ever for its buffers while it is loaded, so that it is given one.
    """
    codes, alone = [], {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    for room in ROOM:
        out = tmp_path / f"out{room}"
        words = ["run", "sample", "--quiet", "--out", str(out), "--set", "dynamics.duration=30"]
        command = [sys.executable, "-m", "thermozoo", *words, "--set", f"dynamics.engine={engine}"]

        def limited(room=room):
            resource.setrlimit(resource.RLIMIT_AS, (room * 2**20,) * 2)

        done = subprocess.run(command, preexec_fn=limited, env=alone, capture_output=True, text=True)
        assert "Traceback" not in done.stdout + done.stderr
        by_openblas = "OpenBLAS" in done.stderr
        # LLVM ends a process for whose code there is no memory
        by_llvm = "LLVM ERROR" in done.stderr
        assert done.returncode in (0, 2) or by_openblas or by_llvm, (room, done.returncode, done.stderr[-2000:])
        if not (by_openblas or by_llvm):  # as by kill -9, which leaves the claim of a folder
            # a checkpoint may be left, from which the run goes on where there is more memory
            assert out.exists() == (done.returncode == 0 or (out / FOLDER).is_dir())
        codes.append(done.returncode)
    assert codes[-1] == 0
