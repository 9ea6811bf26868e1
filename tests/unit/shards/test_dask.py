"""Shards on a real Dask cluster of processes: workers that die, that are not fit, and schedulers that do not answer."""

from __future__ import annotations

import time

import numpy as np
import pytest
import toy

from thermozoo.errors import ShardError
from thermozoo.shards import dask
from thermozoo.shards.cutting import Shard, cut
from thermozoo.shards.dask import DaskExecutor, differences
from thermozoo.shards.executors import do_shards
from thermozoo.shards.local import LocalExecutor


def test_differences_name_both_sides():
    there, here = {"numba": "0.60", "same": 1, "plugin x": "a"}, {"numba": "0.61", "same": 1, "plugin y": "b"}
    assert differences("worker 3", there, here) == [
        "worker 3 has numba 0.60, the run has 0.61: make them alike",
        "worker 3 has plugin x a, the run has None: make them alike",
        "worker 3 has plugin y None, the run has b: make them alike",
    ]


@pytest.fixture(scope="module")
def distributed():
    return pytest.importorskip("distributed")


def squares(job, done):
    return np.concatenate([job.products.read(shard, digest)["squares"] for shard, digest in done])


@pytest.mark.long
def test_a_worker_that_is_killed_loses_nothing(distributed, tmp_path, monkeypatch):
    """The same products as those of local processes, digest for digest; numba has the threads of its worker."""
    monkeypatch.setenv("THERMOZOO_THREADS", "7")
    monkeypatch.setenv("NUMBA_NUM_THREADS", "7")
    job, said, told = toy.job(tmp_path / "job", deadly=200, deaths=1, threads=True), [], []
    done = do_shards(job, DaskExecutor(2, 1, about=toy.same), 64, said.append, told.append)
    assert [shard for shard, _ in done] == cut([Shard(0, toy.MANY)], 64)
    assert np.array_equal(squares(job, done), np.arange(toy.MANY) ** 2)
    assert sum(told) == toy.MANY
    assert "dask: 2 workers, dashboard http://" in said[0]
    assert len(list(job.products.folder.glob("death-*"))) == 1
    assert {tuple(job.products.read(shard, digest)["threads"]) for shard, digest in done} == {(1, 1)}
    alone = toy.job(tmp_path / "alone", threads=True)
    assert do_shards(alone, LocalExecutor(1), 64, said.append) == done


@pytest.mark.long
def test_a_shard_that_costs_two_workers_is_named_and_the_rest_goes_on(distributed, tmp_path):
    job, said = toy.job(tmp_path / "job", deadly=200, deaths=9), []
    with pytest.raises(ShardError, match=r"^trajectories 128 to 255 cost 2 workers .* 125 KiB; log: /.*worker-"):
        do_shards(job, DaskExecutor(2, 1, about=toy.same), 128, said.append)
    assert len(list(job.products.folder.glob("death-*"))) == 2
    assert set(job.products.finished()) == {*cut([Shard(0, toy.MANY)], 128)} - {Shard(128, 128)}


@pytest.mark.long
def test_workers_of_an_address(distributed, tmp_path, monkeypatch):
    """They are taken as they are, where each does one shard at a time and is like this process."""
    job = toy.job(tmp_path / "job")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        done = do_shards(job, DaskExecutor(0, 1, address, toy.same), 128, print)
        assert np.array_equal(squares(job, done), np.arange(toy.MANY) ** 2)
        with pytest.raises(ShardError, match=r"worker tcp://\S+ has process \d+, the run has \d+: make them alike"):
            DaskExecutor(0, 1, address, toy.own).check()
        cluster.scale(0)
        until = time.monotonic() + 30
        while cluster.scheduler.workers and time.monotonic() < until:
            pass
        monkeypatch.setattr(dask, "_WORKER", 0.5)
        with pytest.raises(ShardError, match=r"has no worker after 0\.5 s: start some with dask worker"):
            DaskExecutor(0, 1, address, toy.same).check()


@pytest.mark.long
def test_workers_with_several_threads_are_refused_by_name(distributed):
    said = r"by threads: tcp://\S+ \(3\); .* start them with --nthreads 1"
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=3, dashboard_address=":0") as cluster,
        pytest.raises(ShardError, match=said),
    ):
        DaskExecutor(0, 1, cluster.scheduler_address, toy.same).check()


@pytest.mark.long
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nobody.invalid:8786", "no such address"])
def test_an_address_that_nobody_answers(distributed, monkeypatch, address):
    monkeypatch.setattr(dask, "_ANSWER", 1.0)
    with pytest.raises(ShardError, match=r"^run\.scheduler: nobody answers at .* within 1 s [^\n]*$"):
        DaskExecutor(0, 1, address, toy.same).check()
