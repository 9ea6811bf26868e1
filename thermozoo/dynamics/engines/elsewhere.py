"""Kernels that processes of their own compile, while this one does something else.

numba compiles one kernel after the other, and most of that is Python's work, so that threads would not help.
"""

from __future__ import annotations

import atexit
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thermozoo.dynamics.engines.machine_code import has_machine_code

__all__ = ["compile_elsewhere", "end_all", "ready"]

#: What such a process does with where to look for modules, a kernel, and what it is called with.
_CHILD = """
import pickle, sys
from pathlib import Path
sys.path[:] = pickle.load(sys.stdin.buffer)
from thermozoo.dynamics.engines.kernel_cache import load_kernel
path, arguments = pickle.load(sys.stdin.buffer)
load_kernel(path.stem.rpartition("_")[0], path.read_text()).call_first(*arguments)
"""

_processes: dict[Path, subprocess.Popen[bytes]] = {}
_handing_over = False


class _HandedOverError(Exception):
    """A kernel is being compiled elsewhere."""


def compile_elsewhere(run: Callable[[], object]) -> None:
    """Have another process compile the kernel that a short run would have to wait for; the run ends there.

    Whoever needs the kernel later waits for that process and no longer, and compiles it where that did not work.
    """
    global _handing_over
    _handing_over = True
    try:
        run()
    except _HandedOverError:
        pass
    finally:
        _handing_over = False


def ready(path: Path | None, arguments: tuple[Any, ...]) -> None:
    """Wait until nobody else compiles a kernel; within `compile_elsewhere`, have somebody do so.

    Parameters
    ----------
    path : Path or None
        Its file; what lives in memory cannot be compiled elsewhere.
    arguments : tuple
        What it will be called with first.
    """
    if path is None:
        return
    if not _handing_over:
        process = _processes.pop(path, None)
        if process is not None:
            process.wait()
        return
    if path not in _processes:
        if has_machine_code(path):
            return
        _processes[path] = _process(path, arguments)
    raise _HandedOverError


def _process(path: Path, arguments: tuple[Any, ...]) -> subprocess.Popen[bytes]:
    with tempfile.TemporaryFile() as given:
        pickle.dump(sys.path, given)
        pickle.dump((path, arguments), given)
        given.seek(0)
        return subprocess.Popen(
            [sys.executable, "-c", _CHILD], stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


@atexit.register
def end_all() -> None:
    """End the processes that are still compiling."""
    for process in _processes.values():
        process.terminate()
        process.wait()
