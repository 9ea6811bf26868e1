"""Threads that work together: one that fails, dies or is interrupted keeps nobody waiting, and spoils no result."""

from __future__ import annotations

import ctypes
import faulthandler
import threading

import numpy as np
import pytest
from numba import njit
from thermozoo_plugins.connectivities import Bipartite
from thermozoo_plugins.potentials import Quartic

from thermozoo.dynamics.engines import compiled_batch, thread_group, workers
from thermozoo.dynamics.engines.base import Dynamics
from thermozoo.dynamics.engines.batch import BatchState
from thermozoo.dynamics.engines.compiled import CompiledEngine
from thermozoo.dynamics.engines.workers import run_threads
from thermozoo.dynamics.noise import NoiseKey
from thermozoo.errors import EngineError


@pytest.fixture(autouse=True)
def nobody_waits_for_ever():
    """What is tested here would hang the tests."""
    faulthandler.dump_traceback_later(100, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@njit(nogil=True)
def meet(shared, members, times):
    for _ in range(times):
        thread_group.barrier(shared, members)


@pytest.fixture(autouse=True, scope="module")
def _compiled():
    meet(thread_group.counters(), 1, 1)


def meeting(fails=(), error=ValueError, members=3, times=50):
    """Let members meet; some fail before they come."""
    shared, came = thread_group.counters(), []

    def work(member):
        if member in fails:
            raise error(f"member {member}")
        meet(shared, members, times)
        came.append(member)

    run_threads(work, members, shared)
    return sorted(came)


@pytest.mark.parametrize("error", [ValueError, MemoryError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("fails", [(0,), (1,), (2,), (0, 2), (1, 2), (0, 1, 2)])
def test_where_a_member_fails_the_others_end_and_its_error_is_raised(fails, error):
    with pytest.raises(error, match="member"):
        meeting(fails, error)
    assert meeting() == [0, 1, 2]


def test_an_interruption_between_the_handing_out_of_work(monkeypatch):
    """Of three workers one has begun and waits for the others, who never come."""
    do, calls = workers._Worker.do, []

    def interrupted(self, *given):
        calls.append(self)
        if len(calls) == 2:
            raise KeyboardInterrupt
        do(self, *given)

    monkeypatch.setattr(workers._Worker, "do", interrupted)
    with pytest.raises(KeyboardInterrupt):
        meeting(members=4)
    assert meeting(members=4) == [0, 1, 2, 3]


def test_an_interruption_while_all_are_let_go(monkeypatch):
    """A second Ctrl-C, and a third."""
    opened, calls = workers._Piece._open, []

    def interrupted(self):
        if threading.current_thread() is threading.main_thread():
            calls.append(self)
            if len(calls) < 3:
                raise KeyboardInterrupt
        opened(self)

    monkeypatch.setattr(workers._Piece, "_open", interrupted)
    with pytest.raises((ValueError, KeyboardInterrupt)):
        meeting((0,))
    assert len(calls) >= 3
    assert meeting() == [0, 1, 2]


def send(thread, error):
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(error)) == 1


def test_a_thread_that_is_told_to_end_at_its_work():
    shared, begun = thread_group.counters(), threading.Event()

    def work(member):
        if member == 1:
            send(threading.current_thread(), SystemExit)
            begun.set()
        meet(shared, 3, 10)

    with pytest.raises(SystemExit):
        run_threads(work, 3, shared)
    assert meeting() == [0, 1, 2]


def test_a_thread_that_has_died_is_replaced(monkeypatch):
    """A pool of the standard library would hand it work for ever."""
    meeting()
    own = workers._workers(2)
    monkeypatch.setattr(own[0], "_thread", dead := threading.Thread(target=int))
    dead.start()
    dead.join()
    assert meeting() == [0, 1, 2]
    assert own[0] not in workers._workers(2)


def test_a_system_that_gives_no_more_threads(monkeypatch):
    """It is said before anybody has begun, with the number that there may be; nobody is left waiting."""
    monkeypatch.setattr(workers, "_WORKERS", {})
    start, begun = threading.Thread.start, []

    def refuse(self):
        begun.append(self)
        if len(begun) == 2:
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    came = []
    with pytest.raises(EngineError, match=r"2 of 4 threads \(can't start new thread\): set THERMOZOO_THREADS=2"):
        run_threads(came.append, 4)
    assert came == []
    assert meeting(members=2) == [0, 1]


def test_without_meetings_all_do_their_part_and_the_error_is_kept():
    done = []

    def work(member):
        done.append(member)
        if member == 1:
            raise ValueError("member 1")

    with pytest.raises(ValueError, match="member 1"):
        run_threads(work, 3)
    assert sorted(done) == [0, 1, 2]


def test_a_batch_that_was_stopped_within_its_steps_is_not_used_again(monkeypatch, make_computer, euler):
    """Of its trajectories some have done more steps than others; from a state that was kept, the bits are the same."""
    dynamics = Dynamics(make_computer({"a": 3}, Quartic(), Bipartite()), euler, 0.01, "double")
    start = BatchState(np.ones((20, 3)), NoiseKey(1), np.arange(20))
    batch = CompiledEngine(2).prepare(dynamics).begin(start)
    batch.advance(5)
    kept = batch.state()

    def die(member):
        raise MemoryError("no more")

    with monkeypatch.context() as patch:
        patch.setattr(compiled_batch, "run_threads", lambda work, *more: run_threads(die, 2))
        with pytest.raises(MemoryError):
            batch.advance(5)
    for use in (lambda: batch.advance(1), batch.state, batch.rest, batch.copy):
        with pytest.raises(EngineError, match="stopped within its steps, after step 5"):
            use()
    again = CompiledEngine(2).prepare(dynamics).begin(kept)
    again.advance(5)
    whole = CompiledEngine(1).prepare(dynamics).begin(start)
    whole.advance(10)
    assert np.array_equal(again.states(), whole.states())
