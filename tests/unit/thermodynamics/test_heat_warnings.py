"""Heat that says that a program is too coarse."""

from __future__ import annotations

import numpy as np
import pytest

from thermozoo.errors import ShapeError
from thermozoo.thermodynamics.heat_warnings import distance_from_one_mode, heat_warnings


def brute_force(samples):
    """The same by its definition: every mode, every chord."""
    x = np.sort(samples)
    n = len(x)

    def gap(x):
        worst = 0.0
        for i in range(len(x)):
            chords = [float(i)]
            for a in range(i):
                for b in range(i + 1, len(x)):
                    chords.append(a + (b - a) * (x[i] - x[a]) / (x[b] - x[a]))
            worst = max(worst, i + 1 - min(chords))
        return worst

    return min(max(gap(x[: m + 1]), gap(-x[m:][::-1])) for m in range(n)) / (2 * n)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 13])
def test_the_distance_is_that_of_its_definition(n):
    rng = np.random.default_rng(n)
    for draw in (rng.normal(size=n), rng.random(n) + 3 * (rng.random(n) < 0.5), rng.exponential(size=n)):
        assert distance_from_one_mode(draw) == pytest.approx(brute_force(draw), rel=1e-12)


def test_two_points_are_as_far_from_one_mode_as_can_be():
    """Half of the smaller group, in the limit of narrow groups far apart."""
    samples = np.concatenate([np.linspace(0, 1e-6, 700), np.linspace(1, 1 + 1e-6, 300)])
    assert distance_from_one_mode(samples) == pytest.approx(0.15, abs=1e-3)


def test_equal_samples_have_one_mode():
    assert heat_warnings(np.full(100, 3.0)) == ()
    assert heat_warnings([5.0]) == ()


@pytest.mark.parametrize("name", ["normal", "exponential", "uniform", "narrow on wide"])
def test_heat_with_one_mode_raises_no_alarm(name):
    """Of 300 sets of 100 samples at most two are taken for two groups.

    The rate is below 1e-3, so three or more happen with probability below 0.3^3/6 = 0.005; the rates by simulation are
    far below: no alarm in 20,000 sets of 20 or of 50 samples of any of these distributions.
    """
    rng = np.random.default_rng(7)
    draws = {
        "normal": lambda: rng.normal(size=100),
        "exponential": lambda: rng.exponential(size=100),
        "uniform": lambda: rng.random(100),
        "narrow on wide": lambda: np.where(rng.random(100) < 0.5, 0.1, 1.0) * rng.random(100),
    }
    assert sum(bool(heat_warnings(draws[name]())) for _ in range(300)) <= 2


def test_two_groups_are_named_with_their_remedy():
    """Half of the runs switch everything on and off once."""
    rng = np.random.default_rng(1)
    heat = np.concatenate([rng.normal(2500, 200, 120), rng.normal(50_000, 4000, 80)])
    (text,) = heat_warnings(rng.permutation(heat))
    assert "40 % release about 49,600 kT, the others 2,490 kT" in text
    assert "training.windows" in text
    assert "width" in text


def test_groups_that_hardly_differ_are_no_warning():
    """Images of two classes may cost a little more or less."""
    rng = np.random.default_rng(1)
    heat = np.concatenate([rng.normal(2500, 10, 100), rng.normal(2900, 10, 100)])
    assert 2 * distance_from_one_mode(heat) * np.sqrt(200) > 2.303
    assert heat_warnings(heat) == ()


def test_a_window_that_does_most_of_the_work_is_named():
    window_heat = np.full((10, 4), 1.0)
    window_heat[6] = 9.5
    (text,) = heat_warnings(window_heat.sum(axis=0), window_heat)
    assert text.startswith("window 7 of 10 has 51 % of the heat")
    window_heat[6] = -8.5  # less than half, of either sign
    assert heat_warnings(window_heat.sum(axis=0), window_heat) == ()
    assert heat_warnings(np.ones(4), np.array([[1.0], [0], [0], [0], [0], [0], [0]]) * np.ones(4)) == ()


def test_wrong_shapes_are_refused():
    with pytest.raises(ShapeError):
        heat_warnings(np.ones((2, 3)))
    with pytest.raises(ShapeError):
        heat_warnings(np.ones(3), np.ones((9, 4)))
    with pytest.raises(ShapeError, match="at least one sample"):
        heat_warnings(np.ones(0))
