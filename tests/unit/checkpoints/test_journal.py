"""The journal: pieces by their turn, rounds, what costs too much, and runs that go another way."""

from __future__ import annotations

import functools
import signal
import time

import pytest

from thermozoo.checkpoints import journal as room
from thermozoo.checkpoints import stopping
from thermozoo.checkpoints.journal import Journal
from thermozoo.checkpoints.pieces import booked, kept, piece, rounds, turn
from thermozoo.checkpoints.store import Store
from thermozoo.errors import CheckpointError, DataError


def nested(log=None):
    """Rounds within phases, a memo around rounds, and a phase that fails in the middle of a round."""
    log, found = [] if log is None else log, {}
    for phase in range(3):
        with turn("phase"):
            sums = [0]

            def put(value, sums=sums):
                sums[:] = value

            for k in rounds("sum", 4, lambda sums=sums: list(sums), put):
                sums[0] += 10**phase * (k + 1)
                log.append((phase, k))
                for _ in rounds("inner", 2, list, list):
                    pass
            found[phase] = sums[0]
        try:
            with turn("fails"):
                for k in rounds("fail", 3, list, list):
                    if k == 1:
                        raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        with turn("memo"):
            found["memo", phase] = kept("memo", lambda phase=phase: [found[phase], counted()])
    return found


def counted():
    """Rounds within a memo."""
    count = [0]

    def put(value):
        count[:] = value

    for k in rounds("in", 3, lambda: list(count), put):
        count[0] += k
    return count[0]


def test_work_that_is_killed_at_every_checkpoint_is_the_same(killed_at_every_checkpoint):
    log = []
    done = killed_at_every_checkpoint(lambda: nested(log))
    assert done.result == nested()
    assert done.kills > 12
    assert done.skipped == []
    for phase in range(3):  # what was saved is not done again
        assert [k for number, k in log if number == phase] == [0, 1, 2, 3]


def test_without_a_run_nothing_is_booked():
    assert not booked()
    with piece("alone", lambda: pytest.fail("asked")) as one:
        assert one.left is None
        assert not one.booked
        one.poll(lambda: pytest.fail("asked"))
        one.finish(lambda: pytest.fail("asked"))
    assert list(rounds("r", 3, lambda: pytest.fail("asked"), print)) == [0, 1, 2]


class Clock:
    """Time that tests make."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(room.time, "monotonic", lambda: self.now)


def begun(folder, interval=10.0, **more):
    store = Store.read(folder, pytest.fail) if folder.is_dir() else Store.new(folder)
    return Journal(store, dict, interval, more.pop("note", pytest.fail), **more)


def test_a_checkpoint_is_written_when_it_is_time(tmp_path, monkeypatch):
    clock, saved = Clock(monkeypatch), []

    def take():
        saved.append(clock.now)
        return 0

    with begun(tmp_path / "c").open():
        for _ in rounds("r", 100, take, list):
            clock.now += 1.0
    assert saved[:-1] == [10.0 * k for k in range(1, 11)]


def test_what_costs_too_much_waits(tmp_path, monkeypatch):
    """One that takes 2 s is not written again before 2 minutes are over: two per cent of the time at most."""
    clock = Clock(monkeypatch)
    written = []

    class Slow(Store):
        def write(self, *arguments):
            written.append(clock.now)
            clock.now += 2.0

    slow = Journal(Slow(tmp_path / "c"), dict, 10.0, pytest.fail)
    with slow.open():
        for _ in rounds("r", 1000, lambda: 0, list):
            clock.now += 1.0
    assert slow.spent <= 0.02 * clock.now
    assert len(written) == 1 + (1000 - 10) // 120


def test_what_will_cost_too_much_waits_from_the_first(tmp_path, monkeypatch):
    """30 MB are 0.2 s at the speed that is supposed before any was written: not before 12 s are over."""
    clock, written = Clock(monkeypatch), []

    class Quick(Store):
        def write(self, *arguments):
            written.append(clock.now)

    with Journal(Quick(tmp_path / "c"), dict, 1.0, pytest.fail).open():
        for _ in rounds("r", 14, lambda: b"x" * 30_000_000, list):
            clock.now += 1.0
    assert written[0] == 13.0


def test_a_cheap_piece_with_a_large_result_is_done_again(tmp_path, monkeypatch):
    clock = Clock(monkeypatch)
    one = begun(tmp_path / "c")
    with one.open():
        for seconds, size, about in ((0.01, 10**6, 10**6), (100.0, 10**6, 10**6), (0.01, 10, 10), (0.01, 10**6, 0)):
            with piece("p", str, size=about) as work:
                clock.now += seconds
                work.finish(lambda size=size: b"x" * size)
        one.save_finished()
    assert list(Store.read(tmp_path / "c", pytest.fail).entries) == ["1-p", "2-p"]


@pytest.mark.parametrize(
    ("name", "asked", "said"),
    [("other", "a", "it does other, and the checkpoint holds first"), ("first", "b", "by other numbers")],
)
def test_a_run_that_goes_another_way_is_refused(tmp_path, name, asked, said):
    one = begun(tmp_path / "c")
    with one.open(), turn("phase"):
        kept("first", lambda: 1, asked=lambda: "a")
        one.save_finished()
    with begun(tmp_path / "c").open(), turn("phase"), pytest.raises(CheckpointError, match=said):
        kept(name, lambda: 1, asked=lambda: asked)


def test_a_disk_that_is_full_is_said_once_and_the_work_goes_on(tmp_path, monkeypatch):
    clock, said = Clock(monkeypatch), []

    class Full(Store):
        def write(self, *arguments):
            raise OSError(28, "No space left on device")

    full = Journal(Full(tmp_path / "c"), dict, 1.0, said.append)
    with full.open():
        for _ in rounds("r", 10, lambda: 0, list):
            clock.now += 1.0
    assert len(said) == 1
    assert said[0].startswith("cannot write a checkpoint: No space left on device; what was saved before stays")


def test_what_cannot_be_kept_is_left_out(tmp_path):
    one = begun(tmp_path / "c", interval=0.0)
    with one.open():
        assert list(rounds("r", 3, lambda: object(), list)) == [0, 1, 2]
        assert kept("k", lambda: print) is print
    assert len(one.skipped) == 5
    assert not one.holds_work


def test_who_is_asked_to_stop_saves_and_stops_at_the_next_round(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "_PATIENCE", 3600.0)
    one, done = begun(tmp_path / "c", interval=3600.0, resume="thermozoo run --resume c"), []

    def work():
        for k in rounds("r", 10, lambda: done[:], done.extend):
            done.append(k)
            if k == 4:
                assert stopping.stop_soon()

    with one.open(), pytest.raises(KeyboardInterrupt):
        work()
    assert done == [0, 1, 2, 3, 4]
    assert one.remark() == ": the work up to this moment is saved; go on with thermozoo run --resume c"
    assert stopping.listening() is None
    again = []
    with begun(tmp_path / "c").open():
        for k in rounds("r", 10, list, again.extend):
            again.append(k)
    assert again == list(range(10))


@pytest.mark.parametrize("heeded", [signal.SIGINT, signal.SIGTERM])
def test_who_does_not_stop_in_time_is_interrupted(tmp_path, monkeypatch, request, heeded):
    """By the signal that is heeded: a shell has its background processes ignore SIGINT."""
    for one in (signal.SIGINT, signal.SIGTERM):
        before = signal.signal(one, signal.default_int_handler if one == heeded else signal.SIG_IGN)
        request.addfinalizer(functools.partial(signal.signal, one, before))
    monkeypatch.setattr(room, "_PATIENCE", 0.01)

    assert not stopping.stop_soon()  # nobody listens

    def work():
        for _ in rounds("r", 10, list, list):
            assert stopping.stop_soon()
            while True:
                time.sleep(0.01)

    with begun(tmp_path / "c").open(), pytest.raises(KeyboardInterrupt):
        work()


def test_what_comes_of_an_interruption_that_a_library_swallows_is_not_saved(tmp_path):
    """As scikit-learn does, which then returns a network that is half trained."""

    def fit():
        try:
            assert not stopping.stop_soon()
            raise KeyboardInterrupt  # as a handler does of whom nobody is asked to stop
        except KeyboardInterrupt:
            return "half"

    one = begun(tmp_path / "c", interval=0.0)
    with one.open():
        kept("before", lambda: time.sleep(0.01) or "whole")  # what takes no time is not worth saving
        one.save_finished()  # by itself it would wait for sixty times its cost, however long the disk takes
        for again in (lambda: kept("teacher", fit), lambda: list(rounds("r", 2, list, list))):
            with pytest.raises(KeyboardInterrupt):
                again()
        one.save_finished()
    assert [entry.name for entry in Store.read(tmp_path / "c", pytest.fail).entries.values()] == ["before"]


def test_a_state_that_does_not_fit_is_said(tmp_path):
    """Of a file that somebody made: its digest is right, and it holds something else."""
    one = begun(tmp_path / "c", interval=0.0)
    with one.open():
        list(rounds("r", 3, lambda: "text", list))
        one.save_finished()

    def put(value):
        raise KeyError(value)

    with begun(tmp_path / "c").open(), pytest.raises(DataError, match="the checkpoint of r does not fit: KeyError"):
        list(rounds("r", 3, list, put))
