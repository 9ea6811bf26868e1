"""Shards: how they are cut, what is kept of them, and that nothing is lost when a worker is."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import toy

from thermozoo.errors import NonFiniteError, ShardError
from thermozoo.shards.cutting import BLOCK, Shard, blocks_of, cut, gaps, shard_size
from thermozoo.shards.executors import Kept, do_shards
from thermozoo.shards.job import Ticket, attempt, log_of
from thermozoo.shards.local import LocalExecutor
from thermozoo.shards.products import Products


@pytest.mark.parametrize(("trajectories", "size"), [(1, 64), (63, 64), (64, 64), (1000, 128), (1000, 4096), (129, 64)])
def test_shards_cover_all_and_begin_at_blocks(trajectories, size):
    shards = cut([Shard(0, trajectories)], size)
    numbers = [n for one in shards for n in range(one.first, one.stop)]
    assert numbers == list(range(trajectories))
    assert all(one.first % BLOCK == 0 for one in shards)
    assert [b for one in shards for b in blocks_of(one)] == cut([Shard(0, trajectories)], BLOCK)


def test_sizes_are_whole_blocks():
    assert [shard_size(1000, 2, asked) for asked in (1, 64, 65, 1000)] == [64, 64, 128, 1024]
    assert [shard_size(1000, workers) for workers in (1, 2, 100)] == [512, 256, 64]
    assert shard_size(10**9, 2) == 4096


def test_what_is_missing_is_found_whatever_was_cut_before():
    """Of shards that overlap, none is used twice, and the rest is what no shard has."""
    every = [Shard(first, count) for first in range(0, 640, 64) for count in (64, 128, 192) if first + count <= 640]
    rng = np.random.default_rng(4)
    for _ in range(200):
        done = [every[k] for k in rng.permutation(len(every))[: rng.integers(0, 8)]]
        used, missing = gaps(600, done)
        numbers = sorted(n for one in (*used, *missing) for n in range(one.first, one.stop))
        assert numbers == list(range(600))
        assert set(used) <= set(done)
        covered = {n for one in done if one.stop <= 600 for n in range(one.first, one.stop)}
        assert used or not covered


def test_a_product_is_whole_or_not_there(tmp_path):
    products = Products(tmp_path)
    value = {"a": np.arange(3.0), "b": ["x", None]}
    digest = products.add(Shard(0, 3), value)
    assert products.finished() == {Shard(0, 3): digest}
    assert np.array_equal(products.read(Shard(0, 3), digest)["a"], value["a"])
    assert products.add(Shard(0, 3), value) == digest  # a shard that is done twice
    path = products.path(Shard(0, 3), digest)
    content = bytearray(path.read_bytes())
    content[-30] ^= 1
    path.write_bytes(content)
    with pytest.raises(ShardError, match="its SHA-256 differs"):
        products.read(Shard(0, 3), digest)
    assert products.finished() == {}
    assert list(tmp_path.iterdir()) == []


def test_a_shard_that_comes_to_something_else_is_an_error(tmp_path):
    products = Products(tmp_path)
    products.add(Shard(0, 3), {"a": np.arange(3.0)})
    with pytest.raises(ShardError, match="trajectories 0 to 2 were computed twice, with products that differ"):
        products.add(Shard(0, 3), {"a": np.arange(3.0) + 1e-16 * 3})
    with pytest.raises(ShardError, match="were computed twice"):
        products.finished()


def test_a_worker_refuses_files_that_are_not_those_of_the_job(tmp_path):
    job = toy.job(tmp_path / "job")
    assert attempt(Ticket(job.ticket.folder, "0" * 64), Shard(0, 2)).text.endswith("than the one that it was given")
    (tmp_path / "job" / "some.txt").write_text("changed")
    assert "some.txt is not the file that the run wrote" in attempt(job.ticket, Shard(0, 2)).text
    assert "on a disk that all workers see" in attempt(Ticket(str(tmp_path / "none"), "0"), Shard(0, 2)).text


def squares(job, done):
    return np.concatenate([job.products.read(shard, digest)["squares"] for shard, digest in done])


def test_a_worker_that_dies_loses_nothing(tmp_path):
    """One dies in the middle; another does its shard, what is finished is not done again, and progress adds up."""
    job, said, told = toy.job(tmp_path / "job", deadly=200, deaths=1), [], []
    done = do_shards(job, LocalExecutor(2), 128, said.append, told.append)
    assert [shard for shard, _ in done] == cut([Shard(0, toy.MANY)], 128)
    assert np.array_equal(squares(job, done), np.arange(toy.MANY) ** 2)
    assert sum(told) == toy.MANY
    (line,) = said
    assert "signal 9" in line
    assert "at trajectories 128 to 255" in line
    before = {path: path.stat().st_mtime_ns for path in job.products.folder.glob("shard-*")}
    assert len(before) == 5
    assert do_shards(job, None, 64, said.append) == done  # nobody is asked
    assert {path: path.stat().st_mtime_ns for path in job.products.folder.glob("shard-*")} == before


def test_workers_stay_from_one_job_to_the_next(tmp_path):
    """One that dies in between costs nothing but its place; where a job ends badly all end, and the next has others."""
    kept, said = Kept(LocalExecutor(2)), []

    def processes_of(name, **about):
        job = toy.job(tmp_path / name, **about)
        try:
            done = do_shards(job, kept, 64, said.append)
            assert np.array_equal(squares(job, done), np.arange(toy.MANY) ** 2)
        finally:
            found = {int(path.stem.rpartition("-")[2]) for path in job.products.folder.glob("worker-*.log")}
        return found

    first = processes_of("first")
    assert len(first) == 2
    assert processes_of("second") == first
    assert said == []
    killed = first.pop()
    os.kill(killed, signal.SIGKILL)
    third = processes_of("third")
    assert killed not in third
    assert first < third
    assert [f"worker {killed} ended (signal 9)" in line for line in said] == [True]
    with pytest.raises(NonFiniteError):
        processes_of("bad", bad=7)
    for one in third:
        with pytest.raises(ProcessLookupError):
            os.kill(one, 0)
    assert third.isdisjoint(processes_of("last"))
    kept.close()


def test_a_shard_that_costs_two_workers_is_named_and_the_rest_goes_on(tmp_path):
    job, said = toy.job(tmp_path / "job", deadly=200, deaths=2), []
    with pytest.raises(ShardError, match=r"^trajectories 128 to 255 cost 2 workers .* 125 KiB; log: ") as error:
        do_shards(job, LocalExecutor(1), 128, said.append)
    log = Path(str(error.value).partition("log: ")[2].partition(";")[0].split(", ")[0])
    assert "begins trajectories 128 to 255" in log.read_text()
    assert set(job.products.finished()) == {*cut([Shard(0, toy.MANY)], 128)} - {Shard(128, 128)}
    assert log_of(job.ticket, Shard(128, 128)).count("worker-") == 2
    done = do_shards(job, LocalExecutor(1), 64, said.append)  # the third time nothing happens
    assert [shard for shard, _ in done] == [
        Shard(0, 128),
        Shard(128, 64),
        Shard(192, 64),
        *cut([Shard(256, 384)], 128),
    ]
    assert np.array_equal(squares(job, done), np.arange(toy.MANY) ** 2)


def test_workers_that_cannot_even_begin_are_not_started_for_ever(tmp_path, monkeypatch):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'a library is missing' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    job, said = toy.job(tmp_path / "job"), []
    with pytest.raises(
        ShardError, match=r"^workers end before they have done any shard: a library is missing; what they"
    ):
        do_shards(job, LocalExecutor(1), 64, said.append)
    assert sum("ended (exit 3)" in line for line in said) == 6
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    with pytest.raises(ShardError, match=r"^no worker can be started: No such file or directory: take fewer"):
        do_shards(job, LocalExecutor(1), 64, said.append)


def test_an_error_of_a_worker_is_that_of_the_run(tmp_path):
    with pytest.raises(NonFiniteError, match="trajectory 7 is not finite"):
        do_shards(toy.job(tmp_path / "a", bad=7), LocalExecutor(1), 640, print)
    with pytest.raises(ShardError, match=r"a worker raised RuntimeError: worker \S+ differs"):
        do_shards(toy.job(tmp_path / "b", differs=True), LocalExecutor(1), 640, print)


def test_workers_have_threads_of_their_own(tmp_path, monkeypatch):
    """Set before anything is imported, whatever this process has."""
    from thermozoo.shards.local import thread_settings

    monkeypatch.setenv("THERMOZOO_THREADS", "5")
    found = thread_settings(3)
    assert found["THERMOZOO_THREADS"] == found["NUMBA_NUM_THREADS"] == "3"
    assert found["OPENBLAS_NUM_THREADS"] == "1"
    assert not [one for one, other in itertools.pairwise(sorted(found)) if one == other]
