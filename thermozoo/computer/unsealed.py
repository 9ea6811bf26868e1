"""A look at files that other tools wrote, in a process of its own, because a damaged one may stop the process.

Nothing tells damage from what such a tool meant, and HDF5 crashes on some of it and never returns on more. The other
process is kept for further files.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from thermozoo.errors import DataError
from thermozoo.given_files import memory_left

__all__ = ["check_elsewhere", "serve"]

#: How long it may take to read a file [s], and how many of its bytes are read in one more.
_SECONDS, _RATE = 30.0, 10 * 2**20

_CODE = "from thermozoo.computer.unsealed import serve; serve()"

#: The process that reads, and who started it: what a fork inherits of it belongs to another.
_kept: tuple[int, subprocess.Popen[str]] | None = None
_lock = threading.Lock()


def check_elsewhere(path: Path) -> None:
    """Let another process read a file.

    Raises
    ------
    DataError
        When it cannot, or does not within a time that grows with the size of the file.
    """
    seconds = _SECONDS + path.stat().st_size / _RATE
    with _lock:
        process = _process()
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(json.dumps([str(path.absolute()), memory_left()]) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:  # it has ended
            answer = ""
        finally:
            timer.cancel()
        if not answer:
            _end()
    if not answer:
        reason = f"it was not read within {seconds:.0f} s" if late.is_set() else "HDF5 crashed on it"
        raise DataError(f"cannot read {path}: {reason}; it is damaged, take a copy of it")
    fault = json.loads(answer)
    if fault:
        raise DataError(fault)


def _process() -> subprocess.Popen[str]:
    """Return the process that reads, started where there is none of this one."""
    global _kept
    if _kept is None or _kept[0] != os.getpid() or _kept[1].poll() is not None:
        _end()
        process = subprocess.Popen(
            [sys.executable, "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            text=True,
            encoding="ascii",
        )
        _kept = os.getpid(), process
        assert process.stdout is not None
        process.stdout.readline()  # it has imported what it needs
    return _kept[1]


@atexit.register
def _end() -> None:
    """End the process that reads."""
    global _kept
    if _kept is not None and _kept[0] == os.getpid():
        process = _kept[1]
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # of what was not yet written to it
                if pipe is not None:
                    pipe.close()
    _kept = None


def serve() -> None:
    """Read the files that standard input names, each with the memory that it may take; answer with what is wrong."""
    import h5netcdf  # noqa: F401 - before the clock runs
    import xarray  # noqa: F401

    from thermozoo.computer.datasets import load_hdf5

    answers, sys.stdout = sys.stdout, sys.stderr
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        path, memory = json.loads(line)
        fault = ""
        try:
            _limit(memory)
            load_hdf5(Path(path))
        except DataError as error:
            fault = str(error)
        answers.write(json.dumps(fault) + "\n")
        answers.flush()


def _limit(memory: int) -> None:
    """Take no more memory than so many bytes beyond what is held, where the system has such limits."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
