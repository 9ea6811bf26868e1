"""Ctrl-C, SIGTERM and a closed terminal, at any moment: a word, no traceback, nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from thermozoo.cli import signals
from thermozoo.cli.app import run
from thermozoo.cli.process import guarded
from thermozoo.cli.signals import Stoppable

ALL = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def heeded():
    """Heed all of them; a shell has its background processes ignore SIGINT."""
    before = {one: signal.signal(one, signal.default_int_handler) for one in ALL}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.mark.parametrize(
    ("received", "said"),
    [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated"), (signal.SIGHUP, "terminated")],
)
def test_every_signal_ends_a_command(capsys, received, said):
    def work():
        signal.raise_signal(received)
        raise AssertionError("not stopped")

    assert guarded(work, ": nothing was written") == (128 + received, True)
    assert capsys.readouterr().err == f"{said}: nothing was written\n"
    assert all(signal.getsignal(one) is signal.default_int_handler for one in ALL)


def test_a_closed_terminal_leaves_no_half_written_folder(tmp_path, monkeypatch, capsys):
    from thermozoo.runs import experiment

    def hangup(*arguments, **options):
        assert len(list(tmp_path.iterdir())) > 0  # the folder that must vanish
        signal.raise_signal(signal.SIGHUP)

    monkeypatch.setattr(experiment, "assemble_machine", hangup)
    assert run(["run", "--out", str(tmp_path / "out")]) == 129
    assert capsys.readouterr().err.splitlines()[-1] == "terminated: nothing was written"
    assert list(tmp_path.iterdir()) == []


def test_a_second_signal_does_not_stop_cleaning_up(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    cleaned = []
    with Stoppable() as stoppable:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            cleaned.append(True)
        assert stoppable.received == [signal.SIGINT]
        clock[0] += 10.0
        with pytest.raises(KeyboardInterrupt):  # who insists is heard
            signal.raise_signal(signal.SIGINT)
    assert cleaned == [True]
    assert stoppable.received == [signal.SIGINT, signal.SIGINT]


def test_an_interruption_that_a_library_turned_into_an_error(capsys):
    def work():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ImportError("cannot import multiarray") from None

    assert guarded(work) == (130, True)
    assert capsys.readouterr().err == "interrupted\n"


def test_what_is_ignored_stays_ignored():
    """As with nohup, or a background process of a shell."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def work():
        signal.raise_signal(signal.SIGHUP)
        return 0

    assert guarded(work) == (0, False)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_without_a_signal_errors_of_ours_pass():
    def work():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guarded(work)


def test_off_the_main_thread_no_handler_is_set():
    import threading

    found = []
    thread = threading.Thread(target=lambda: found.append(guarded(lambda: 0)))
    thread.start()
    thread.join()
    assert found == [(0, False)]


def _child(code, *, stop):
    """Run Python code that says when it is ready, send it a signal then, and return how it ended."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdout.readline() == "ready\n"
    child.send_signal(stop)
    _, error = child.communicate(timeout=60)
    return child.returncode, error


#: Imports the program up to a module, which waits there for its signal.
IMPORTING = """
import sys, time
import thermozoo.cli
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            print("ready", flush=True)
            time.sleep(60)
sys.meta_path.insert(0, Slow())
sys.argv = ["thermozoo", "show", "quartic"]
thermozoo.cli.main()
"""


@pytest.mark.parametrize("module", ["thermozoo.cli.process", "typer", "sympy"])
def test_an_interruption_while_the_program_is_imported(module):
    assert _child(IMPORTING.format(module=module), stop=signal.SIGINT) == (130, "interrupted\n")


ENDING = """
import atexit, sys, time
import thermozoo.cli
atexit.register(lambda: (print("ready", flush=True), time.sleep(60)))
sys.argv = ["thermozoo", "no-such-command"]
thermozoo.cli.main()
"""


def test_an_interruption_while_the_interpreter_ends():
    code, error = _child(ENDING, stop=signal.SIGINT)
    assert code == -signal.SIGINT  # at once
    assert error.startswith("thermozoo: no command is called 'no-such-command'")
    assert error.count("\n") == 1


def test_the_handlers_cover_what_ends_a_program():
    assert set(signals._SIGNALS) == set(ALL)
