"""Effective sample size and split R-hat, against figures that ArviZ gave and against autoregressive chains."""

from __future__ import annotations

import math

import numpy as np
import pytest

from thermozoo.dynamics.chains import autocorrelation, effective_sample_size, split_r_hat
from thermozoo.errors import ShapeError


def chains(seed, several, count, rho, shift=0.0):
    """Autoregressive chains of unit variance, whose means rise by `shift` from one to the next."""
    random = np.random.default_rng(seed)
    x = np.zeros((several, count))
    x[:, 0] = random.standard_normal(several)
    for t in range(1, count):
        x[:, t] = rho * x[:, t - 1] + np.sqrt(1 - rho**2) * random.standard_normal(several)
    return x + shift * np.arange(several)[:, None]


#: What arviz-stats 0.8.0 says of these chains: bulk, mean, R-hat by ranks.
KNOWN = [
    ((1, 4, 500, 0.5, 0), 778.0469566799319, 778.0480223868742, 1.0070924727878043),
    ((2, 8, 200, 0.9, 0), 105.01177253763841, 102.52318577138227, 1.0422567589305969),
    ((3, 4, 101, -0.4, 0), 1040.823996531185, 1040.823996531185, 1.0032166904995024),
    ((4, 3, 1000, 0.99, 0), 28.449086854730776, 27.184808249290253, 1.0910460801688981),
    ((5, 4, 300, 0.2, 0.3), 49.801034692628825, 48.91807275622306, 1.0648457623210366),
]


@pytest.mark.parametrize(("given", "bulk", "mean", "r_hat"), KNOWN)
def test_the_figures_are_those_of_arviz(given, bulk, mean, r_hat):
    x = chains(*given)
    assert effective_sample_size(x) == pytest.approx(bulk, rel=1e-9)
    assert effective_sample_size(x, ranked=False) == pytest.approx(mean, rel=1e-9)
    assert split_r_hat(x) == pytest.approx(r_hat, rel=1e-9)


def test_an_autoregressive_chain_has_the_effective_size_that_its_correlation_says():
    """(1 - rho) / (1 + rho) of the draws; the estimate scatters by 3 % here: five of these would be one in 2e6."""
    x = chains(7, 16, 4000, 0.8)
    assert effective_sample_size(x, ranked=False) == pytest.approx(x.size / 9, rel=0.15)


def test_autocorrelation_is_that_of_the_definition():
    x = chains(8, 3, 50, 0.6)
    off = x - x.mean()
    lagged = [sum((one[: 50 - k] * one[k:]).sum() for one in off) / (3 * 50) for k in range(50)]
    np.testing.assert_allclose(autocorrelation(x), np.array(lagged) / lagged[0], atol=1e-12)


def test_draws_that_do_not_move_are_said_to_be_so():
    assert math.isnan(split_r_hat(np.ones((4, 10))))
    assert effective_sample_size(np.ones((4, 10))) == 40
    assert (autocorrelation(np.ones((4, 10))) == 1).all()


def test_few_draws_are_refused():
    with pytest.raises(ShapeError, match="chains of at least 4 draws, got 3"):
        split_r_hat(np.zeros((4, 3)))
