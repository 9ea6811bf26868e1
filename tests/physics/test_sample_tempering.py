"""The task `sample` by tempering: coldest rungs against quadrature and enumeration, exchanges against closed forms."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from intervals import check_cover, few_and_many
from scipy.special import betainc
from test_sample import sampled

from thermozoo.config.faults import Origin
from thermozoo.config.parse import parse
from thermozoo.errors import ConfigError
from thermozoo.registry.catalogue import catalogue
from thermozoo.runs.assemble import assemble_machine

#: Three double wells, 10 kT deep, on a slope that favors one side, coupled: J2 x^2 + x^4 + b x each, and J x y.
J2, BIAS, COUPLING, KT = -2.0, 0.05, -0.05, 0.1
LADDER = [0.1, 0.2, 0.4, 0.8, 1.6]


def tables(seed=1, *, duration=60.0, dt=0.005, computer=None, dynamics=None, **task):
    settings = {"plugin": "sample", "chains": 64, "coupling": COUPLING, "bias": BIAS, "relaxation": 0.5}
    tempering = {"method": "tempering", "temperatures": LADDER}
    wells = {"temperature": KT, "units": {"trio": 3}, "potential": {"plugin": "double-well", "J2": J2, "J4": 1.0}}
    steps = {"integrator": "stochastic-heun", "dt": dt, "duration": duration, "engine": "compiled"}
    return {
        "seed": seed,
        "task": settings | tempering | task,
        "computer": wells | (computer or {}),
        "dynamics": steps | (dynamics or {}),
    }


@pytest.fixture(scope="module")
def grid():
    """States of the first unit, and energies, on a grid by the trapezoidal rule; sorted by the energy."""
    axis = np.linspace(-2.4, 2.4, 121)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    energy = sum(J2 * s**2 + s**4 + BIAS * s for s in (x, y, z)) + COUPLING * (x * y + y * z + x * z)
    order = np.argsort(energy, axis=None)
    return {"x": x.ravel()[order], "y": y.ravel()[order], "energy": energy.ravel()[order]}


def weights(grid, kT):
    found = np.exp(-(grid["energy"] - grid["energy"][0]) / kT)
    return found / found.sum()


@pytest.fixture(scope="module")
def exact(grid):
    p = weights(grid, KT)
    x, y, energy = grid["x"], grid["y"], grid["energy"] / KT
    m = p @ x
    return {
        "mean": m,
        "variance": p @ (x - m) ** 2,
        "covariance": p @ ((x - m) * (y - m)),
        "energy": p @ energy,
        "energy_std": math.sqrt(p @ energy**2 - (p @ energy) ** 2),
        "below": p @ (x < 0),
    }


@pytest.fixture(scope="module")
def run():
    return sampled(tables())


def below(run, shown):
    """Share of the observations of a shown unit that lie below zero, by its histogram: a barrier is there."""
    value, density = (run.samples[name].values[1 + shown] for name in ("value", "density"))
    return float(density[value < 0].sum() * (value[1] - value[0]))


def test_the_coldest_rung_has_the_boltzmann_distribution_of_the_computer(run, exact):
    """Twelve figures within 4.5 standard errors, which 63 degrees of freedom exceed once in 2,800 runs of this test."""
    found, samples = run.figures, run.samples
    pairs = [(found.energy_kT, found.energy_se_kT, exact["energy"]), (found.virial, found.virial_se, 1.0)]
    pairs += [(found.mean[k], found.mean_se[k], exact["mean"]) for k in range(3)]
    pairs += [(found.variance[k], found.variance_se[k], exact["variance"]) for k in range(3)]
    for row, column in ((0, 1), (0, 2), (1, 2)):
        value, error = (float(samples[key][row, column]) for key in ("covariance", "covariance_se"))
        pairs.append((value, error, exact["covariance"]))
    # a unit is at about 1 or -1, so that the error of a share is half of that of the mean
    pairs.append((below(run, 0), found.mean_se[0] / 2, exact["below"]))
    for value, error, expected in pairs:
        assert 0 < error < 0.06
        assert abs(value - expected) < 4.5 * error, (value, error, expected)
    assert found.energy_std_kT == pytest.approx(exact["energy_std"], rel=0.05)
    assert found.r_hat < 1.05
    assert found.round_trips > 10


def test_chains_without_rungs_stay_where_they_began(run, exact):
    """They begin on either side alike; barriers of 10 kT, 8.5 at least, are crossed at a rate of 2e-4 or less.

    That is by Kramers' formula, and of 192 units in a time of 4 about 0.1 cross: each unit's share below zero is that
    of 64 tosses of a coin, 0.06 of standard error, six of which are allowed, and nothing like what is right.
    """
    found = sampled(tables(method="sample", temperatures=[], duration=4.0))
    assert exact["below"] > 0.87
    for k in range(3):
        assert abs(below(found, k) - 0.5) < 6 / 16
        assert abs(found.figures.mean[k] - exact["mean"]) > 4.5 * found.figures.mean_se[k]
        assert abs(below(run, k) - exact["below"]) < 0.04
    assert any(text.startswith("chains do not agree") for text in found.warnings)


def test_exchanges_are_accepted_as_often_as_quadrature_says(run, grid):
    """P = 2 P(E > E'), with E at the colder rung and E' at the hotter.

    These exchanges are always accepted, and in equilibrium as many go the other way. A ladder tries 600 times for each
    pair, and forgets its energies in a time of about 2, which is 10 tries: four standard errors of 30 independent ones
    for each of 64 ladders (false alarms once in 15,000 for each of four pairs).
    """
    for k, (cold, hot) in enumerate(itertools.pairwise(LADDER)):
        p, q = weights(grid, cold), weights(grid, hot)
        chance = 2 * float(p @ (np.cumsum(q) - q / 2))
        error = math.sqrt(chance * (1 - chance) / (64 * 30))
        assert abs(run.figures.acceptance[k] - chance) < 4 * error, (k, chance)


def test_exchanges_of_harmonic_units_have_the_acceptance_of_gamma_distributions():
    """Energies of n harmonic units over kT have the gamma distribution of shape n / 2, of any stiffness.

    So P = 2 I(1 / (1 + r); n / 2, n / 2) of two rungs whose temperatures have the ratio r, with I the regularized
    incomplete beta function. Energies are forgotten as exp(-20 t), and a pair tries in every time of 0.5. So tries
    are independent, 64 * 50 of a pair, and 4.5 standard errors are exceeded once in 150,000; the energy is off by 1e-3
    or less at this time step.
    """
    kT = [1.0, 1.5, 2.25, 4.5]
    given = tables(
        duration=25.0,
        dt=0.01,
        computer={"temperature": 1.0, "units": {"springs": 6}, "potential": {"plugin": "quadratic", "J2": 5.0}},
        dynamics={"integrator": "quarter-noise", "engine": "reference"},
        temperatures=kT,
        exchange_every=25,
        observe_every=25,
        coupling=0.0,
        bias=0.0,
        relaxation=0.04,
    )
    found = sampled(given).figures
    for k, (cold, hot) in enumerate(itertools.pairwise(kT)):
        expected = 2 * betainc(3, 3, 1 / (1 + hot / cold))
        assert abs(found.acceptance[k] - expected) < 4.5 * math.sqrt(expected * (1 - expected) / 3200)
    assert abs(found.energy_kT - 3) < 4.5 * found.energy_se_kT
    assert abs(found.virial - 1) < 4.5 * found.virial_se
    assert (found.heat_mean_kT, found.heat_se_kT) == (None, None)


def test_spins_have_the_moments_of_an_enumeration():
    """Four p-bits of one magnet, whose one flip costs 18 kT, in a field: 16 states; alone they would never turn over.

    Five figures within 4.5 standard errors of 64 ladders: false alarms once in 6,000.
    """
    given = tables(
        duration=400.0,
        dt=1.0,
        computer={"temperature": 0.5, "units": {"magnet": 4}, "potential": {"plugin": "spin"}},
        dynamics={"integrator": "heat-bath", "engine": "reference"},
        temperatures=[0.5, 1.0, 2.0, 4.0, 8.0],
        exchange_every=2,
        observe_every=2,
        coupling=-1.5,
        bias=0.05,
    )
    found = sampled(given).figures
    states = np.array(list(itertools.product((-1.0, 1.0), repeat=4)))
    energy = -1.5 * (states.sum(axis=1) ** 2 - 4) / 2 + 0.05 * states.sum(axis=1)
    p = np.exp(-(energy - energy.min()) / 0.5)
    p /= p.sum()
    assert -0.9 < p @ states[:, 0] < -0.3
    assert abs(found.energy_kT - p @ energy / 0.5) < 4.5 * found.energy_se_kT
    for k in range(4):
        assert 0 < found.mean_se[k] < 0.05
        assert abs(found.mean[k] - p @ states[:, k]) < 4.5 * found.mean_se[k]
    assert found.virial is None


def test_histograms_reach_a_well_that_is_rarely_visited():
    """Of four ladders, none of which ends its relaxation there."""
    given = tables(chains=4, duration=20.0, bias=0.15, units=[0])
    run = sampled(given)
    ends = run.outcome["rungs"][:, 0, 0]
    assert (ends < 0).all()
    value = run.samples["value"].values[1]
    assert value[-1] > 1.0
    assert 0 < below(run, 0) < 1


def test_ladders_whose_replicas_do_not_travel_are_doubted():
    run = sampled(tables(temperatures=[0.1, 4.0], duration=2.0, dt=0.002))
    assert run.figures.acceptance[0] < 0.1
    assert any(text.startswith("replicas hardly travel: ") for text in run.warnings)


@few_and_many
def test_error_bars_cover_what_they_promise(exact, seeds):
    """95 % intervals of energy, mean and variance, of 16 ladders."""
    from scipy.stats import t

    width = float(t.ppf(0.975, 15))
    hits = np.zeros(3)
    for seed in range(seeds):
        found = sampled(tables(seed, chains=16, duration=60.0, dt=0.01)).figures
        pairs = (
            (found.energy_kT, found.energy_se_kT, exact["energy"]),
            (found.mean[0], found.mean_se[0], exact["mean"]),
            (found.variance[1], found.variance_se[1], exact["variance"]),
        )
        hits += [abs(value - expected) < width * error for value, error, expected in pairs]
    check_cover(hits, seeds)


ASYMMETRY = {"hardware": {"imperfections": {"two-ways": {"plugin": "asymmetry"}}}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"task": {"method": "temper"}}, "task.method: method must be 'sample' or 'tempering', got 'temper'"),
        ({"task": {"temperatures": []}}, "task.temperatures: tempering needs those of its rungs"),
        ({"task": {"temperatures": [0.1]}}, "task.temperatures: temperatures must be 2 to 1,000 of rungs"),
        (
            {"task": {"temperatures": [0.2, 0.4]}},
            "task.temperatures: expected the temperature of the computer first, 0.1, since the coldest rung is what is",
        ),
        ({"task": {"method": "sample"}}, 'task.temperatures: nothing uses temperatures but method = "tempering"'),
        (
            {"task": {"method": "sample", "temperatures": [], "exchange_every": 3}},
            "task.exchange_every: nothing uses exchange_every but method",
        ),
        (
            {"task": {"exchange_every": 7}},
            "task.observe_every: expected a multiple of task.exchange_every, 7, since rungs are looked at before an",
        ),
        (
            {"task": {"exchange_every": 20_000, "observe_every": 20_000}},
            "task.exchange_every: expected at most the 12,000 time steps of a chain (duration / dt), got 20,000",
        ),
        ({"dynamics": {"integrator": "baoab"}}, "dynamics.integrator: tempering exchanges states, and 'baoab'"),
        (
            {"task": {"temperatures": [0.1, 500.0]}},
            "dynamics.dt: at the highest temperature of the task 'sample', 500: dt = 0.005 is above the stability",
        ),
        (
            {"computer": {"potential": {"plugin": "washboard"}}},
            "computer.potential: ladders begin with uncoupled units in equilibrium: Washboard drives a unit",
        ),
        (ASYMMETRY, "task.method: rungs exchange states by their energies, and couplings of which 'asymmetry'"),
        (
            {
                "hardware": {"imperfections": {"bath": {"plugin": "coloured-bath"}}},
                "dynamics": {"integrator": "euler-maruyama"},
            },
            "hardware.imperfections: tempering exchanges states, and 'coloured-noise' advances y",
        ),
        ({"schedule": {"temperature": {"protocol": "ramp"}}}, "schedule: [schedule] belongs to the tasks"),
    ],
)
def test_what_cannot_be_tempered_is_said_before_the_run(given, said):
    one = tables()
    with pytest.raises(ConfigError) as caught:
        assemble_machine(parse({**one, **{k: one.get(k, {}) | v for k, v in given.items()}}, catalogue(), Origin("x")))
    assert any(line.startswith(f"x: {said}") for line in caught.value.faults), caught.value.faults
