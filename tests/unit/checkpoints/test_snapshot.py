"""Snapshots of observers: all that changes comes back, and what cannot be kept is named instead of lost."""

from __future__ import annotations

import collections
import io

import attrs
import numpy as np
import pytest

import thermozoo as tz
from thermozoo.checkpoints.snapshot import Snapshots
from thermozoo.checkpoints.values import UnkeptError, read_value, write_value


class Sums:
    """An ordinary observer, with all kinds of what a stranger may keep."""

    __slots__ = ("__total", "inner", "law", "log", "names", "random", "read", "seen", "table")

    def __init__(self, law, read=None):
        self.law, self.read = law, read
        self.__total = np.zeros(2)
        self.inner = tz.RunningMoments([0])
        self.log, self.table, self.names, self.seen = [], {"a": [0], 2: None}, {"x"}, (0, [np.int64(3)])
        self.random = np.random.default_rng(3)

    def look(self, x):
        self.__total += x[0]
        self.inner.add(x)
        self.log.append((len(self.log), float(self.random.normal()), x.copy()))
        self.table["a"].append(len(self.log))
        self.table["late"] = {"deep": [self.random.integers(9)]}
        self.names.add(str(len(self.log)))
        self.seen = (self.seen[0] + 1, [*self.seen[1], np.int64(4)])

    def all(self):
        return (self.__total.tolist(), self.inner.mean.tolist(), self.inner.variance.tolist(), repr(self.log),
                self.table, self.names, self.seen, self.random.normal())  # fmt: skip


@attrs.frozen
class Around:
    """A frozen one around another, as what a device reads is shown."""

    inside: Sums
    factor: float = 2.0


LAW = tz.get("quartic")


def through_a_file(value, tmp_path):
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npz"
    write_value(value, path)
    return read_value(path)


def test_all_that_changed_comes_back(tmp_path):
    looks = np.random.default_rng(0).normal(size=(6, 3, 2))
    undisturbed, first, second = (Around(Sums(LAW)) for _ in range(3))
    held = Snapshots(first)
    for x in looks:
        undisturbed.inside.look(x)
    for x in looks[:4]:
        first.inside.look(x)
    value = through_a_file(held.take(), tmp_path)
    Snapshots(second).put(value)
    for x in looks[4:]:
        second.inside.look(x)
    assert second.inside.all() == undisturbed.inside.all()


def test_a_snapshot_shares_nothing_with_what_goes_on():
    one = Sums(LAW)
    held = Snapshots(one)
    one.look(np.ones((1, 2)))
    value, before = held.take(), repr(held.take())
    one.look(np.ones((1, 2)))
    assert repr(value) == before


def test_what_reaches_an_observer_from_outside_keeps_its_identity():
    shared, sums = [1.0], tz.RunningMoments()

    class Watch:
        def __init__(self, shared, sums):
            self.shared, self.sums, self.read = shared, sums, lambda: shared[0]

    one = Watch(shared, sums)
    held = Snapshots(one)
    shared.append(2.0)
    sums.add([[1.0, 3.0]])
    value = held.take()
    shared[:] = [1.0]
    sums.add([[9.0, 9.0]])
    held.put(value)
    assert shared == [1.0, 2.0]
    assert one.shared is shared
    assert one.sums is sums
    assert sums.count == 1
    assert one.read() == 1.0


class Own:
    """One that says itself what it is."""

    def __init__(self):
        self.file, self.count = io.StringIO(), 0

    def checkpoint(self):
        return {"count": self.count}

    def restore(self, value):
        self.count = value["count"]


def test_an_object_may_say_itself_what_it_is(tmp_path):
    one, other = Own(), Own()
    held = Snapshots(one)
    one.count = 7
    Snapshots(other).put(through_a_file(held.take(), tmp_path))
    assert other.count == 7


def replaced(one):
    one.law = tz.get("quartic", J2=3.0)


def made(one):
    one.log.append(tz.RunningMoments())


def counting(one):
    count = 0

    def read():
        nonlocal count
        count += 1
        return count

    one.read = read


@pytest.mark.parametrize("change", [replaced, made])
def test_another_object_than_in_the_beginning_is_not_kept(change):
    one = Sums(LAW)
    held = Snapshots(one)
    held.take()
    change(one)
    with pytest.raises(UnkeptError, match="than in the beginning"):
        held.take()


def test_a_number_or_an_array_that_a_function_changes_is_not_kept():
    one, array = Sums(LAW), np.zeros(3)
    counting(one)
    held = Snapshots(one)
    held.take()
    one.read()
    with pytest.raises(UnkeptError, match="read"):
        held.take()
    other = Sums(LAW, lambda: array)
    held = Snapshots(other)
    held.take()
    array[0] = 1.0
    with pytest.raises(UnkeptError):
        held.take()


@pytest.mark.parametrize(
    "what", [io.StringIO(), iter([1]), collections.deque([1]), {object(): 1}, bytearray(b"x"), {(1,): 2}]
)
def test_what_no_file_holds_is_not_kept(what):
    one = Sums(what)
    with pytest.raises(UnkeptError):
        Snapshots(one).take()
