"""Where steps leave one unit: closed forms of harmonic units, the first order in dt by quadrature for bent ones."""

from __future__ import annotations

import numpy as np
import pytest
from thermozoo_plugins.integrators import (
    Baoab,
    ColouredNoise,
    EulerMaruyama,
    HeatBath,
    LeimkuhlerMatthews,
    QuarterNoise,
    StochasticHeun,
)
from thermozoo_plugins.potentials import Cosine, DoubleWell, Quadratic, Quartic, Washboard

from thermozoo.computer.onsite import unit_energy
from thermozoo.dynamics.stationary import energy_bias, stationary
from thermozoo.errors import ParameterError

KT = 0.3

#: Stationary variance of a unit of stiffness k over kT / k, with z = mu k dt: linear algebra of x' = A x + B xi.
HARMONIC = {
    EulerMaruyama: lambda z: 1 / (1 - z / 2),
    LeimkuhlerMatthews: lambda z: 1 - z / 2,
    QuarterNoise: lambda z: (1 - z / 4) ** 2 / (1 - z / 2),
    StochasticHeun: lambda z: (1 - z / 2) / (1 - z / 2 + z**2 / 4),
}

#: Share of the noise that a step reads ahead.
AHEAD = {EulerMaruyama: 0.0, QuarterNoise: 0.25, LeimkuhlerMatthews: 0.5}


@pytest.mark.parametrize("force", [0.0, -1.3])
@pytest.mark.parametrize(("mobility", "dt"), [(1.0, 1e-3), (0.5, 0.08), (2.0, 0.2)])
@pytest.mark.parametrize("scheme", list(HARMONIC), ids=lambda scheme: scheme.name)
def test_a_harmonic_unit(scheme, mobility, dt, force):
    """A constant force moves the mean by f / k and changes nothing else; rounding of averages is 1e-10 of kT."""
    stiffness = 2.5
    unit = unit_energy(Quadratic(J2=stiffness / 2))
    found = stationary(scheme(), unit, kT=KT, mobility=mobility, dt=dt, force=force)
    mean = found.mean(found.x)
    ratio = HARMONIC[scheme](mobility * stiffness * dt)
    assert mean == pytest.approx(force / stiffness, abs=1e-9)
    assert found.mean((found.x - mean) ** 2) == pytest.approx(ratio * KT / stiffness, rel=1e-8)
    bias = energy_bias(scheme(), unit, kT=KT, mobility=mobility, dt=dt, force=force)
    assert bias == pytest.approx(KT / 2 * (ratio - 1), abs=1e-9 * KT)


@pytest.mark.parametrize("force", [0.0, 2.0])
@pytest.mark.parametrize("potential", [Quartic(), DoubleWell(J2=-0.4, J4=1.0)], ids=lambda one: one.name)
@pytest.mark.parametrize("scheme", list(AHEAD), ids=lambda scheme: scheme.name)
def test_the_first_order_of_a_bent_unit(scheme, potential, force):
    """To first order the density is p (1 + g) with g = mu dt [(a^2 - 2a + 1/2) F' + (1/2 - 2a) F^2 / 2 kT] + const.

    That is the integral of what `docs/explanation/langevin.md` derives. Richardson's extrapolation of dt and dt / 2
    leaves the second order, some thousandths of Euler-Maruyama's 0.05 to 0.4.
    """
    ahead, mobility, dt = AHEAD[scheme], 0.7, 1e-3
    unit = unit_energy(potential)
    biases = [energy_bias(scheme(), unit, kT=KT, mobility=mobility, dt=h, force=force) / h for h in (dt, dt / 2)]
    x = np.linspace(-3.0, 3.0, 4001)
    j2, j4 = potential.J2, potential.J4
    energy = j2 * x**2 + j4 * x**4 - force * x
    pull, bend = force - 2 * j2 * x - 4 * j4 * x**3, -2 * j2 - 12 * j4 * x**2
    weight = np.exp(-(energy - energy.min()) / KT)
    weight /= weight.sum()
    g = mobility * ((ahead**2 - 2 * ahead + 0.5) * bend + (0.5 - 2 * ahead) * pull**2 / (2 * KT))
    expected = weight @ (energy * g) - (weight @ energy) * (weight @ g)
    assert 2 * biases[1] - biases[0] == pytest.approx(expected, rel=3e-3, abs=5e-6)


def test_what_is_not_followed_is_refused():
    with pytest.raises(ParameterError, match="'baoab' has 1 and v"):
        stationary(Baoab(), unit_energy(Quartic()), kT=KT, mobility=1.0, dt=0.01)
    with pytest.raises(ParameterError, match="'coloured-noise' has 2 and y"):
        stationary(ColouredNoise(), unit_energy(Quartic()), kT=KT, mobility=1.0, dt=0.01)
    with pytest.raises(ParameterError, match="'heat-bath' has 0"):
        stationary(HeatBath(), unit_energy(Quartic()), kT=KT, mobility=1.0, dt=0.01)
    with pytest.raises(ParameterError):
        stationary(EulerMaruyama(), unit_energy(Washboard(f=0.3)), kT=KT, mobility=1.0, dt=0.01)
    with pytest.raises(ParameterError, match="lives on a circle"):
        energy_bias(EulerMaruyama(), unit_energy(Washboard(f=0.0)), kT=KT, mobility=1.0, dt=0.01)


def test_a_state_is_off_its_well_on_a_slope():
    """With a cosine beside the parabola, against 2e6 states of long runs: 4 standard errors, false-alarm rate 6e-5."""
    unit = unit_energy(Cosine())
    dt, steps, keep, units = 0.05, 1200, 200, 4000
    found = stationary(EulerMaruyama(), unit, kT=KT, mobility=1.0, dt=dt, force=0.5)
    random = np.random.default_rng(5)
    x, means = np.zeros(units), np.zeros(units)
    for k in range(steps):
        x = x + (0.5 - unit.gradient(x)) * dt + np.sqrt(2 * KT * dt) * random.standard_normal(units)
        if k >= keep:
            means += unit.energy(x) - 0.5 * x
    means /= steps - keep
    error = means.std(ddof=1) / np.sqrt(units)
    expected = found.mean(unit.energy(found.x) - 0.5 * found.x)
    assert abs(means.mean() - expected) < 4 * error
    bias = energy_bias(EulerMaruyama(), unit, kT=KT, mobility=1.0, dt=dt, force=0.5)
    assert abs(bias) > 8 * error  # fine enough to see what is tested
