"""The mean force along a straight line, by quadrature, and its inverse."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from thermozoo_plugins.tasks.mean_force import MeanForce

from thermozoo.errors import ParameterError


def test_it_is_the_mean_over_the_way():
    force = MeanForce(lambda x: x**2 + 0.5 * x**4 + 0.3 * x, mobility=1.5, duration=0.4)
    for a in (-2.0, 0.1, 3.0):
        mean, _ = quad(lambda s, a=a: 2 * a * s + 2 * (a * s) ** 3 + 0.3, 0, 1)
        assert force(np.array([a])) == pytest.approx([a / 0.6 + mean], rel=1e-9)


def test_its_inverse_takes_it_back_however_far():
    force = MeanForce(lambda x: x**2 + x**4, mobility=1.0, duration=0.2)
    places = np.array([-30.0, -1.0, 0.01, 0.5, 7.0])
    assert force.inverse(force(places)) == pytest.approx(places, abs=1e-5)


def test_a_barrier_that_is_too_high_for_the_time_is_refused():
    def energy(x):
        return -8 * x**2 + x**4

    MeanForce(energy, mobility=1.0, duration=0.1).inverse(np.array([1.0]))
    with pytest.raises(ParameterError, match=r"take a shorter dynamics.duration"):
        MeanForce(energy, mobility=1.0, duration=0.2).inverse(np.array([1.0]))
