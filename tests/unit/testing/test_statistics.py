"""Tolerances: the stated false-alarm rate, measured."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from thermozoo.testing import CheckFailed, statistics
from thermozoo.testing.checks.integrator import extrapolated


def test_limits_against_closed_forms():
    rate = statistics.FALSE_ALARM
    assert 2 * stats.norm.sf(statistics.z_limit()) == pytest.approx(rate, rel=1e-9)
    assert 8 * stats.norm.sf(statistics.z_limit(4)) == pytest.approx(rate, rel=1e-9)
    assert stats.chi2.sf(statistics.chi_square_limit(6), 6) == pytest.approx(rate, rel=1e-9)
    d = statistics.kolmogorov_limit(400)
    assert 2 * math.exp(-2 * 400 * d * d) == pytest.approx(rate)


def test_false_alarms_at_a_rate_that_can_be_counted(monkeypatch):
    """At a rate of 5 % a test, 400 tests give 20 alarms; fewer than 2 or more than 45 have a probability below 1e-6."""
    monkeypatch.setattr(statistics, "FALSE_ALARM", 0.05)
    rng = np.random.default_rng(20260121)
    alarms = {"mean": 0, "variance": 0, "distribution": 0}
    for _ in range(400):
        x = rng.standard_normal(500)
        for name, compare in (
            ("mean", lambda v: statistics.compare_mean("x", v, 0.0)),
            ("variance", lambda v: statistics.compare_variance("x", v, 1.0)),
            ("distribution", lambda v: statistics.compare_distribution("x", v, stats.norm.cdf)),
        ):
            try:
                compare(x)
            except CheckFailed:
                alarms[name] += 1
    for name, count in alarms.items():
        assert 2 <= count <= 45, (name, count)


def correlated(rng, a=0.8, steps=400, series=64):
    """Stationary series x' = a x + (1 - a^2)^(1/2) xi: n samples are worth n (1 - a) / (1 + a) independent ones."""
    x = np.empty((steps, series))
    x[0] = rng.standard_normal(series)
    for k in range(1, steps):
        x[k] = a * x[k - 1] + math.sqrt(1 - a * a) * rng.standard_normal(series)
    return x


def test_correlation_in_time_is_accounted_for(monkeypatch):
    """As above, 400 tests at 5 %; taken for independent, the samples of a = 0.8 would give an alarm in half of them."""
    measured = statistics.compare_chains("x", correlated(np.random.default_rng(3), series=4000), 0.0)
    effective = float(measured.detail.split(", ")[-1].split()[0])
    # its relative error is that of a variance of 4000 time averages, (2/4000)^(1/2); ends of series add 1/90
    assert effective == pytest.approx(400 * 4000 * 0.2 / 1.8, rel=4 * math.sqrt(2 / 4000) + 1 / 80)
    monkeypatch.setattr(statistics, "FALSE_ALARM", 0.05)
    rng = np.random.default_rng(20260122)
    alarms = 0
    for _ in range(400):
        try:
            statistics.compare_chains("x", correlated(rng), 0.0)
        except CheckFailed:
            alarms += 1
    assert 2 <= alarms <= 45


@pytest.mark.parametrize(
    "compare",
    [
        lambda v: statistics.compare_mean("x", 0.3 + v, 0.0),
        lambda v: statistics.compare_variance("x", 1.3 * v, 1.0),
        lambda v: statistics.compare_distribution("x", np.sign(v), stats.norm.cdf),
        lambda v: statistics.compare_chains("x", 0.3 + v.reshape(20, 100), 0.0),
    ],
)
def test_what_is_wrong_is_seen(compare):
    with pytest.raises(CheckFailed, match=r"samples"):
        compare(np.random.default_rng(1).standard_normal(2000))


def test_convergence_order():
    h = np.array([0.1, 0.05, 0.025])
    assert statistics.convergence_order(h, 3 * h**1.5) == pytest.approx(1.5)


STEPS = np.array([0.16, 0.04, 0.01])


def falling(rng, order, samples=300, floor=0.0):
    """Errors of either sign that fall with the order, of a scatter that does not."""
    return rng.standard_normal((3, samples)) * STEPS[:, None] ** order + floor


def test_false_alarms_of_an_order_at_a_rate_that_can_be_counted(monkeypatch):
    """As above: of 400 orders that are claimed exactly, 2.5 % lie below at a rate of 5 %; 1 to 30 but for 1e-4."""
    monkeypatch.setattr(statistics, "FALSE_ALARM", 0.05)
    rng = np.random.default_rng(20260123)
    found = [statistics.measured_order("x", STEPS, falling(rng, 1.0), 1.0, saturates=False) for _ in range(400)]
    assert 1 <= sum(not one.holds for one in found) <= 30
    assert np.mean([one.value for one in found]) == pytest.approx(1.0, abs=0.01)


def test_an_error_that_stays_has_no_order():
    """A hundredth of the longest step's error is left at dt = 0; a quarter less of it is forgiven."""
    rng = np.random.default_rng(20260124)
    assert not statistics.measured_order("x", STEPS, falling(rng, 0.75), 1.25).holds
    assert not statistics.measured_order("x", STEPS, falling(rng, 1.5, floor=0.01), 1.5).holds
    saturated = falling(rng, 1.0) * np.array([0.75, 1.0, 1.0])[:, None]
    assert statistics.measured_order("x", STEPS, saturated, 1.0).holds


@pytest.mark.parametrize(("claimed", "order"), [(1, 1), (1, 2), (2, 2), (2, 3)])
def test_what_vanishes_with_the_step_is_told_from_what_stays(claimed, order):
    h = np.array([[0.1], [0.05], [0.025]])
    vanishing = np.array([3.0, -0.2]) * h**order + 4.0 * h ** (order + 1)
    assert extrapolated("x", vanishing, claimed, 1e-12).holds
    assert not extrapolated("x", vanishing + 0.05, claimed, 1e-12).holds
