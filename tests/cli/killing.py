"""A process of its own that runs the command line in children and kills them: imports are paid for once.

It reads a line of JSON for each child from standard input, and answers with one: its exit code, how long it took, and
how long it lived on after the signal.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import tempfile
import time

#: What a run imports on its way.
MODULES = (
    "h5netcdf", "jinja2", "numba", "scipy.stats", "sklearn.linear_model", "sklearn.neural_network", "sympy",
    "thermozoo.cli.run", "thermozoo.front.runs", "thermozoo.runs.experiment", "thermozoo.runs.replay_folder",
    "thermozoo.sweeps.experiment", "xarray",
)  # fmt: skip


def without_pictures():
    """Draw no picture: that is most of the time of a small run, and nothing is computed in it."""
    from thermozoo.runs import phases, surroundings

    phases.draw_figures = lambda *arguments, **options: {}
    surroundings.drawings_of = lambda *arguments: {}


def child(arguments, log, full, folder, temporary):
    """Be the command line, in a folder, with one for temporary files."""
    from thermozoo.cli import main

    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    if full is not None:
        limit(0, full)
    if folder is not None:
        os.chdir(folder)
    tempfile.tempdir = temporary
    try:
        main(arguments)
    except SystemExit as stop:
        os._exit(stop.code or 0)
    finally:
        os._exit(77)


def limit(process, size):
    """Let a process write no file beyond a size: for it, the disk is full."""
    import resource

    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def fill(path):
    """Write a file until no byte fits on its disk."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while True:
            os.write(handle, bytes(2**16))
    os.close(handle)


def _waits(folder):
    """Whether no checkpoint with work under way is whole yet, in a folder that is waited for: its index comes last."""
    try:
        found = set() if folder is None else set(os.listdir(folder))
    except OSError:
        return True
    indices = [name.replace("under-way", "checkpoint")[:-3] + "json" for name in found if name.startswith("under-way")]
    return folder is not None and found.isdisjoint(indices)


def followed(asked):
    """Run a child, and do to it what is asked, when it is asked."""
    process = os.fork()
    if process == 0:
        child(*(asked.get(name) for name in ("arguments", "log", "full", "folder", "temporary")))
    begun = time.monotonic()
    moment, once, done = asked.get("at"), asked.get("once"), 0
    while moment is not None and not done and (_waits(once) or time.monotonic() - begun < moment):
        time.sleep(0.002)
        done, status = os.waitpid(process, os.WNOHANG)
    sent = time.monotonic()
    if moment is not None and not done:
        with contextlib.suppress(ProcessLookupError):
            if asked["by"] == "full":
                limit(process, 2000)
            elif asked["by"] == "fill":
                fill(asked["fill"])
            else:
                os.kill(process, getattr(signal, asked["by"]))
    if not done:
        _, status = os.waitpid(process, 0)
    now = time.monotonic()
    return {"code": os.waitstatus_to_exitcode(status), "took": now - begun, "after": now - sent, "early": bool(done)}


if __name__ == "__main__":
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.default_int_handler)  # a shell has its background processes ignore SIGINT
    for name in MODULES:
        importlib.import_module(name)
    if "--pictures" not in sys.argv:
        without_pictures()
    for line in sys.stdin:
        print(json.dumps(followed(json.loads(line))), flush=True)
