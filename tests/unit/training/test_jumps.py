"""Jumps of a function are found, steep slopes and kinks are none."""

from __future__ import annotations

import numpy as np
import pytest

from thermozoo.training.jumps import jumps


@pytest.mark.parametrize(
    ("function", "places"),
    [
        (np.sign, [0.0]),
        (lambda x: np.where(x > 0.3, x + 1e-3, x), [0.3]),
        (np.floor, [0.0, 1.0]),
        (np.abs, []),
        (lambda x: np.maximum(x, 0.2) ** 2, []),
        (lambda x: np.tanh(1e6 * x), []),
        (lambda x: 1.0, []),
    ],
    ids=["sign", "small", "floor", "abs", "max", "steep", "constant"],
)
def test_jumps(function, places):
    assert jumps(function, -0.7, 1.9) == pytest.approx(places, abs=1e-9)
