"""The task `sample` against quadrature, and the error bars that it states."""

from __future__ import annotations

import math

import numpy as np
import pytest
from intervals import check_cover, few_and_many

import thermozoo as tz
from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.dynamics.engines import engine_named
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine
from thermozoo.runs.phase import Run

#: Two double wells on a slope, coupled: J2 x^2 + J4 x^4 + b x each, and J x y.
J2, J4, BIAS, COUPLING, KT = -1.0, 1.0, 0.15, -0.6, 0.5


def tables(seed, *, chains, duration, integrator="stochastic-heun", dt=0.005, **task):
    settings = {"plugin": "sample", "chains": chains, "coupling": COUPLING, "bias": BIAS} | task
    return {
        "seed": seed,
        "task": settings,
        "computer": {"temperature": KT, "units": {"pair": 2}, "potential": {"plugin": "double-well"}},
        "dynamics": {"integrator": integrator, "dt": dt, "duration": duration, "engine": "compiled"},
    }


def sampled(given):
    """The run after the work of the task, without a run folder."""
    config = parse(given, catalogue(), Origin("test"))
    run = Run(config, catalogue(), None, None, assemble_machine)
    run.machine, run.engine = assemble_machine(config), engine_named(config.dynamics.engine)
    for phase in config.task.phases(config):
        phase.run(run, lambda amount: None)
    return run


@pytest.fixture(scope="module")
def exact():
    """Means under exp(-V / kT), by the trapezoidal rule, which converges beyond all powers for such a function."""
    x, y = np.meshgrid(*[np.linspace(-4, 4, 801)] * 2, indexing="ij")
    onsite = [J2 * s**2 + J4 * s**4 + BIAS * s for s in (x, y)]
    energy = onsite[0] + onsite[1] + COUPLING * x * y
    weight = np.exp(-(energy - energy.min()) / KT)
    weight /= weight.sum()

    def mean(values):
        return float((weight * values).sum())

    m = mean(x)
    return {
        "mean": m,
        "variance": mean((x - m) ** 2),
        "covariance": mean((x - m) * (y - m)),
        "energy": mean(energy) / KT,
        "energy_std": math.sqrt(mean(energy**2) - mean(energy) ** 2) / KT,
        "density": weight.sum(axis=1) / (x[1, 0] - x[0, 0]),
        "x": x[:, 0],
    }


@pytest.fixture(scope="module")
def run():
    return sampled(tables(11, chains=64, duration=400.0))


def test_means_and_covariance_are_those_of_the_boltzmann_distribution(run, exact):
    """Nine figures within 4.5 standard errors, which 63 degrees of freedom exceed once in 3,700 runs of this test.

    The bias of the time step, of second order, is below a tenth of an error bar.
    """
    found = run.figures
    pairs = [(found.mean[k], found.mean_se[k], exact["mean"]) for k in (0, 1)]
    pairs += [(found.variance[k], found.variance_se[k], exact["variance"]) for k in (0, 1)]
    pairs.append((found.energy_kT, found.energy_se_kT, exact["energy"]))
    pairs.append((found.virial, found.virial_se, 1.0))
    samples = run.samples
    for row, column, name in ((0, 1, "covariance"), (0, 0, "variance"), (1, 1, "variance")):
        value, error = (float(samples[key][row, column]) for key in ("covariance", "covariance_se"))
        pairs.append((value, error, exact[name]))
    for value, error, expected in pairs:
        assert 0 < error < 0.02
        assert abs(value - expected) < 4.5 * error, (value, error, expected)
    assert found.energy_std_kT == pytest.approx(exact["energy_std"], rel=0.03)
    assert found.r_hat < 1.01
    assert run.warnings == []


def test_the_histogram_is_the_marginal_density(run, exact):
    """Bins of a unit within 5 standard errors; of 120 bins, one in 700 runs of this test lies beyond, by 63 degrees."""
    samples = run.samples
    for unit in (1, 2):
        middle, density, error = (samples[name].values[unit] for name in ("value", "density", "density_se"))
        width = middle[1] - middle[0]
        fine = np.linspace(-0.5, 0.5, 41)
        expected = np.array([np.interp(m + width * fine, exact["x"], exact["density"]).mean() for m in middle])
        seen = error > 0
        assert (np.abs(density - expected)[seen] < 5 * error[seen] + 2e-4).all()
        assert density.sum() * width == pytest.approx(1.0, rel=1e-12)


def test_the_effective_sample_size_is_that_of_the_spread_of_chains(run):
    """Two ways to the same figure: autocorrelation, and the variance of independent chain means.

    The latter has 63 degrees of freedom: it scatters by 18 %, and 5 of these are one in a million.
    """
    found = run.figures
    by_spread = (found.energy_std_kT / found.energy_se_kT) ** 2
    assert found.effective_samples_energy == pytest.approx(by_spread, rel=0.9)
    assert found.effective_samples_energy < 0.9 * found.chains * found.observations


def test_a_time_step_that_is_too_long_shows_in_the_virial():
    """Euler-Maruyama at curvature 10 and dt = 0.05: the variance of a harmonic unit is 1 / (1 - 10 dt / 2) times it."""
    given = tables(5, chains=32, duration=200.0, integrator="euler-maruyama", dt=0.05, coupling=0.0, bias=0.0)
    given["computer"]["potential"] = {"plugin": "quadratic", "J2": 5.0}
    run = sampled(given)
    found = run.figures
    assert abs(found.virial - 1 / (1 - 10 * 0.05 / 2)) < 4.5 * found.virial_se
    assert any("the virial is 1.3" in text for text in run.warnings)


def test_chains_that_do_not_mix_are_said_to_disagree():
    given = tables(5, chains=16, duration=20.0, coupling=0.0, bias=0.0)
    given["computer"] |= {"temperature": 0.03}
    run = sampled(given)
    assert run.figures.r_hat > 1.1
    assert any(text.startswith("chains do not agree") for text in run.warnings)


def test_spins_have_the_moments_of_an_enumeration():
    """Three p-bits in a ring with J = -0.4 at kT = 1, by heat bath: eight states."""
    settings = {"coupling": -0.4, "bias": 0.2, "observe_every": 1}
    given = tables(3, chains=64, duration=400.0, integrator="heat-bath", dt=1.0, **settings)
    given["computer"] |= {"temperature": 1.0, "units": {"ring": 3}, "potential": {"plugin": "spin"}}
    found = sampled(given).figures
    states = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], dtype=float)
    energy = -0.4 * (states[:, 0] * states[:, 1] + states[:, 1] * states[:, 2] + states[:, 0] * states[:, 2])
    energy += 0.2 * states.sum(axis=1)
    weight = np.exp(-energy)
    weight /= weight.sum()
    assert found.virial is None
    assert abs(found.energy_kT - weight @ energy) < 4.5 * found.energy_se_kT
    for k in range(3):
        assert abs(found.mean[k] - weight @ states[:, k]) < 4.5 * found.mean_se[k]


def test_strengths_and_biases_of_a_file_are_those_of_its_computer(tmp_path):
    pair = tz.assemble({"pair": 2}, tz.get("double-well"), tz.get("dense"), temperature=KT, trainable_biases=["pair"])
    tz.save_computer(pair.with_parameters([COUPLING, BIAS, BIAS]), tmp_path / "pair.nc")
    settings = {"chains": 4, "duration": 2.0}
    by_file = tables(7, coupling=0.0, bias=0.0, parameters=str(tmp_path / "pair.nc"), **settings)
    assert sampled(by_file).figures == sampled(tables(7, **settings)).figures


@few_and_many
def test_error_bars_cover_what_they_promise(exact, seeds):
    """95 % intervals of energy, mean and variance."""
    from scipy.stats import t

    chains = 16
    width = float(t.ppf(0.975, chains - 1))
    hits = np.zeros(3)
    for seed in range(seeds):
        found = sampled(tables(seed, chains=chains, duration=40.0, dt=0.01)).figures
        pairs = (
            (found.energy_kT, found.energy_se_kT, exact["energy"]),
            (found.mean[0], found.mean_se[0], exact["mean"]),
            (found.variance[1], found.variance_se[1], exact["variance"]),
        )
        hits += [abs(value - expected) < width * error for value, error, expected in pairs]
    check_cover(hits, seeds)


@pytest.mark.long
def test_heat_counts_kinetic_energy():
    """Heavy units feel friction in 1e5 time units, and go on for 100: no heat flows, though energy moves to and fro.

    Of two units, heat then has a standard deviation of about 2 kT (100 / 1e5)^(1/2) = 0.06 kT, a mean of 64 chains of
    0.008 kT, five of which are allowed; potential energy alone changes by some kT on each.
    """
    given = tables(1, chains=64, duration=100.0, integrator="baoab", dt=0.04, relaxation=1.0)
    given["dynamics"] |= {"engine": "reference", "mass": 1e5}
    found = sampled(given).figures
    assert abs(found.heat_mean_kT) < 0.04
    assert found.heat_se_kT < 0.02
