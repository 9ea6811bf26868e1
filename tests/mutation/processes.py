"""Checks in processes of their own, forked from one that has imported everything but thermozoo."""

from __future__ import annotations

import functools
import importlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
from mutants import Mutant, plant, swap
from subjects import Subject

__all__ = ["Verdict", "alone", "context_of", "first_to_fail", "import_libraries"]

#: Libraries that thermozoo imports: imported once, before a process is forked.
_LIBRARIES = (
    "attrs", "cattrs", "hypothesis", "mpmath", "networkx", "numba", "numpy", "pluggy", "scipy.integrate",
    "scipy.linalg", "scipy.optimize", "scipy.special", "scipy.stats", "sympy", "xarray",
)  # fmt: skip

#: Bytes of address space of one process: a wrong size must not take the machine's memory.
_MEMORY = 12 << 30


def import_libraries() -> None:
    """Import what all forked processes need."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    if thermozoo_is_there():
        raise RuntimeError("thermozoo has been imported already: nothing can be changed in it any more")


def thermozoo_is_there() -> bool:
    """Return whether thermozoo has been imported."""
    return any(name.split(".")[0] in ("thermozoo", "thermozoo_plugins") for name in sys.modules)


def import_thermozoo(subjects: Sequence[Subject]) -> dict[str, set[str]]:
    """Import thermozoo, make all plugins and load their checks; return functions that ran then, by file."""
    ran: dict[str, set[str]] = {}

    def call(frame: Any, event: str, _: Any) -> None:
        ran.setdefault(frame.f_code.co_filename, set()).add(frame.f_code.co_qualname.replace(".<locals>", ""))

    sys.settrace(call)
    try:
        for subject in subjects:
            context_of(subject)
            checks_of(subject)
    finally:
        sys.settrace(None)
    return ran


def alone(function: Callable[[], Any], limit: float = 600.0) -> Any:
    """Return what a function returns in a process of its own, as JSON; None where it is not done in time or dies."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.setpgid(0, 0)
            with os.fdopen(writing, "w") as pipe:
                json.dump(function(), pipe)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    os.close(writing)
    parts, end = [], time.monotonic() + limit
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        while (left := end - time.monotonic()) > 0 and select.select([pipe], [], [], left)[0]:
            part = pipe.read(1 << 16)
            if not part:
                break
            parts.append(part)
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
    _, status = os.waitpid(child, 0)
    return json.loads(b"".join(parts)) if status == 0 else None


@attrs.frozen
class Verdict:
    """What became of a mutant.

    Parameters
    ----------
    by : str
        ``"check"``, ``"error"`` (something raised), ``"time"``, ``"crash"`` (the process died), ``"survived"`` or
        ``"not reached"``.
    subject, check, reason : str
        The plugin and the check that noticed it, and what was said.
    seconds : float
        How long it took.
    """

    by: str
    subject: str = ""
    check: str = ""
    reason: str = ""
    seconds: float = 0.0


def plugin_of(subject: Subject) -> Any:
    """Return the plugin of a subject: an installed one, or one of those beside this file."""
    import thermozoo

    beside = Path(__file__).parent / subject.plugin
    return thermozoo.get(beside if beside.is_file() else subject.plugin)


@functools.cache
def context_of(subject: Subject, seed: int = 0) -> Any:
    """Return the context in which the checks of a subject run, once in each process."""
    from thermozoo.dynamics.engines import engine_named
    from thermozoo.testing.runner import context_for

    return context_for(plugin_of(subject), seed=seed, engines=[engine_named(name) for name in subject.engines])


def checks_of(subject: Subject) -> list[str]:
    """Return the names of the checks of a subject's quick profile."""
    from thermozoo.testing import checks_for

    return [
        one.name
        for one in checks_for(plugin_of(subject))
        if one.level == "quick" and (not subject.checks or one.name in subject.checks)
    ]


def first_to_fail(
    mutant: Mutant | None, todo: Sequence[tuple[Subject, str]], cache: Path | None, *, keep: bool = False
) -> dict[str, Any]:
    """Run checks with a mutant in place until one notices it.

    Parameters
    ----------
    mutant : Mutant or None
        What is changed.
    todo : sequence of (Subject, str)
        Checks by name, in the order in which they run.
    cache : Path or None
        Folder of compiled kernels, which is copied; none: an empty one.
    keep : bool
        Whether kernels are compiled into that folder itself.
    """
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        if cache is not None and not keep:
            shutil.copytree(cache, folder, dirs_exist_ok=True)
        os.environ["THERMOZOO_CACHE"] = str(cache) if keep else folder
        if mutant is not None and not swap(mutant):
            if mutant.home in sys.modules:
                return attrs.asdict(Verdict("not made"))
            plant(mutant)
        subject, name = todo[0]
        try:
            from thermozoo.testing import Status, checks_for
            from thermozoo.testing.runner import run_check

            for subject, name in todo:
                context = context_of(subject)
                [check] = [one for one in checks_for(context.plugin) if one.name == name]
                outcome = run_check(check, context)
                if outcome.status in (Status.FAILED, Status.CRASHED):
                    by = "check" if outcome.status is Status.FAILED else "error"
                    return attrs.asdict(Verdict(by, str(subject), name, outcome.reason[:300]))
        except Exception as error:  # on import, or when the plugin is made: no check can begin
            return attrs.asdict(Verdict("error", str(subject), name, f"{type(error).__name__}: {error}"[:300]))
    return attrs.asdict(Verdict("survived"))
