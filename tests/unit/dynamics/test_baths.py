"""Units in baths of different temperature: both engines, what they leave as it was, and what they are refused for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov

import thermozoo as tz
from thermozoo.errors import ParameterError, ShapeError, TrainingError

A = np.array([[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]])
BATHS = np.array([0.5, 0.0, 1.5])
KT = 0.7


def law(integrator="euler-maruyama", *, baths=BATHS, potential=("quadratic", {"J2": 1.0}), **more):
    name, parameters = potential
    computer = tz.assemble({"unit": 3}, tz.get(name, **parameters), tz.get("dense"), temperature=KT, mobility=0.8)
    given = {"dt": 0.05} | more
    return tz.Dynamics(computer.with_couplings(A - np.diag(np.diag(A))), tz.get(integrator), baths=baths, **given)


def final(of, trajectories, steps, engine, seed=3):
    done = tz.simulate(of, np.full((trajectories, 3), 0.1), steps, seed=seed, engine=engine)
    return done.x.values[-1]


@pytest.mark.thinned(4)
@pytest.mark.parametrize(
    ("integrator", "precision", "trajectories", "bound"),
    [("stochastic-heun", "double", 20, 1e-13), ("baoab", "single", 1, 1e-5)],
)
def test_both_engines_know_baths(integrator, precision, trajectories, bound):
    """One trajectory by itself has its units side by side; of many, these lie side by side."""
    one = law(integrator, precision=precision)
    reference, compiled = (final(one, trajectories, 40, engine) for engine in ("reference", "compiled"))
    assert np.abs(reference - compiled).max() < bound


@pytest.mark.parametrize(
    ("engine", "integrator"),
    [
        ("reference", "baoab"),
        ("reference", "euler-maruyama"),
        pytest.param("compiled", "euler-maruyama", marks=pytest.mark.long),
    ],
)
def test_baths_of_one_temperature_are_that_temperature(engine, integrator):
    """Bit for bit: no number is another one."""
    same, none = law(integrator, baths=np.full(3, KT)), law(integrator, baths=None)
    assert np.array_equal(final(same, 20, 40, engine), final(none, 20, 40, engine))


def test_units_of_a_nonlinear_law_have_the_noise_of_their_bath():
    """One step from a state, without couplings' help: squares of 40,000 displacements, 4.5 standard errors of each."""
    one = law(potential=("quartic", {}), dt=1e-6)
    moved = final(one, 40_000, 1, "reference") - 0.1
    found, error = (moved**2).mean(axis=0), (moved**2).std(axis=0) / 200
    assert (np.abs(found - 2 * 0.8 * 1e-6 * BATHS) <= 4.5 * error + 1e-12).all()


@pytest.mark.parametrize("engine", ["reference", pytest.param("compiled", marks=pytest.mark.long)])
def test_the_stationary_covariance_solves_the_lyapunov_equation(engine):
    """Six entries, of 4,000 states: within 4.5 standard errors, and the time step's error of second order."""
    x = final(law("stochastic-heun"), 4_000, 200, engine)
    products = x[:, :, None] * x[:, None, :]
    found, error = products.mean(axis=0), products.std(axis=0) / np.sqrt(4_000)
    exact = solve_continuous_lyapunov(A, 2 * np.diag(BATHS))
    assert (np.abs(found - exact) < 4.5 * error + 0.004 * exact).all(), (found - exact) / error
    equilibrium = BATHS.mean() * np.linalg.inv(A)
    assert np.abs(found - equilibrium).max() > 10 * error.max()


def test_velocities_start_as_warm_as_their_bath():
    """Variances of 20,000, 4.5 standard errors; the cold one is at rest."""
    done = tz.simulate(law("baoab"), np.zeros((20_000, 3)), 0, seed=1, engine="reference")
    v = done.v.values[0]
    assert np.abs(v.var(axis=0) / np.where(BATHS > 0, BATHS, 1.0) - (BATHS > 0)).max() < 4.5 * np.sqrt(2 / 20_000)
    assert not v[:, 1].any()


def test_heat_flows_from_hot_to_cold_and_energy_stays():
    """The first law holds trajectory by trajectory: heat is what the energy lost, as no work is done."""
    one = law("stochastic-heun")
    done = tz.simulate(one, np.full((5, 3), 2.0), 50, seed=1, energies=True, engine="reference")
    total = done.energy.values.sum(axis=0)
    assert done.heat.values == pytest.approx(total[0] - total[-1])


@pytest.mark.long
def test_what_is_driven_keeps_its_baths():
    """A coupling that is driven by a factor of one is none that is driven."""
    steps = 30
    driven = law(steps=steps, schedule=tz.Schedule({"coupling": np.ones(steps + 1)}))
    for engine in ("reference", "compiled"):
        assert final(driven, 4, steps, engine) == pytest.approx(final(law(), 4, steps, engine), abs=1e-13)


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"baths": [1.0, 2.0]}, ShapeError, r"baths must have shape \(3,\), got \(2,\): one temperature for each unit"),
        ({"baths": [1.0, -2.0, 1.0]}, ParameterError, "baths must be temperatures of zero or more, got -2"),
        ({"baths": [1.0, np.nan, 1.0]}, ParameterError, "baths must be finite, got nan at 1"),
        (
            {"steps": 5, "schedule": tz.Schedule({"temperature": np.ones(6)})},
            ParameterError,
            "a schedule drives the temperature of all units, which have baths",
        ),
        (
            {"integrator": "heat-bath", "potential": ("spin", {}), "dt": 1.0},
            ParameterError,
            "baths are those of continuous units, and 'heat-bath' updates discrete ones",
        ),
    ],
)
def test_what_cannot_be_is_refused(more, error, said):
    with pytest.raises(error, match=said):
        law(**more)


def test_what_needs_an_equilibrium_refuses_baths():
    with pytest.raises(ParameterError, match="units in baths of their own have no equilibrium in common"):
        tz.equilibrium_states(law(), tz.NoiseKey(1), range(3))
    with pytest.raises(TrainingError, match="but units have baths of their own: leave baths out"):
        tz.train(law(steps=10), np.zeros((2, 1, 3)) + np.arange(3))
