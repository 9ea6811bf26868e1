"""Running observables give what arrays of all observations give, and keep no more for more of them."""

from __future__ import annotations

import numpy as np
import pytest

from thermozoo.dynamics.running import RunningHistogram, RunningMoments, Trace
from thermozoo.errors import ParameterError, ShapeError

#: Observations, chains, quantities: far from zero, where sums of squares would cancel.
SEEN = 1e6 + np.random.default_rng(3).standard_normal((40, 5, 3))


@pytest.fixture(scope="module")
def moments():
    found = RunningMoments([2, 0])
    for one in SEEN:
        found.add(one)
    return found


def test_mean_and_variance_of_each_chain(moments):
    assert moments.count == 40
    np.testing.assert_allclose(moments.mean, SEEN.mean(axis=0), rtol=1e-15)
    np.testing.assert_allclose(moments.variance, SEEN.var(axis=0), rtol=1e-8)


def test_variance_and_covariance_about_the_mean_of_all(moments):
    off = SEEN - SEEN.mean(axis=(0, 1))
    np.testing.assert_allclose(moments.variance_about_all, (off**2).mean(axis=0), rtol=1e-8)
    chosen = off[:, :, [2, 0]]
    expected = np.einsum("tci,tcj->cij", chosen, chosen) / 40
    np.testing.assert_allclose(moments.covariance_about_all, expected, rtol=1e-7, atol=1e-9)


def test_one_quantity_is_no_observation():
    with pytest.raises(ShapeError, match=r"shape \(chains, quantities\), got \(4,\)"):
        RunningMoments().add(np.zeros(4))


def test_a_histogram_counts_every_draw_and_what_lies_beyond_in_its_last_bins():
    edges = np.array([np.linspace(-1, 1, 5), np.linspace(0, 4, 5)])
    found = RunningHistogram(edges)
    draws = np.random.default_rng(4).normal(0.5, 1.0, (30, 6, 2))
    for one in draws:
        found.add(one)
    assert found.counts.shape == (6, 2, 4)
    assert (found.counts.sum(axis=2) == 30).all()
    for chain in range(6):
        for quantity in range(2):
            inside = np.clip(draws[:, chain, quantity], edges[quantity][0], np.nextafter(edges[quantity][-1], 0))
            expected, _ = np.histogram(inside, edges[quantity])
            assert (found.counts[chain, quantity] == expected).all()
    np.testing.assert_allclose((found.density * np.diff(edges)).sum(axis=2), 1.0)


@pytest.mark.parametrize("edges", [[[0.0, 0.0]], [[1.0]], [0.0, 1.0]])
def test_edges_that_do_not_rise_are_refused(edges):
    with pytest.raises(ParameterError, match="edges must rise"):
        RunningHistogram(edges)


@pytest.mark.parametrize(("observations", "every"), [(9, 1), (10, 1), (11, 2), (40, 4), (41, 5)])
def test_a_trace_keeps_no_more_than_it_may(observations, every):
    found = Trace(observations, most=10)
    for k in range(observations):
        found.add(np.full((2, 1), float(k)))
    assert found.every == every
    assert found.values.shape[:2] == (1, 2)
    assert found.values[0, 0].tolist() == list(range(0, observations, every))


def test_observables_of_parts_of_the_chains_are_put_together(moments):
    """To what one of all chains holds, bit for bit."""
    edges = np.array([np.linspace(1e6 - 3, 1e6 + 3, 7)] * 3)

    def seen(chains):
        made = RunningMoments([2, 0]), RunningHistogram(edges), Trace(len(SEEN), most=10)
        for one in SEEN:
            for each in made:
                each.add(one[chains])
        return made

    for whole, *parts in zip(seen(slice(None)), seen(slice(0, 3)), seen(slice(3, 5)), seen(slice(0)), strict=True):
        rows = [one.rows() for one in parts[:2]]
        parts[2].put_rows({name: np.concatenate([one[name] for one in rows]) for name in rows[0]})
        for name in ("count", "mean", "variance", "covariance_about_all", "counts", "density", "values"):
            if hasattr(whole, name):
                assert np.array_equal(getattr(parts[2], name), getattr(whole, name))


def test_what_has_seen_nothing_has_no_rows():
    for one in (RunningMoments(), RunningHistogram([[0.0, 1.0]]), Trace(3, most=2)):
        with pytest.raises(ParameterError, match=f"this {type(one).__name__} has seen nothing yet"):
            one.rows()
