"""Functions of kernels that are vector code, against extended precision and the mathematical library."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit

from thermozoo.dynamics.engines import line_access, lines

_sin, _cos, _exp, _tanh, _log = (lines.FUNCTIONS[name] for name in ("sin", "cos", "exp", "tanh", "log"))
NAMES = ["sin", "cos", "exp", "tanh", "log"]


@njit(error_model="numpy")
def _all_functions(x, out):
    n = x.size
    for i in range(0, n, 64 // x.itemsize):
        at = line_access.load_line(x, i)
        line_access.put_line(out, i, _sin(at))
        line_access.put_line(out, n + i, _cos(at))
        line_access.put_line(out, 2 * n + i, _exp(at))
        line_access.put_line(out, 3 * n + i, _tanh(at))
        line_access.put_line(out, 4 * n + i, _log(at))


def values(x):
    out = np.empty(5 * x.size, x.dtype)
    _all_functions(x, out)
    return dict(zip(NAMES, out.reshape(5, -1), strict=True))


def drawn(dtype):
    """Numbers of every size, close to branches and to zeros of the functions, and on both sides of each."""
    random = np.random.default_rng(0)
    sizes = 10.0 ** random.uniform(-12, 5.5, 4000) * random.choice([-1, 1], 4000)
    exponents = random.uniform(-110, 95, 2000) * (1 if dtype == np.float32 else 7.5)
    quarters = np.arange(-2000, 2000) * (math.pi / 2)
    near = np.concatenate([np.float32(quarters), quarters, quarters + 1e-3, quarters + math.pi / 4])
    edges = np.array([0.625, 0.7071067811865476, 1.0, 0.0, 88.7, 103.9, 709.7, 745.1])
    x = np.concatenate([sizes, exponents, near, edges, np.nextafter(edges, 10), -edges]).astype(dtype)
    return np.concatenate([x, np.ones(-x.size % 16, dtype)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_errors_are_below_two_units_in_the_last_place(dtype):
    if np.finfo(np.longdouble).nmant <= np.finfo(np.float64).nmant and dtype == np.float64:
        pytest.skip("this machine has no longer numbers to compare with")
    x = drawn(dtype)
    for name, got in values(x).items():
        at = np.abs(x) if name == "log" else x
        got = values(at)["log"] if name == "log" else got
        with np.errstate(all="ignore"):
            exact = getattr(np, name)(at.astype(np.longdouble))
            rounded = exact.astype(dtype)
            unit = np.spacing(np.abs(rounded)).astype(np.longdouble)
        finite = np.isfinite(rounded)
        assert np.array_equal(np.isfinite(got), finite)
        assert np.array_equal(got[~finite], rounded[~finite])
        assert (np.abs(got[finite] - exact[finite]) < 2 * unit[finite]).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_beyond_the_vector_code(dtype):
    """Huge phases and what has no logarithm come from the library; the numbers beside them have the bits of before."""
    ordinary = np.linspace(-2, 3, 64).astype(dtype)
    mixed = ordinary.copy()
    strange = np.array([1e30, -1e25, np.inf, -np.inf, np.nan, 3e9, -0.0, np.finfo(dtype).tiny / 8], dtype)
    mixed[::8] = strange
    before, got = values(ordinary), values(mixed)
    with np.errstate(all="ignore"):
        for name in NAMES:
            expected = getattr(np, name)(strange.astype(float)).astype(dtype)
            assert np.array_equal(np.isnan(got[name][::8]), np.isnan(expected))
            assert np.allclose(got[name][::8], expected, rtol=4 * np.finfo(dtype).eps, atol=0, equal_nan=True)
            beside = np.arange(64) % 8 != 0
            assert np.array_equal(got[name][beside], before[name][beside], equal_nan=True)
