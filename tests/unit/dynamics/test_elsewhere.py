"""Kernels that another process compiles: they are found when they are needed, and nothing depends on it."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from thermozoo.dynamics.engines import elsewhere, kernel_cache
from thermozoo.testing import ahead
from thermozoo.testing.probes import ProbeQuartic

_KERNEL = '''"""A kernel that is quick to compile."""

from numba import njit


@njit
def advance(x):
    return x + 1
'''


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    monkeypatch.setenv("THERMOZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kernel_cache, "_LOADED", {})
    monkeypatch.setattr(elsewhere, "_processes", {})
    yield kernel_cache.load_kernel("small", _KERNEL)
    elsewhere.end_all()


def run(kernel, done):
    kernel.call_first(2)
    done.append(kernel.advance(2))


def test_a_run_ends_where_it_would_wait_and_finds_the_kernel_later(kernel):
    done = []
    elsewhere.compile_elsewhere(lambda: run(kernel, done))
    assert (done, kernel.advance.signatures) == ([], [])
    assert list(elsewhere._processes) == [kernel.path]
    elsewhere.compile_elsewhere(lambda: run(kernel, done))  # it is under way: nobody begins again, or waits
    assert done == []
    run(kernel, done)
    assert (done, elsewhere._processes) == ([3], {})
    assert sum(kernel.advance.stats.cache_hits.values()) == 1
    assert not kernel.advance.stats.cache_misses


def test_a_run_whose_kernel_is_ready_goes_on(kernel):
    kernel.call_first(2)
    kernel_cache._LOADED.clear()
    done = []
    elsewhere.compile_elsewhere(lambda: run(kernel_cache.load_kernel("small", _KERNEL), done))
    assert (done, elsewhere._processes) == ([3], {})


@pytest.mark.parametrize("wrong", ["the process fails", "the kernel lives in memory"])
def test_what_is_not_compiled_elsewhere_is_compiled_here(kernel, monkeypatch, wrong):
    monkeypatch.setattr(elsewhere, "_CHILD", "raise SystemExit(1)")
    if wrong == "the kernel lives in memory":
        kernel.path = None
    done = []
    elsewhere.compile_elsewhere(lambda: run(kernel, done))
    assert done == ([] if wrong == "the process fails" else [3])
    run(kernel, done)
    assert done[-1] == 3
    assert not kernel.advance.stats.cache_hits


def test_verify_has_both_kernels_of_a_potential_compiled(kernel, monkeypatch):
    """In a batch and by itself; with one processor, none."""
    begun = []

    def process(path, arguments):
        begun.append(path.stem)
        return Mock()

    monkeypatch.setattr(elsewhere, "_process", process)
    monkeypatch.setattr(ahead, "available_threads", lambda: 1)
    ahead.compile_ahead(ProbeQuartic())
    assert begun == []
    monkeypatch.setattr(ahead, "available_threads", lambda: 2)
    ahead.compile_ahead(ProbeQuartic())
    batch, unit = begun
    assert batch.startswith("probe_step_probe_quartic_double_batch_")
    assert unit.startswith("probe_step_probe_quartic_double_unit_")
