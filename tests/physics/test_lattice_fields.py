"""Coupled double wells with exact answers: a ring by its transfer operator, all-to-all units by one integral.

D. J. Scalapino, M. Sears and R. A. Ferrell, Phys. Rev. B 6, 3409 (1972); R. C. Desai and R. Zwanzig, J. Stat. Phys. 19,
1 (1978).
"""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from ensembles import averaged
from thermozoo_plugins.connectivities import Dense
from thermozoo_plugins.integrators import StochasticHeun
from thermozoo_plugins.potentials import DoubleWell

from thermozoo.computer.computer import assemble

KT, DT = 0.5, 5e-3


def ring_moments(n, coupling):
    """<x_i^2> and <x_i x_(i+1)> of a ring of n units with U = -x^2 + x^4: traces of powers of the transfer operator."""
    x = np.linspace(-3.0, 3.0, 401)
    half = (-(x**2) + x**4) / 2
    transfer = np.exp(-(half[:, None] + half[None, :] + coupling * np.outer(x, x)) / KT)
    transfer /= np.linalg.eigvalsh(transfer)[-1]
    rest = np.linalg.matrix_power(transfer, n - 1)
    z = np.einsum("ij,ji->", transfer, rest)
    square = np.einsum("i,ij,ji->", x**2, transfer, rest) / z
    return square, np.einsum("i,ij,j,ji->", x, transfer, x, rest) / z


def all_to_all_moment(n, strength):
    """<M^2>, M the mean state, of n units with U = -x^2 / 2 + x^4 and J_ij = -J0 / n.

    The energy is sum_i (U + J0 x_i^2 / 2 n) - J0 S^2 / 2 n with S the sum of states. With a^2 = J0 / n kT and h a
    standard normal number, exp(a^2 S^2 / 2) is the mean of exp(a h S): units are independent given h, and under the
    weight of h that is left, <h^2> = 1 + a^2 <S^2>.
    """
    x, h = np.linspace(-3.0, 3.0, 1201), np.linspace(-16.0, 16.0, 1601)
    a = np.sqrt(strength / (n * KT))
    u = -(x**2) / 2 + x**4 + strength * x**2 / (2 * n)
    one = np.log(np.exp(-u / KT + a * h[:, None] * x).sum(axis=1))
    exponent = -(h**2) / 2 + n * one
    weight = np.exp(exponent - exponent.max())
    assert weight[[0, -1]].max() < 1e-12
    return ((weight @ h**2) / weight.sum() - 1) / a**2 / n**2


def test_a_ring_of_double_wells(make_ring):
    """24 units, J = -0.5: 600 trajectories' own averages, 4 standard errors (1 % and 4 %), false alarm 6e-5 each."""
    computer = assemble({"a": 24}, DoubleWell(J2=-1.0, J4=1.0), make_ring(24), temperature=KT)
    computer = computer.with_parameters(np.full(24, -0.5))
    expected = ring_moments(24, -0.5)
    assert expected == pytest.approx((0.519433, 0.230857), abs=1e-6)
    found, error = averaged(
        computer, StochasticHeun(), DT, trajectories=600, burn=2000, steps=2000, every=50, seed=5,
        measure=lambda x: [(x**2).mean(axis=1), (x * np.roll(x, 1, axis=1)).mean(axis=1)],
    )  # fmt: skip
    assert (np.abs(found - expected) < 4 * error).all()
    assert (error < [0.0025, 0.0025]).all()


@pytest.mark.parametrize(("strength", "printed"), [(0.6, 0.016040), (1.4, 0.056259)])
def test_soft_spins_all_to_all(strength, printed):
    """32 units: 500 trajectories' own averages, 4 standard errors (below 15 %), false-alarm rate 6e-5 each."""
    n = 32
    computer = assemble({"a": n}, DoubleWell(J2=-0.5, J4=1.0), Dense(), temperature=KT)
    computer = attrs.evolve(
        computer, couplings=computer.couplings.with_vector(np.full(n * (n - 1) // 2, -strength / n))
    )
    expected = all_to_all_moment(n, strength)
    assert expected == pytest.approx(printed, abs=1e-6)
    found, error = averaged(
        computer, StochasticHeun(), DT, trajectories=500, burn=2500, steps=2500, every=50, seed=6,
        measure=lambda x: x.mean(axis=1) ** 2,
    )  # fmt: skip
    assert abs(found - expected) < 4 * error
    assert error < 0.04 * expected
    # without couplings <M^2> is another by far
    assert abs(all_to_all_moment(n, 1e-9) - expected) > 8 * error
