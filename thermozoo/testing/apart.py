"""Verifying a plugin in a process of its own: one that ends it, or cannot be interrupted, ends that one alone."""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import select
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from thermozoo.testing.outcomes import ONLY_FULL, Outcome, Report, Status
from thermozoo.testing.registry import checks_for, kind_of
from thermozoo.testing.runner import TIME_LIMIT, verify

__all__ = ["verify_apart"]

#: For how much longer than a check may take its process is waited for: it may say itself where it was [second].
_GRACE = 10.0

#: What a process says once it begins with the first check; for how long it may take until then [second].
_BEGUN, _BEGINNING = "begun", 300.0

#: Libraries that checks import, which is to be no part of their time.
_LIBRARIES = ("sympy", "hypothesis", "scipy.stats", "numba")

#: How often it is looked whether a process has ended [second].
_PAUSE = 0.002

#: How a length is written before what it is the length of.
_LENGTH = 8


def _can_fork() -> bool:
    """Whether this process can go on as two: on macOS, libraries of the system do not survive it."""
    alone = threading.current_thread() is threading.main_thread() and not _jax_is_at_work()
    return hasattr(os, "fork") and sys.platform != "darwin" and alone


def _jax_is_at_work() -> bool:
    """Whether JAX has begun to use its devices here: what waits for its threads in another process waits for ever."""
    bridge = sys.modules.get("jax._src.xla_bridge")
    return bool(getattr(bridge, "backends_are_initialized", bool)())


def verify_apart(
    plugin: Any,
    *,
    profile: str,
    seed: int,
    time_limit: float = TIME_LIMIT,
    progress: Callable[[Outcome], None] | None = None,
    prepare: Callable[[], None] = lambda: None,
    **more: Any,
) -> Report:
    """Run the suite on one plugin in a process of its own, where the system has such; see `verify`.

    Parameters
    ----------
    plugin : Plugin
        Instance.
    profile, seed, time_limit, progress
        As for `verify`.
    prepare : callable
        What that process does first.
    **more
        Further arguments of `verify`.

    Returns
    -------
    Report
        Where the process has ended before its time, or does not end, the check that it was at has failed, and those
        after it are not run.
    """
    options: dict[str, Any] = {"profile": profile, "seed": seed, "time_limit": time_limit, **more}
    if not _can_fork():
        prepare()
        return verify(plugin, progress=progress, **options)
    found: list[Outcome] = []
    with _process(plugin, options, prepare) as child:
        for message in child.messages(time_limit + _GRACE):
            if isinstance(message, Report):
                return attrs.evolve(message, outcomes=tuple(found))
            if isinstance(message, BaseException):
                raise message
            found.append(message)
            if progress is not None:
                progress(message)
        end = child.end()
    return _cut_short(plugin, options, found, end, progress)


def _cut_short(
    plugin: Any, options: Mapping[str, Any], found: list[Outcome], end: str, progress: Callable[[Outcome], None] | None
) -> Report:
    """Return the report of a process that has ended in the middle of a check, or does not end."""
    reason = end or (
        f"it did not end within {options['time_limit']:g} s, and could not be interrupted: raise the limit "
        "(--time-limit) if it only needs longer"
    )
    guilty = ""
    for one in checks_for(plugin)[len(found) :]:
        if one.level == "full" and options["profile"] != "full":
            outcome = Outcome(one.name, one.claim, one.level, Status.NOT_RUN, reason=ONLY_FULL)
        elif not guilty:
            guilty = one.name
            outcome = Outcome(one.name, one.claim, one.level, Status.FAILED, reason=reason)
        else:
            outcome = Outcome(one.name, one.claim, one.level, Status.NOT_RUN, reason=f"the process ended in {guilty}")
        found.append(outcome)
        if progress is not None:
            progress(outcome)
    return Report(kind_of(plugin), type(plugin).name, options["profile"], options["seed"], (), tuple(found))


@contextlib.contextmanager
def _process(plugin: Any, options: Mapping[str, Any], prepare: Callable[[], None]) -> Iterator[_Child]:
    """Fork; the child verifies, and has ended when the block is left."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()  # what waits to be written would be written by both
    mine, its = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12, where a library keeps a thread
        number = os.fork()
    if number == 0:
        os.close(mine)
        _be_the_child(plugin, options, prepare, its)
    os.close(its)
    child = _Child(number, mine)
    try:
        yield child
    finally:
        child.end()
        os.close(mine)


@attrs.define
class _Child:
    """The process that verifies.

    Parameters
    ----------
    number : int
        Of the process.
    pipe : int
        Where it writes.
    """

    number: int
    pipe: int
    _silent: bool = False
    _said: str | None = None

    def messages(self, patience: float) -> Iterator[Any]:
        """Yield what it sends, until it has ended or is silent for too long."""
        kept, patient = b"", patience
        patience = max(patience, _BEGINNING)
        while True:
            if len(kept) >= _LENGTH and len(kept) >= (size := _LENGTH + int.from_bytes(kept[:_LENGTH], "little")):
                message = pickle.loads(kept[_LENGTH:size])
                kept, patience = kept[size:], patient
                if message != _BEGUN:
                    yield message
                continue
            ready, _, _ = select.select([self.pipe], [], [], patience)
            self._silent = not ready
            more = os.read(self.pipe, 2**16) if ready else b""
            if not more:
                return
            kept += more

    def end(self) -> str:
        """Wait for its end, or end it; return how it ended, nothing where it had to be ended."""
        if self._said is None:
            self._said = self._end()
        return self._said

    def _end(self) -> str:
        tries = 0 if self._silent or sys.exc_info()[0] is not None else round(_GRACE / _PAUSE)
        for _ in range(tries):
            done, code = os.waitpid(self.number, os.WNOHANG)
            if done:
                return _ended(os.waitstatus_to_exitcode(code))
            time.sleep(_PAUSE)
        os.kill(self.number, signal.SIGKILL)
        os.waitpid(self.number, 0)
        return ""


def _ended(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"the process was ended by the signal {signal.Signals(-code).name}: by the plugin, or for its memory"
    return f"the plugin ended the process with exit code {code} (os._exit, or a library of its own)"


def _be_the_child(plugin: Any, options: Mapping[str, Any], prepare: Callable[[], None], pipe: int) -> None:
    """Verify, and end without what this process was to do at its end."""
    code = 1
    try:
        try:
            prepare()
            for library in _LIBRARIES:
                importlib.import_module(library)
            _send(pipe, _BEGUN)
            last: Any = verify(plugin, progress=lambda outcome: _send(pipe, outcome), **options)
        except Exception as error:
            last = error
        _send(pipe, last)
        code = 0
    except KeyboardInterrupt:
        code = 130
    finally:
        with contextlib.suppress(BaseException):
            from thermozoo.dynamics.engines.elsewhere import end_all

            end_all()
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _send(pipe: int, message: Any) -> None:
    try:
        content = pickle.dumps(message)
        pickle.loads(content)
    except Exception:  # a counterexample may hold anything, and so may an error
        if isinstance(message, Outcome):
            shown = {key: repr(value) for key, value in message.counterexample.items()}
            content = pickle.dumps(attrs.evolve(message, counterexample=shown, value=None, expected=None))
        else:
            content = pickle.dumps(RuntimeError(f"{type(message).__name__}: {message}"))
    view = memoryview(len(content).to_bytes(_LENGTH, "little") + content)
    while view:
        view = view[os.write(pipe, view) :]
